"""Points, lines and polygons in files: AOI, boundaries, reference, presence."""
