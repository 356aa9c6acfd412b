"""Scenes in a folder: their items, files, placement and pixels."""
