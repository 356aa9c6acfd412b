"""Hotspots in, alerts out: state, brief, feeds and outbox of fire risk."""
