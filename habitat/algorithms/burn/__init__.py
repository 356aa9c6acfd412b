"""Burn scars: evidence per look, objects across tiles, and what is known of each pixel."""
