"""``python3 -m local serve``: keeps the app running on this machine, beside the simulated platform or the real one."""
