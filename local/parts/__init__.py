"""The processes on one machine: Azurite, the simulated platform, and the host with the app."""
