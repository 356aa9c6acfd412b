"""What burns in the cells of the map: from the maps of another pipeline, or the assumption."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from habitat.algorithms.fire_behaviour.curing import cell_curing_pct, ndvi_of
from habitat.algorithms.fire_behaviour.fuel_cover import fuel_shares, last_burn
from habitat.domain.errors import GridMismatchError, InputError
from habitat.domain.fire_ground import Ground
from habitat.domain.fuel import FuelTable
from habitat.domain.grid import Grid, Window
from habitat.domain.layers import (
    BURN_DATE,
    BURN_SCAR_LAYER,
    COMPOSITE,
    FOREST_CLASS,
    SLOPE,
    SLOPE_NODATA,
    Layer,
)
from habitat.domain.period import Period
from habitat.io.raster.geotiff import read_layer, read_raster
from habitat.io.release.release import Store

#: Older greenness than this does not tell the curing of a day.
FRESH_DAYS = 20
#: Composites that make a range of greenness: so many, over so many days.
_LOOKS, _YEAR_DAYS = 3, 300
_RED, _INFRARED = "B04", ("B8A", "B08")
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
    greenness : tuple of Path
        Composites by the end of their period, where they tell the curing of the day; else empty.
    slope : Path or None
        The newest map of slope.
    """

    release: str
    cover: Path
    burns: tuple[tuple[Path, Path], ...]
    grid: Grid
    simulated: bool
    greenness: tuple[Path, ...] = ()
    slope: Path | None = None

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
    simulated = bool(head.tags.get("SIMULATED"))
    greenness = _greenness(release, day)
    slope = max(release.glob("slope_[0-9]*.tif"), default=None)
    own = Grid(grid.epsg, pixel_m)
    return Maps(release.name, cover, burns, own, simulated, greenness, slope)


def _greenness(release: Path, day: date) -> tuple[Path, ...]:
    """Return the composites up to a day: at least three over a year, the last of them fresh."""
    looks = sorted(
        (period.end, path)
        for path in release.glob("composite_[0-9]*.tif")
        if (period := _period_of(path, COMPOSITE)).end <= day
    )
    ends = [end for end, _ in looks]
    fresh = bool(ends) and (day - ends[-1]).days <= FRESH_DAYS
    whole = len(looks) >= _LOOKS and (ends[-1] - ends[0]).days >= _YEAR_DAYS
    return tuple(path for _, path in looks) if fresh and whole else ()


def _period_of(path: Path, layer: Layer) -> Period:
    first, last = path.stem.removeprefix(f"{layer.name}_").split("-")
    return Period(date.fromisoformat(first), date.fromisoformat(last))


def read_ground(
    maps: Maps | None, table: FuelTable, day: date, grid: Grid, window: Window
) -> Ground:
    """Return the ground of every cell of a window, row by row.

    Curing is that of the composites where they tell it, else that of the calendar; slope is the
    mean of the map's known pixels, and flat where there are none.
    """
    cells, curing = window.height * window.width, table.curing_on(day)
    if maps is None:
        fuel = [one.name for one in table.fuels].index(table.without_map)
        return Ground.uniform(cells, fuels=len(table.fuels), fuel=fuel, curing_pct=curing)
    per_cell = grid.pixel_m // maps.grid.pixel_m
    strips = [_strip(maps, table, day, (part, per_cell)) for part in _strips(window)]
    share, observed, dead = (np.concatenate(parts, axis=-2) for parts in zip(*strips, strict=True))
    return Ground(
        share.reshape(len(table.fuels), cells),
        observed.reshape(cells),
        np.where(np.isnan(dead), curing, dead).reshape(cells),
        _slope(maps, window, per_cell).reshape(cells),
    )


def _slope(maps: Maps, window: Window, per_cell: int) -> np.ndarray:
    """Return the mean slope of cells [degrees], float64 ``(y, x)``; 0 where it is not known."""
    flat = np.zeros(window.shape)
    if maps.slope is None:
        return flat
    strips = []
    for part in _strips(window):
        pixels = read_layer(maps.slope, SLOPE, maps.grid, _finer(part, per_cell))
        blocks = pixels.reshape(part.height, per_cell, part.width, per_cell)
        known = blocks != SLOPE_NODATA
        total = np.where(known, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
        strips.append(total / np.maximum(known.sum(axis=(1, 3)), 1))
    return np.concatenate(strips)


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
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return share, observed share and curing (NaN: not told) of some rows of cells."""
    part, per_cell = cells
    pixels = _finer(part, per_cell)
    cover = read_layer(maps.cover, FOREST_CLASS, maps.grid, pixels)
    burned = np.zeros(cover.shape, dtype=np.uint32)
    if maps.burns:
        dates = [read_layer(path, BURN_DATE, maps.grid, pixels) for path, _ in maps.burns]
        scars = [read_layer(path, BURN_SCAR_LAYER, maps.grid, pixels) for _, path in maps.burns]
        burned = last_burn(dates, scars, day)
    shares = fuel_shares(cover, burned, table, day=day, per_cell=per_cell)
    if not maps.greenness:
        return *shares, np.full(part.shape, np.nan)
    looks = (_ndvi(path, maps.grid, pixels) for path in maps.greenness)
    return *shares, cell_curing_pct(looks, np.isin(cover, table.grass_codes), per_cell)


def _ndvi(path: Path, grid: Grid, pixels: Window) -> np.ndarray:
    names = read_raster(path, Window(0, 0, 1, 1)).descriptions
    infrared = next((name for name in _INFRARED if name in names), "")
    if _RED not in names or not infrared:
        raise InputError(
            f"{path}: expected bands {_RED} and one of {list(_INFRARED)}, got {list(names)}"
        )
    bands = [names.index(name) + 1 for name in (_RED, infrared)]
    red, near = read_layer(path, COMPOSITE, grid, pixels, bands=bands)
    return ndvi_of(red, near)
