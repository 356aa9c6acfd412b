"""Scenes of Sentinel Hub: catalogue, requests, purchase and units spent."""
