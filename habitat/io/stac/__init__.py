"""Scenes of a STAC API or static catalogue, read over HTTP."""
