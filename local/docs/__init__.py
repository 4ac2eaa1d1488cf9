"""Generates parts of the docs from the code and from runs."""
