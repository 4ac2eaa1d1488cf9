"""The command line of iTwin Job Watch.  It speaks the HTTP API and nothing else."""
