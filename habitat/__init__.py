"""Satellite habitat-change analyzer for the Sino-Russian tiger and leopard zone."""

__version__ = "0.1.0"
