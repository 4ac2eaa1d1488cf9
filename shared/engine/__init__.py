"""Moves watches through ports: start, turn, stop, tend, call back, list, limit."""
