"""The processes of one machine, put together: Azurite, the simulated platform, the host with the app."""
