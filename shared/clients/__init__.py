"""What the app calls over HTTP: the iTwin Platform, and receivers of callbacks."""
