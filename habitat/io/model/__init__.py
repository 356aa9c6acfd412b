"""Trained models as JSON that cannot run code."""
