"""HTTP clients: for the iTwin Platform, and for callback receivers."""
