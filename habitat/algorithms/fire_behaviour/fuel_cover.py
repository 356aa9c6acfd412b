"""From a map of land cover to the share of each fuel in larger cells."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from habitat.domain.fuel import FuelTable
from habitat.domain.legend import NOT_OBSERVED, OUTSIDE

_BURNED = 2
_NO_FUEL = 254


def fuel_shares(
    cover: np.ndarray, burned: np.ndarray, table: FuelTable, *, day: date, per_cell: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what burns in each cell.

    Parameters
    ----------
    cover : numpy.ndarray
        uint8 ``(y, x)``, codes of land cover; 0 not observed, 255 outside.
    burned : numpy.ndarray
        uint32 ``(y, x)``, YYYYMMDD of the last burn (:func:`last_burn`); 0 where there is none.
    day : datetime.date
        What burned before the fuel last came back, or after this day, is fuel.
    per_cell : int
        Pixels along the side of a cell; height and width are multiples of it.

    Returns
    -------
    share : numpy.ndarray
        float32 ``(fuel, y, x)`` of the cells, of the observed pixels; 0 where none is.
    observed : numpy.ndarray
        float32 ``(y, x)``, observed pixels of those inside the area; 0 where none is inside.
    """
    fuel = _fuel_rows(table)[cover]
    for row, one in enumerate(table.fuels):
        since = _number(table.regrown_on(one, day))
        fuel[(fuel == row) & (burned >= since) & (burned <= _number(day))] = _NO_FUEL
    seen = _count((cover != NOT_OBSERVED) & (cover != OUTSIDE), per_cell)
    inside = _count(cover != OUTSIDE, per_cell)
    counts = np.stack([_count(fuel == row, per_cell) for row in range(len(table.fuels))])
    return _share(counts, seen), _share(seen, inside)


def last_burn(dates: Sequence[np.ndarray], scars: Sequence[np.ndarray], day: date) -> np.ndarray:
    """Return the last burn up to a day, uint32 YYYYMMDD, 0 where there is none.

    Only what is burned with confidence A or B counts (code 2 of `burn_scar`); each map of scars
    stands beside its map of dates.
    """
    found = np.zeros(dates[0].shape, dtype=np.uint32)
    for burn_date, scar in zip(dates, scars, strict=True):
        known = (scar == _BURNED) & (burn_date > 1) & (burn_date <= _number(day))
        found = np.where(known, np.maximum(found, burn_date), found)
    return found


def _fuel_rows(table: FuelTable) -> np.ndarray:
    rows = np.full(256, _NO_FUEL, dtype=np.uint8)
    names = [fuel.name for fuel in table.fuels]
    for code, name in table.cover.items():
        rows[code] = names.index(name)
    return rows


def _count(pixels: np.ndarray, per_cell: int) -> np.ndarray:
    height, width = (side // per_cell for side in pixels.shape)
    cells = pixels.reshape(height, per_cell, width, per_cell)
    count: np.ndarray = cells.sum(axis=(1, 3), dtype=np.int64)
    return count


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    share = part / np.where(whole > 0, whole, 1)
    return share.astype(np.float32)


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
