"""Triggers only: decode, one call, encode."""
