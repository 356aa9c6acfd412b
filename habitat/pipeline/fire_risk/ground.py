"""What burns in the cells of the map: from the maps of another pipeline, or the assumption."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from habitat.algorithms.fire_behaviour.fuel_cover import fuel_shares, last_burn
from habitat.domain.errors import GridMismatchError
from habitat.domain.fire_ground import Ground
from habitat.domain.fuel import FuelTable
from habitat.domain.grid import Grid, Window
from habitat.domain.layers import BURN_DATE, BURN_SCAR_LAYER, FOREST_CLASS, Layer
from habitat.domain.period import Period
from habitat.io.geotiff import read_layer, read_raster
from habitat.io.release import Store

#: Rows of cells that are read at once.
_STRIP = 32


@dataclass(frozen=True, slots=True)
class Maps:
    """Maps of one release that speak for a day.

    Attributes
    ----------
    release : str
        Its id.
    cover : Path
        The newest land cover whose period has ended.
    burns : tuple of (Path, Path)
        Dates of burns and the scars beside them, of every fire year that has begun.
    grid : Grid
        Their grid.
    simulated : bool
        They are of a SIMULATED landscape.
    """

    release: str
    cover: Path
    burns: tuple[tuple[Path, Path], ...]
    grid: Grid
    simulated: bool

    @property
    def period(self) -> str:
        """Period of the land cover, as in its file name."""
        return self.cover.stem.removeprefix("forest_class_")


def find_maps(root: Path, day: date, grid: Grid) -> Maps | None:
    """Return the maps of the current release in ``outputs/<pipeline>``, None where it has none.

    Raises
    ------
    GridMismatchError
        If their pixels do not fit whole into the cells of `grid`.
    """
    release = Store(root).current_release()
    if release is None:
        return None
    covers = [
        (period.end, path)
        for path in release.glob("forest_class_*.tif")
        if (period := _period_of(path, FOREST_CLASS)).end <= day
    ]
    if not covers:
        return None
    _, cover = max(covers)
    head = read_raster(cover, Window(0, 0, 1, 1))
    pixel_m = round(head.transform[0])
    if head.crs != grid.crs or grid.pixel_m % pixel_m:
        raise GridMismatchError(
            f"{cover}: expected pixels of {grid.crs} that divide {grid.pixel_m} m, got "
            f"{pixel_m} m of {head.crs}. Make the maps on such a grid, or set maps: none."
        )
    burns = tuple(
        (path, path.with_name(path.name.replace("burn_date_", "burn_scar_")))
        for path in sorted(release.glob("burn_date_[0-9]*.tif"))
        if _period_of(path, BURN_DATE).start <= day
    )
    return Maps(
        release.name, cover, burns, Grid(grid.epsg, pixel_m), bool(head.tags.get("SIMULATED"))
    )


def _period_of(path: Path, layer: Layer) -> Period:
    first, last = path.stem.removeprefix(f"{layer.name}_").split("-")
    return Period(date.fromisoformat(first), date.fromisoformat(last))


def read_ground(
    maps: Maps | None, table: FuelTable, day: date, grid: Grid, window: Window
) -> Ground:
    """Return the ground of every cell of a window, row by row; flat, curing by the calendar."""
    cells, curing = window.height * window.width, table.curing_on(day)
    if maps is None:
        fuel = [one.name for one in table.fuels].index(table.without_map)
        return Ground.uniform(cells, fuels=len(table.fuels), fuel=fuel, curing_pct=curing)
    per_cell = grid.pixel_m // maps.grid.pixel_m
    strips = [_strip(maps, table, day, (part, per_cell)) for part in _strips(window)]
    share = np.concatenate([share for share, _ in strips], axis=1)
    observed = np.concatenate([observed for _, observed in strips], axis=0)
    return Ground(
        share.reshape(len(table.fuels), cells),
        observed.reshape(cells),
        np.full(cells, curing),
        np.zeros(cells),
    )


def _strips(window: Window) -> list[Window]:
    ends = window.row + window.height
    return [
        Window(row, window.col, min(_STRIP, ends - row), window.width)
        for row in range(window.row, ends, _STRIP)
    ]


def _finer(part: Window, times: int) -> Window:
    return Window(part.row * times, part.col * times, part.height * times, part.width * times)


def _strip(
    maps: Maps, table: FuelTable, day: date, cells: tuple[Window, int]
) -> tuple[np.ndarray, np.ndarray]:
    part, per_cell = cells
    pixels = _finer(part, per_cell)
    cover = read_layer(maps.cover, FOREST_CLASS, maps.grid, pixels)
    burned = np.zeros(cover.shape, dtype=np.uint32)
    if maps.burns:
        dates = [read_layer(path, BURN_DATE, maps.grid, pixels) for path, _ in maps.burns]
        scars = [read_layer(path, BURN_SCAR_LAYER, maps.grid, pixels) for _, path in maps.burns]
        burned = last_burn(dates, scars, day)
    return fuel_shares(cover, burned, table, day=day, per_cell=per_cell)
