"""``python3 -m local bench``: what a turn costs, how near that is to the least it could cost, and how late turns come.

The real host, Azurite and the simulated platform, one process each, on this machine.  Absolute times say as much of the
machine as of the app: compare figures of one run.
"""
