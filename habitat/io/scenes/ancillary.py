"""GeoTIFFs of whole numbers that are no scenes, such as the tiles of a global map, on the grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.io.scenes.placement import place
from habitat.io.scenes.scene_raster import open_scene_raster, read_header, read_rect


@dataclass(frozen=True, slots=True)
class Values:
    """What a file holds: uint8, whole numbers from ``lowest`` to ``highest``; others are missing.

    Attributes
    ----------
    lowest, highest : int
        Smallest and largest value that counts.
    missing : int
        Written where no file has such a value.
    """

    lowest: int
    highest: int
    missing: int


def raster_files(path: Path) -> list[Path]:
    """Return a file, or the GeoTIFFs of a folder, sorted by name."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix.lower() in (".tif", ".tiff"))


def check_values_file(path: Path) -> None:
    """Refuse a file that cannot hold values.

    Raises
    ------
    InputError
        If it is no GeoTIFF with a CRS, or its first band is not uint8.
    """
    with open_scene_raster(path) as dataset:
        found = read_header(dataset, path).dtypes[0]
    if found != "uint8":
        raise InputError(
            f"{path}: expected a band of uint8, got {found}; use the file as published"
        )


def read_values(paths: Sequence[Path], values: Values, *, grid: Grid, window: Window) -> np.ndarray:
    """Return the values of the first bands on a window, nearest pixel; the first file that has one.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``; ``values.missing`` where no file reaches or has a value. It does not
        depend on the window.

    Raises
    ------
    InputError
        If a file is refused.
    """
    out = np.full(window.shape, values.missing, dtype=np.uint8)
    for path in paths:
        with open_scene_raster(path) as dataset:
            header = read_header(dataset, path)
            placement = place(header, grid, window)
            stored = read_rect(dataset, 1, placement.rect, values.missing)
        valid = (stored >= values.lowest) & (stored <= values.highest)
        if header.nodata is not None:
            valid &= stored != header.nodata
        found = placement.codes(np.where(valid, stored, values.missing).astype(np.uint8))
        np.copyto(out, found, where=out == values.missing)
    return out
