"""What the functions share: how they are registered, bounded and answered."""
