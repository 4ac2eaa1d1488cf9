"""One file per deployed function: decode, one call, encode.  Shared code is in `support`."""
