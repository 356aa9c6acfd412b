"""Scenes of a period to one image: median, number of clear looks, longest gap."""

from collections.abc import Sequence

import numpy as np

from habitat.algorithms.kernels.looks import count_looks
from habitat.algorithms.kernels.median import masked_median, sorting_network
from habitat.domain.bands import State
from habitat.domain.period import Period, days_since_epoch


def median_composite(band: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the median of the valid values of each pixel.

    Parameters
    ----------
    band : numpy.ndarray
        uint16 ``(time, y, x)`` digital numbers; 0 is no data, whatever ``valid`` says.
    valid : numpy.ndarray
        bool ``(time, y, x)``, True where the observation can be used.

    Returns
    -------
    numpy.ndarray
        uint16 ``(y, x)``; of an even number the mean of the middle two, rounded half up;
        0 where nothing is valid.

    Raises
    ------
    ValueError
        If the dtypes or the shapes are not these.
    """
    if band.dtype != np.uint16 or valid.dtype != np.bool_ or band.shape != valid.shape:
        raise ValueError(
            "median_composite: expected uint16 and bool (time, y, x) of one shape, got "
            f"{band.dtype} {band.shape} and {valid.dtype} {valid.shape}"
        )
    n_times, *shape = band.shape
    out = np.zeros(shape, dtype=np.uint16)
    masked_median(
        np.ascontiguousarray(band).reshape(n_times, out.size),
        np.ascontiguousarray(valid).reshape(n_times, out.size),
        sorting_network(n_times),
        out.reshape(-1),
    )
    return out


def observation_counts(
    days: np.ndarray, state: np.ndarray, period: Period
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each pixel was seen clear, and the longest gap between two such looks.

    Parameters
    ----------
    days : numpy.ndarray
        int32 ``(time,)``, days since 1970-01-01, any order; those outside the period are left
        out, and several of one day are one look.
    state : numpy.ndarray
        uint8 ``(time, y, x)`` of :class:`habitat.domain.bands.State`.
    period : Period
        Its first and last day bound the gaps.

    Returns
    -------
    n_valid : numpy.ndarray
        uint16 ``(y, x)``, days with a clear look.
    max_gap_days : numpy.ndarray
        uint16 ``(y, x)``, longest snow-free time between two clear looks, or between one and an
        end of the period [days]. Time between two consecutive clear or snow looks that are
        both snow lies under snow and is not counted. Without any look it is the whole period.
    """
    start, end = days_since_epoch(period.start), days_since_epoch(period.end)
    inside = np.flatnonzero((days >= start) & (days <= end))
    order = inside[np.argsort(days[inside], kind="stable")]
    in_order = len(order) == len(days) and bool((np.diff(order) == 1).all())
    stack = np.ascontiguousarray(state if in_order else state[order])
    n_valid = np.zeros(state.shape[1:], dtype=np.uint16)
    max_gap = np.zeros(state.shape[1:], dtype=np.uint16)
    count_looks(
        stack.reshape(len(order), n_valid.size),
        days[order].astype(np.int32),
        start,
        end,
        n_valid.reshape(-1),
        max_gap.reshape(-1),
    )
    return n_valid, max_gap


def clear(state: np.ndarray) -> np.ndarray:
    """Return where an observation may enter a composite, bool, from a uint8 state."""
    valid: np.ndarray = state == State.CLEAR
    return valid


def used_states(state: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return the states with every clear look that may not be used as left out.

    Parameters
    ----------
    state : numpy.ndarray
        uint8 ``(time, y, x)`` of :class:`habitat.domain.bands.State`.
    valid : numpy.ndarray
        bool ``(time, y, x)``, the looks that may be used.

    Returns
    -------
    numpy.ndarray
        uint8 ``(time, y, x)``.
    """
    used: np.ndarray = np.where(valid | (state != State.CLEAR), state, np.uint8(State.LEFT_OUT))
    return used


def exclude_burned(
    valid: np.ndarray,
    days: np.ndarray,
    burned: tuple[np.ndarray, np.ndarray],
    green_up_days: Sequence[int],
) -> np.ndarray:
    """Return ``valid`` without the looks that may lie between a pixel's burn and its green-up.

    Parameters
    ----------
    valid : numpy.ndarray
        bool ``(time, y, x)``.
    days : numpy.ndarray
        int32 ``(time,)``, days since 1970-01-01.
    burned : tuple of numpy.ndarray
        int32 ``(y, x)`` each: first and last day on which the pixel may have burned
        (``burn_date_lo``, ``burn_date_hi``), 0 where it did not.
    green_up_days : sequence of int
        Days since 1970-01-01 on which new growth covers earlier burns, one a year. Looks are left
        out from the first of the two days to the first green-up after the second, for the burn may
        be younger than a green-up between them; or for good if none follows.

    Returns
    -------
    numpy.ndarray
        bool ``(time, y, x)``.
    """
    out = valid.copy()
    first, last = burned
    if not (last > 0).any():
        return out
    never = np.iinfo(np.int32).max
    ends = np.append(np.sort(np.asarray(green_up_days, dtype=np.int32)), never).astype(np.int32)
    until = ends[np.searchsorted(ends[:-1], last, side="right")]
    for t, day in enumerate(days):
        out[t] &= ~((last > 0) & (first <= day) & (day < until))
    return out
