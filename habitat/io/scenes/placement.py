"""Where the pixels of a window of the grid lie in a file."""

from functools import lru_cache

import numpy as np
from pyproj import Transformer
from pyproj.exceptions import ProjError

from habitat.domain.errors import SceneError
from habitat.domain.grid import Bounds, Grid, Window
from habitat.domain.resample import Copy, Interpolate, Mean, Placement, Rect
from habitat.io.scenes.scene_raster import RasterHeader

#: Edges count as in line when no pixel of the file is further off than this [px].
ALIGNED_PX = 1e-3
#: Map projections are computed at every 32nd pixel of the grid and interpolated: between
#: two UTM zones that is within 5 mm on a 20 m grid, and the same for every window.
LATTICE_PX = 32
#: A file whose pixels are finer than the grid's by more than this (per side) is refused.
MAX_FACTOR = 10
_DENSIFY = 21


@lru_cache(maxsize=32)
def transformer(from_epsg: int, to_epsg: int) -> Transformer:
    """Return the transformation between two CRS, x before y."""
    return Transformer.from_crs(f"EPSG:{from_epsg}", f"EPSG:{to_epsg}", always_xy=True)


def reproject_bounds(bounds: Bounds, from_epsg: int, to_epsg: int) -> Bounds:
    """Return the bounds in another CRS that hold all edges, not just the corners.

    Raises
    ------
    SceneError
        If the other CRS is not defined there.
    """
    if from_epsg == to_epsg:
        return bounds
    try:
        moved = transformer(from_epsg, to_epsg).transform_bounds(*bounds, densify_pts=_DENSIFY)
    except ProjError:
        moved = (np.inf,) * 4
    if not np.isfinite(moved).all():
        raise SceneError(
            f"bounds {bounds} in EPSG:{from_epsg}: expected a place where EPSG:{to_epsg} is "
            "defined, got another; the CRS or the transform is wrong"
        )
    x_min, y_min, x_max, y_max = moved
    return x_min, y_min, x_max, y_max


def place(header: RasterHeader, grid: Grid, window: Window) -> Placement:
    """Return how a window of the grid is filled from a file.

    A file whose pixels are in line with the grid is copied (equal or coarser by a whole factor) or
    averaged (finer by a whole factor); any other is interpolated. A file is never shifted onto the
    grid.

    Raises
    ------
    SceneError
        If the pixels are too fine, or the window cannot be projected into the file's CRS.
    """
    if header.epsg == grid.epsg:
        if (copy := _copy(header, grid, window)) is not None:
            return copy
        if (mean := _mean(header, grid, window)) is not None:
            return mean
    return interpolated(header, grid, window)


def interpolated(header: RasterHeader, grid: Grid, window: Window) -> Interpolate:
    """Return how a window of the grid is interpolated from a file, in line with it or not.

    Raises
    ------
    SceneError
        As :func:`place`.
    """
    placement = Interpolate.at(*_positions(header, grid, window))
    rect = placement.rect
    if rect.height * rect.width > MAX_FACTOR**2 * (window.height + 2) * (window.width + 2):
        raise SceneError(
            f"pixels: expected at most {MAX_FACTOR} times finer than {grid.pixel_m} m, got "
            f"{header.dx:g} x {header.dy:g} in EPSG:{header.epsg}; average the file first"
        )
    return placement


def _whole(value: float) -> int | None:
    """Return a number that is whole within the tolerance, or None."""
    return round(value) if abs(value - round(value)) < ALIGNED_PX else None


def _drift_px(header: RasterHeader, size: float) -> float:
    """Return how far the last pixel is off [px] if all had a size."""
    return max(
        abs(header.dx / size - 1.0) * header.width, abs(header.dy / size - 1.0) * header.height
    )


def _copy(header: RasterHeader, grid: Grid, window: Window) -> Copy | None:
    factor = max(round(header.dx / grid.pixel_m), 1)
    col0, row0 = _whole(header.x0 / grid.pixel_m), _whole(-header.y0 / grid.pixel_m)
    if col0 is None or row0 is None or _drift_px(header, factor * grid.pixel_m) > ALIGNED_PX:
        return None
    rows = np.arange(window.row, window.row + window.height)
    cols = np.arange(window.col, window.col + window.width)
    return Copy((rows - row0) // factor, (cols - col0) // factor)


def _mean(header: RasterHeader, grid: Grid, window: Window) -> Mean | None:
    factor = round(grid.pixel_m / header.dx)
    if not 1 < factor <= MAX_FACTOR or grid.pixel_m % factor:
        return None
    size = grid.pixel_m / factor
    col0, row0 = _whole(header.x0 / size), _whole(-header.y0 / size)
    if col0 is None or row0 is None or _drift_px(header, size) > ALIGNED_PX:
        return None
    rect = Rect(
        window.row * factor - row0,
        window.col * factor - col0,
        window.height * factor,
        window.width * factor,
    )
    return Mean(rect, factor)


def _positions(header: RasterHeader, grid: Grid, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the file for each pixel centre, float64 ``(y, x)``."""
    rows, down = _lattice(window.row, window.height)
    cols, right = _lattice(window.col, window.width)
    x, y = np.meshgrid(cols * float(grid.pixel_m), -rows * float(grid.pixel_m))
    if header.epsg != grid.epsg:
        x, y = transformer(grid.epsg, header.epsg).transform(x, y)
    row = _between((header.y0 - y) / header.dy - 0.5, down, right)
    col = _between((x - header.x0) / header.dx - 0.5, down, right)
    if not (np.isfinite(row).all() and np.isfinite(col).all()):
        raise SceneError(
            f"EPSG:{header.epsg}: expected a CRS that covers the window {grid.bounds(window)} of "
            f"EPSG:{grid.epsg}, got one that does not; check the CRS of the file"
        )
    return row, col


def _lattice(start: int, size: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return the lattice lines around a run of pixels, and for each pixel its line and the way on.

    Lines lie at multiples of the step of the whole grid, so a pixel has the same two lines
    whatever the window.
    """
    first, last = start // LATTICE_PX, -(-(start + size) // LATTICE_PX)
    pixels = np.arange(start, start + size)
    line = pixels // LATTICE_PX
    way = (pixels - line * LATTICE_PX + 0.5) / LATTICE_PX
    return np.arange(first, last + 1) * LATTICE_PX, (line - first, way)


def _between(
    nodes: np.ndarray, down: tuple[np.ndarray, np.ndarray], right: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Return values between the nodes of a lattice, bilinear."""
    line, way = down
    bands = nodes[line] * (1.0 - way)[:, None] + nodes[line + 1] * way[:, None]
    line, way = right
    values: np.ndarray = bands[:, line] * (1.0 - way) + bands[:, line + 1] * way
    return values
