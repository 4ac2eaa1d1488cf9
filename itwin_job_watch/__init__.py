"""The command line of iTwin Job Watch.  It uses only the HTTP API."""
