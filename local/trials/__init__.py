"""Trials of the whole app: a scenario, a server to try by hand, and chaos."""
