"""One module of glue per family of steps; which function plans which step."""
