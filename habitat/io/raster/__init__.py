"""GeoTIFF and the pixels in it: opening, reading back, writing as COG."""
