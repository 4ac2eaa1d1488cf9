"""The HTTP API as data: what may be sent, what is shown, what can go wrong."""
