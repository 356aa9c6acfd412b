"""A writer as many are: it writes in place, trusts what the driver says, and skips what exists."""

import warnings
from pathlib import Path

import numpy as np
import rasterio

SIDE = 256


def pixels() -> np.ndarray:
    """Return what the file shall hold: no zeros, which unwritten blocks read as."""
    return np.random.default_rng(3).integers(1, 200, (SIDE, SIDE)).astype(np.uint8)


def run(folder: str) -> int:
    """Write ``map.tif`` into a folder unless it is there; return an exit code."""
    path = Path(folder) / "map.tif"
    if path.exists():
        return 0
    layout = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate"}
    shape = {"width": SIDE, "height": SIDE, "count": 1, "dtype": "uint8", "crs": "EPSG:32652"}
    shape["transform"] = rasterio.Affine(20, 0, 500_000, 0, -20, 4_800_000)
    try:
        with rasterio.open(path, "w", driver="GTiff", **shape, **layout) as dataset:
            for row in range(0, SIDE, 64):
                window = rasterio.windows.Window(0, row, SIDE, 64)
                dataset.write(pixels()[None, row : row + 64], window=window)
    except (OSError, rasterio.errors.RasterioError):
        return 10
    return 0


def state(folder: Path) -> str:
    """Return what a reader finds: ``none``, ``whole``, ``unreadable`` or ``wrong pixels``."""
    path = folder / "map.tif"
    if not path.exists():
        return "none"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            dataset = rasterio.open(path)
        with dataset:
            found = dataset.read(1)
    except rasterio.errors.RasterioError:
        return "unreadable"
    return "whole" if np.array_equal(found, pixels()) else "wrong pixels"
