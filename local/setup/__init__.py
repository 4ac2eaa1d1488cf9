"""What must be there before the rest can run: an environment, Node, the deployed package."""
