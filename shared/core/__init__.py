"""What a watch is and what becomes of it: no I/O, no clock, no randomness."""
