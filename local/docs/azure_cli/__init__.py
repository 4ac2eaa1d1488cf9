"""The commands of `az` that pages and scripts tell people to run, parsed by the real azure-cli."""
