"""YAML and the data files that describe legends, species and places."""
