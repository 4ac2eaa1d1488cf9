"""The app tried as a whole: a scenario, a lasting run, and chaos, each with its verdict."""
