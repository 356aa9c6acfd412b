"""Detections of the simulated fires by a sensor of 375 m, with some missed and some false."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from habitat.algorithms.landscape.cover import make_cover
from habitat.algorithms.landscape.fires import Burns, burns_of_year, fire_year_of
from habitat.algorithms.landscape.noise import (
    Sampling,
    bell,
    chance,
    hash_points,
    key_of,
    uniform,
)
from habitat.domain.grid import Bounds, Window
from habitat.domain.hotspots import Hotspots
from habitat.domain.period import Period, days_since_epoch

#: Pixel on which fires are drawn for this, and edge of a detection in such pixels (360 m).
PIXEL_M, BLOCK_PX = 120, 3
BLOCK_M = PIXEL_M * BLOCK_PX
#: Standard deviation of the place of a detection [m].
PLACE_SD_M = 150.0
#: Share of fires never detected; share of burned blocks detected by kind of fire [1].
FIRE_MISSED = 0.12
DETECTED = np.array([0.0, 0.50, 0.30, 0.80], dtype=np.float32)
#: Median-like radiative power by kind [MW].
POWER_MW = np.array([0.0, 9.0, 5.0, 30.0], dtype=np.float32)
#: A block is on fire from this many burned pixels of its nine.
MIN_BURNED_PX = 3
#: False detections: one in a cell of this size in a year with this probability.
FALSE_CELL_M, FALSE_PROBABILITY = 12_000, 0.25
_CHUNK_BLOCKS = 170
_NIGHT_S, _NOON_S = 17 * 3600 - 600, 4 * 3600 + 900  # UTC; S-NPP and NOAA-20 pass at 1:30 local


@dataclass(slots=True, eq=False)
class _Rows:
    x_m: np.ndarray
    y_m: np.ndarray
    seconds: np.ndarray
    frp_mw: np.ndarray


def detect(bounds: Bounds, period: Period, *, seed: int, mode: str) -> Hotspots:
    """Return the detections of a period in bounds [m], in order of time and place.

    Parameters
    ----------
    bounds : tuple of float
        ``(x_min, y_min, x_max, y_max)`` in the project CRS.
    period : Period
        UTC days.
    seed, mode
        Of the landscape and its fires.
    """
    first, last = (fire_year_of(days_since_epoch(day)) for day in (period.start, period.end))
    found = [
        rows
        for year in range(first, last + 1)
        for rows in (
            *(_of_chunk(chunk, year, seed, mode) for chunk in _chunks(bounds)),
            _false(bounds, year, seed),
        )
    ]
    x_m, y_m = (np.concatenate([getattr(r, n) for r in found]) for n in ("x_m", "y_m"))
    seconds = np.concatenate([r.seconds for r in found])
    frp = np.concatenate([r.frp_mw for r in found])
    inside = (x_m >= bounds[0]) & (x_m < bounds[2]) & (y_m >= bounds[1]) & (y_m < bounds[3])
    order = np.lexsort((y_m, x_m, seconds))
    order = order[inside[order]]
    spots = Hotspots(x_m, y_m, seconds.astype("datetime64[s]"), frp)
    return spots.take(order).in_period(period)


def _chunks(bounds: Bounds) -> list[Window]:
    """Return windows of 120 m pixels of whole blocks that cover bounds and two blocks more."""
    x_min, y_min, x_max, y_max = bounds
    cols = (int(x_min // BLOCK_M) - 2, int(x_max // BLOCK_M) + 3)
    rows = (int(-y_max // BLOCK_M) - 2, int(-y_min // BLOCK_M) + 3)
    n = _CHUNK_BLOCKS
    return [
        Window(
            top * BLOCK_PX,
            left * BLOCK_PX,
            (min(top + n, rows[1]) - top) * BLOCK_PX,
            (min(left + n, cols[1]) - left) * BLOCK_PX,
        )
        for top in range(rows[0], rows[1], n)
        for left in range(cols[0], cols[1], n)
    ]


def _of_chunk(window: Window, year: int, seed: int, mode: str) -> _Rows:
    sampling = Sampling.of(window, PIXEL_M)
    classes = make_cover(sampling, seed).classes
    burns = burns_of_year(sampling, classes, year, seed=seed, mode=mode)
    row, col = np.divmod(burns.index, window.width)
    block_row = (row + window.row) // BLOCK_PX
    block_col = (col + window.col) // BLOCK_PX
    block = block_row * (1 << 24) + block_col
    _, first, count = np.unique(block, return_index=True, return_counts=True)
    first = first[count >= MIN_BURNED_PX]
    return _detections(burns.take(first), block_row[first], block_col[first], key_of(seed, year))


def _detections(burns: Burns, row: np.ndarray, col: np.ndarray, key: int) -> _Rows:
    seen = uniform(hash_points(row, col, key_of(key, 1))) < DETECTED[burns.kind]
    fire = burns.fire.astype(np.int64)
    seen &= uniform(hash_points(fire, fire, key_of(key, 2))) >= FIRE_MISSED
    row, col, burns = row[seen], col[seen], burns.take(seen)
    place = [bell(hash_points(row, col, key_of(key, n))) * PLACE_SD_M for n in (3, 4)]
    draw = uniform(hash_points(row, col, key_of(key, 5)))
    when = np.where(draw < 0.3, _NIGHT_S, _NOON_S) + (draw * 2400).astype(np.int64)
    strength = uniform(hash_points(row, col, key_of(key, 6)))
    return _Rows(
        x_m=(col + 0.5) * BLOCK_M + place[0],
        y_m=-(row + 0.5) * BLOCK_M + place[1],
        seconds=burns.day.astype(np.int64) * 86_400 + when,
        frp_mw=POWER_MW[burns.kind] * (np.float32(0.4) + np.float32(2) * strength * strength),
    )


def _false(bounds: Bounds, year: int, seed: int) -> _Rows:
    x_min, y_min, x_max, y_max = bounds
    start = days_since_epoch(date(year - 1, 7, 1))
    rows = []
    for i in range(int(y_min // FALSE_CELL_M), int(y_max // FALSE_CELL_M) + 1):
        for j in range(int(x_min // FALSE_CELL_M), int(x_max // FALSE_CELL_M) + 1):
            key = key_of(seed, 98, year, i, j)
            if chance(key, 0) < FALSE_PROBABILITY:
                day = start + int(chance(key, 1) * 365)
                x_m = (j + chance(key, 2)) * FALSE_CELL_M
                y_m = (i + chance(key, 3)) * FALSE_CELL_M
                rows.append((x_m, y_m, day * 86_400 + _NOON_S, 1 + 3 * chance(key, 4)))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return _Rows(table[0], table[1], table[2].astype(np.int64), table[3].astype(np.float32))
