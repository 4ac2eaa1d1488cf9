"""Adds an API: `python3 -m local api new` writes its files, `python3 -m local api missing` says what they lack."""
