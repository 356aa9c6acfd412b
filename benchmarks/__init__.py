"""How fast habitat is, against what: runs of their own, never imported by the package."""
