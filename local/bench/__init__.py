"""``python3 -m local bench``: what a turn costs, how near that is to the least it could cost, and how late turns come.

The embedded host with the real app, Azurite and the simulated platform, one process each, on this machine.  Absolute
times say as much of the machine as of the app: compare figures of one run.
"""
