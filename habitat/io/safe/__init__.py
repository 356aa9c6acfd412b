"""SAFE products and JPEG 2000, converted once to COGs."""
