"""The HTTP API as data: requests, documents and problems."""
