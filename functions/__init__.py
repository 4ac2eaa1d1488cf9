"""One file for each function: decode, one call, encode.  What they share is in `support`."""
