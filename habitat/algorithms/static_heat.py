"""Places that always are hot, from years of detections; and which detections of a day are theirs.

A works, a flare or a volcano is seen again and again in one place, in every season; a place of
vegetation burns some days in a row and in its fire season. So recurrence and seasonality over
several years tell them apart, as in the persistent-anomaly mask of Remote Sens. 2026, 18(6), 904
(there on cells of 0.004 degrees, made from VIIRS 375 m). The numbers of ``HeatRule`` are our own.
Where rows of standard processing carry a ``type``, its codes 1 (volcano) and 2 (other static land
source; VIIRS Active Fire user's guide, Schroeder and Giglio 2018) are a second way into the mask.
"""

import numpy as np
from scipy.spatial import cKDTree

from habitat.domain.hotspots import DetectionKind, Hotspots
from habitat.domain.static_heat import HeatRule, HotCell

#: A detection outside the mask as near as this, in space and time, makes one inside a fire again:
#: the chain of one pass (``fire_clusters``), and half a day.
SPREAD_M, SPREAD_S = 700.0, 43_200.0
_MONTHS_OF_YEAR = 12


def hot_cells(found: Hotspots, rule: HeatRule) -> tuple[HotCell, ...]:
    """Return the cells of a history that always are hot, from west to east and south to north.

    Early detections of geostationary satellites do not count: their pixels are larger than a cell.
    """
    found = found.take(found.kinds != DetectionKind.EARLY)
    if not len(found):
        return ()
    cells, which = np.unique(cells_of(found, rule.cell_m), axis=0, return_inverse=True)
    order = np.argsort(which, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(which[order])) + 1)
    counted = (_count(found.take(rows), *cells[at]) for at, rows in enumerate(groups))
    return tuple(cell for cell in counted if _always(cell, rule))


def _always(cell: HotCell, rule: HeatRule) -> bool:
    recurs = (
        cell.days >= rule.min_days
        and cell.months >= rule.min_months
        and cell.years >= rule.min_years
    )
    return recurs or cell.typed_days >= rule.min_typed_days


def _count(found: Hotspots, east: int, north: int) -> HotCell:
    days = np.unique(found.time.astype("datetime64[D]"))
    months = days.astype("datetime64[M]").astype(np.int64) % _MONTHS_OF_YEAR
    typed = np.unique(found.days[found.kinds == DetectionKind.STATIC])
    return HotCell(
        int(east), int(north), len(days), len(np.unique(months)),
        len(np.unique(days.astype("datetime64[Y]"))), len(typed), days[0], days[-1],
    )  # fmt: skip


def cells_of(found: Hotspots, cell_m: int) -> np.ndarray:
    """Return the floors of easting and northing over the size of a cell, int64 ``(n, 2)``."""
    return np.floor(np.column_stack((found.x_m, found.y_m)) / cell_m).astype(np.int64)


def labelled(found: Hotspots, masked: np.ndarray) -> Hotspots:
    """Return detections with those of static sources labelled ``STATIC``.

    A detection in the mask stays a fire where burning vegetation was seen outside the mask within
    0.7 km and 12 hours of it: then what burns has spread out of the source, or into it.

    Parameters
    ----------
    masked : numpy.ndarray
        Which detections lie in the mask, bool ``(n,)``.
    """
    inside = masked & (found.kinds != DetectionKind.STATIC)
    outside = ~inside & (found.kinds == DetectionKind.VEGETATION)
    static = inside & ~_near(found, inside, outside)
    return found.with_kinds(np.where(static, DetectionKind.STATIC, found.kinds).astype(np.uint8))


def _near(found: Hotspots, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return which of some rows have one of the others near them, bool ``(n,)``."""
    near = np.zeros(len(found), dtype=bool)
    if not others.any():
        return near
    seconds = found.time.astype("datetime64[s]").astype(np.int64)
    scaled = np.column_stack((found.x_m, found.y_m)) / SPREAD_M
    tree, at = cKDTree(scaled[others]), np.flatnonzero(others)
    for row in np.flatnonzero(rows):
        close = at[tree.query_ball_point(scaled[row], 1.0)]
        near[row] = bool((abs(seconds[close] - seconds[row]) <= SPREAD_S).any())
    return near
