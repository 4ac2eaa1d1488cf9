"""``python3 -m local bench``: measures the cost of a turn, its lower bound, and how late turns are.

The embedded host with the real app, Azurite and the simulated platform run on this machine, one process each.  Absolute
times depend on the machine: compare figures only within a run.
"""
