"""Prerequisites of everything else: an environment, Node, the deployed package."""
