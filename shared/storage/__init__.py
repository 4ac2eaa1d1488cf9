"""The engine's ports on Azure tables and queues."""
