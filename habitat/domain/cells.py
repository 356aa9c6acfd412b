"""Reporting cells: squares of the projected CRS with an id that never changes."""

from dataclasses import dataclass

import numpy as np

from habitat.domain.errors import ConfigError
from habitat.domain.grid import Bounds, Grid, Window

#: Edge of the occupancy cell [m]: the cell of the Chinese camera network (Zhang et al. 2014).
OCCUPANCY_CELL_M = 3_600


@dataclass(frozen=True, slots=True)
class CellGrid:
    """Square cells snapped to multiples of their size.

    Attributes
    ----------
    epsg : int
        Projected CRS in metres.
    cell_m : int
        Edge [m]; divides 3,600 and is a multiple of the pixel.
    """

    epsg: int
    cell_m: int

    def __post_init__(self) -> None:
        """Refuse a size that does not nest in the occupancy cell."""
        if self.cell_m <= 0 or OCCUPANCY_CELL_M % self.cell_m:
            raise ConfigError(
                f"cell_m: expected a size that divides {OCCUPANCY_CELL_M} m, got {self.cell_m}"
            )

    def check_grid(self, grid: Grid) -> None:
        """Refuse a grid whose pixels do not fill the cells."""
        if grid.epsg != self.epsg or self.cell_m % grid.pixel_m:
            raise ConfigError(
                f"cell_m: expected a multiple of the {grid.pixel_m} m pixel in EPSG:{grid.epsg}, "
                f"got {self.cell_m} m in EPSG:{self.epsg}"
            )

    def cell_id(self, ie: int, i_n: int) -> str:
        """Return the id of the cell with these floors of easting and northing over the size."""
        return f"{self.epsg}-{self.cell_m}-E{ie}-N{i_n}"

    def bounds(self, ie: int, i_n: int) -> Bounds:
        """Return ``(x_min, y_min, x_max, y_max)`` [m] of a cell."""
        m = float(self.cell_m)
        return ie * m, i_n * m, (ie + 1) * m, (i_n + 1) * m

    def columns(self, grid: Grid, window: Window) -> np.ndarray:
        """Return the cell index east of each pixel column, int64."""
        return (np.arange(window.col, window.col + window.width) * grid.pixel_m) // self.cell_m

    def rows(self, grid: Grid, window: Window) -> np.ndarray:
        """Return the cell index north of each pixel row, int64."""
        rows = np.arange(window.row, window.row + window.height)
        return (-(rows + 1) * grid.pixel_m) // self.cell_m
