"""What the functions are made of: a pure core, the remote APIs as data, and one adapter for each port."""
