"""Shared by the functions: registration, timeouts and responses."""
