"""Compiled inner loops, each with a plain NumPy twin."""
