"""What is drawn and written for the docs from the code and from runs."""
