"""Tools for a laptop: ``python3 -m local run | serve | simulator | test``.  Never deployed."""
