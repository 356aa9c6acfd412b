"""Which looks are worth their price: the clearest one of every few days, place by place."""

from dataclasses import dataclass

import numpy as np

#: Longest interval that is tried [days].
MAX_EVERY_DAYS = 366


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """Looks that could be bought, one row per acquisition and place; all ``(n,)``.

    Attributes
    ----------
    day : numpy.ndarray
        int32, days since 1970-01-01.
    place : numpy.ndarray
        int32, number of the rectangle.
    clear_px, area_px : numpy.ndarray
        int64, clear pixels of the AOI in the rectangle on that day, and pixels of the AOI in it.
    price : numpy.ndarray
        int64, micro-units, so that sums do not depend on the order.
    dense : numpy.ndarray
        bool, days of the fire season: they get twice as many looks as the others.
    """

    day: np.ndarray
    place: np.ndarray
    clear_px: np.ndarray
    area_px: np.ndarray
    price: np.ndarray
    dense: np.ndarray


def useful(offers: Offers, min_clear_percent: float) -> np.ndarray:
    """Return which looks show enough, bool ``(n,)``.

    A look without a clear pixel of the AOI is never useful.
    """
    share = 100 * offers.clear_px >= min_clear_percent * offers.area_px
    return share & (offers.clear_px > 0)


def thin(offers: Offers, candidate: np.ndarray, every_days: int) -> np.ndarray:
    """Return the clearest candidate of each place and interval, bool ``(n,)``.

    Intervals have ``every_days`` in the fire season and twice as many outside it, counted from
    1970-01-01; of equally clear looks the first counts.
    """
    rows = np.flatnonzero(candidate)
    length = np.where(offers.dense[rows], every_days, 2 * every_days)
    interval = offers.day[rows] // length
    order = np.lexsort((offers.day[rows], -offers.clear_px[rows]))
    keys = np.stack([offers.place[rows], offers.dense[rows], interval], axis=1)[order]
    _, first = np.unique(keys, axis=0, return_index=True)
    chosen = np.zeros(len(candidate), dtype=bool)
    chosen[rows[order[first]]] = True
    return chosen


def fit(offers: Offers, candidate: np.ndarray, budget: int) -> tuple[np.ndarray, int]:
    """Return the looks of the shortest interval whose price fits, and the interval.

    Parameters
    ----------
    offers : Offers
        What there is.
    candidate : numpy.ndarray
        bool ``(n,)``, useful ones.
    budget : int
        Micro-units.

    Returns
    -------
    chosen : numpy.ndarray
        bool ``(n,)``; all candidates if they fit.
    every_days : int
        Interval in the fire season [days]; 0 if all candidates fit.

    Raises
    ------
    ValueError
        If not even one look a year fits.
    """
    if int(offers.price[candidate].sum()) <= budget:
        return candidate.copy(), 0
    for every_days in range(1, MAX_EVERY_DAYS + 1):
        chosen = thin(offers, candidate, every_days)
        if int(offers.price[chosen].sum()) <= budget:
            return chosen, every_days
    raise ValueError(f"budget: expected room for one look a year, got {budget} micro-units")
