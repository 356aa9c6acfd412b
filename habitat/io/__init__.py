"""The edges: the only code that opens files, sends requests or reads the environment."""
