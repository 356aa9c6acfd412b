"""The one fixed grid of a project: pixels, windows and tiles.

The origin is (0, 0) of the projected CRS, so a pixel, a tile and a cell have the same index
in every run and year. Columns grow eastward, rows grow **southward**: pixel ``(col, row)``
covers ``x in [col*p, (col+1)*p)`` and ``y in (-(row+1)*p, -row*p]``; north of the equator rows
are negative.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from habitat.domain.errors import ConfigError, GridMismatchError

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A rectangle of the grid, in pixel indices.

    Attributes
    ----------
    row, col : int
        Index of the upper left pixel.
    height, width : int
        Size [px].
    """

    row: int
    col: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)``."""
        return self.height, self.width

    def pad(self, halo_px: int) -> "Window":
        """Return the window grown by ``halo_px`` on each side."""
        return Window(
            self.row - halo_px,
            self.col - halo_px,
            self.height + 2 * halo_px,
            self.width + 2 * halo_px,
        )

    def intersect(self, other: "Window") -> "Window | None":
        """Return the common part, or None."""
        row, col = max(self.row, other.row), max(self.col, other.col)
        bottom = min(self.row + self.height, other.row + other.height)
        right = min(self.col + self.width, other.col + other.width)
        if bottom <= row or right <= col:
            return None
        return Window(row, col, bottom - row, right - col)

    def union(self, other: "Window") -> "Window":
        """Return the smallest window that holds both."""
        row, col = min(self.row, other.row), min(self.col, other.col)
        bottom = max(self.row + self.height, other.row + other.height)
        right = max(self.col + self.width, other.col + other.width)
        return Window(row, col, bottom - row, right - col)

    def slices_in(self, outer: "Window") -> tuple[slice, slice]:
        """Return the ``(y, x)`` slices of this window in an array that covers ``outer``."""
        row, col = self.row - outer.row, self.col - outer.col
        if row < 0 or col < 0 or row + self.height > outer.height or col + self.width > outer.width:
            raise GridMismatchError(f"window {self} does not lie inside {outer}")
        return slice(row, row + self.height), slice(col, col + self.width)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One tile of the grid: the unit of work, of restart and of test."""

    iy: int
    ix: int

    @property
    def name(self) -> str:
        """Name that is the same in every run, for example ``y-0234x0028``."""
        return f"y{self.iy:05d}x{self.ix:05d}"


@dataclass(frozen=True, slots=True)
class Grid:
    """CRS, pixel size and tile size.

    Attributes
    ----------
    epsg : int
        A projected CRS in metres.
    pixel_m : int
        Pixel size [m].
    tile_px : int
        Tile size [px].
    """

    epsg: int
    pixel_m: int
    tile_px: int = 1024

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be a grid."""
        if self.pixel_m <= 0 or self.tile_px <= 0:
            raise ConfigError(
                "grid: expected positive pixel_m and tile_px, "
                f"got {self.pixel_m} and {self.tile_px}"
            )

    @property
    def crs(self) -> str:
        """CRS as ``EPSG:n``."""
        return f"EPSG:{self.epsg}"

    def window_of_bounds(self, bounds: Bounds) -> Window:
        """Return the smallest window that covers ``(x_min, y_min, x_max, y_max)`` [m]."""
        x_min, y_min, x_max, y_max = bounds
        col, right = math.floor(x_min / self.pixel_m), math.ceil(x_max / self.pixel_m)
        row, bottom = math.floor(-y_max / self.pixel_m), math.ceil(-y_min / self.pixel_m)
        return Window(row, col, bottom - row, right - col)

    def bounds(self, window: Window) -> Bounds:
        """Return ``(x_min, y_min, x_max, y_max)`` [m] of a window."""
        p = self.pixel_m
        return (
            float(window.col * p),
            float(-(window.row + window.height) * p),
            float((window.col + window.width) * p),
            float(-window.row * p),
        )

    def transform(self, window: Window) -> tuple[float, float, float, float, float, float]:
        """Return the six affine numbers ``(a, b, c, d, e, f)`` of a window's raster."""
        p = float(self.pixel_m)
        return p, 0.0, window.col * p, 0.0, -p, -window.row * p

    def x(self, window: Window) -> np.ndarray:
        """Return the eastings of the pixel centres [m], float64, rising."""
        return (np.arange(window.col, window.col + window.width) + 0.5) * self.pixel_m

    def y(self, window: Window) -> np.ndarray:
        """Return the northings of the pixel centres [m], float64, falling."""
        return -(np.arange(window.row, window.row + window.height) + 0.5) * self.pixel_m

    def tile_window(self, tile: Tile) -> Window:
        """Return the window of a tile."""
        n = self.tile_px
        return Window(tile.iy * n, tile.ix * n, n, n)

    def tiles(self, window: Window) -> Iterator[Tile]:
        """Yield the tiles that touch a window, by rows from the north."""
        n = self.tile_px
        for iy in range(window.row // n, (window.row + window.height - 1) // n + 1):
            for ix in range(window.col // n, (window.col + window.width - 1) // n + 1):
                yield Tile(iy, ix)
