"""Heights of one or more digital elevation models on the grid."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.domain.resample import Interpolate
from habitat.io.durable import sha256_file
from habitat.io.file_cache import FileId, file_id
from habitat.io.scenes.placement import interpolated, reproject_bounds
from habitat.io.scenes.scene_raster import RasterHeader, open_scene_raster, read_header, read_rect

_DTYPES = ("int16", "int32", "float32", "float64")
#: The lowest land and the highest; what lies outside is no height in metres.
_LOWEST_M, _HIGHEST_M = -500.0, 9_000.0
#: A height is known where its four neighbours are, up to rounding of the weights.
_WHOLE = 1 - 1e-6


def elevation_header(path: Path) -> RasterHeader:
    """Return where the pixels of a model lie.

    Raises
    ------
    SceneError
        If it is no GeoTIFF, too large, or has no CRS or transform.
    InputError
        If it has not one band of heights.
    """
    with open_scene_raster(path) as dataset:
        header = read_header(dataset, path)
    if len(header.dtypes) != 1 or header.dtypes[0] not in _DTYPES:
        raise InputError(
            f"{path}: expected one band of heights in metres ({', '.join(_DTYPES)}), got "
            f"{len(header.dtypes)} of {header.dtypes[0]}; name the elevation model itself"
        )
    return header


def read_elevation(files: Sequence[tuple[Path, str]], grid: Grid, window: Window) -> np.ndarray:
    """Return heights, bilinear between the four nearest pixels of the models.

    A pixel at the edge of a model takes the neighbours that lie in the next one, so files of one
    lattice meet without a seam; where models overlap, their mean is taken.

    Parameters
    ----------
    files : sequence of (Path, str)
        Each with its SHA-256, hex.
    grid, window : Grid, Window
        What to return.

    Returns
    -------
    numpy.ndarray
        float32 ``(y, x)`` [m]; NaN where one of the neighbours is not known. It does not depend on
        the window.

    Raises
    ------
    InputError
        If a file is refused or is another one than was planned with.
    """
    total, weights = np.zeros(window.shape), np.zeros(window.shape)
    for path, sha256 in files:
        header = elevation_header(path)
        if _reaches(header, grid, window):
            _require_same(path, sha256)
            placement = interpolated(header, grid, window)
            values, weight = placement.weighted(_heights(path, header, placement))
            total += values
            weights += weight
    known = weights >= _WHOLE
    heights = np.full(window.shape, np.nan, np.float32)
    heights[known] = total[known] / weights[known]
    return heights


def _reaches(header: RasterHeader, grid: Grid, window: Window) -> bool:
    x0, y0, x1, y1 = reproject_bounds(grid.bounds(window.pad(1)), grid.epsg, header.epsg)
    left, bottom, right, top = header.bounds
    return x0 < right and x1 > left and y0 < top and y1 > bottom


def _heights(path: Path, header: RasterHeader, placement: Interpolate) -> np.ndarray:
    """Return the model's own pixels, float64, NaN where there are none."""
    outside = _LOWEST_M - 1
    version = file_id(path)
    with open_scene_raster(path) as dataset:
        stored = read_rect(dataset, 1, placement.rect, outside, version)
    heights = stored.astype(np.float64)
    heights[stored == outside] = np.nan
    if header.nodata is not None:
        heights[stored == header.nodata] = np.nan
    known = heights[np.isfinite(heights)]
    if known.size and not _LOWEST_M <= known.min() <= known.max() <= _HIGHEST_M:
        raise InputError(
            f"{path}: expected heights from {_LOWEST_M:g} to {_HIGHEST_M:g} m, got "
            f"{known.min():g} to {known.max():g}; declare nodata, or convert to metres"
        )
    heights[~np.isfinite(heights)] = np.nan
    return heights


def _require_same(path: Path, sha256: str) -> None:
    found = _digest(path, file_id(path))
    if found != sha256:
        raise InputError(
            f"{path}: expected the file of SHA-256 {sha256[:12]}… that the run was planned with, "
            f"got {found[:12]}…; run again"
        )


@lru_cache(maxsize=256)
def _digest(path: Path, _version: FileId) -> str:
    return sha256_file(path)
