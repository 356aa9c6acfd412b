"""One module of glue per family of steps."""
