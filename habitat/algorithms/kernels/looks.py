"""Number of clear looks and longest gap between them, in one pass over time."""

import numpy as np
from numba import njit

from habitat.domain.bands import State

_CLEAR = int(State.CLEAR)
_SNOW = int(State.SNOW)
#: Pixels that are walked through time together, so that their running values stay in cache.
_STRIP_PX = 4_096


@njit(cache=True, nogil=True)
def count_looks(
    state: np.ndarray, days: np.ndarray, start: int, end: int, counts: np.ndarray, gaps: np.ndarray
) -> None:
    """Write the number of clear looks and the longest gap between them.

    Parameters
    ----------
    state : numpy.ndarray
        uint8 ``(time, n)`` of :class:`habitat.domain.bands.State`.
    days : numpy.ndarray
        int32 ``(time,)``, rising, all within ``start`` and ``end``; equal days are one look.
    start, end : int
        First and last day of the period.
    counts, gaps : numpy.ndarray
        uint16 ``(n,)``, written.
    """
    n_times, n = state.shape
    for first in range(0, n, _STRIP_PX):
        size = min(_STRIP_PX, n - first)
        last_day = np.full(size, start, np.int32)
        last_snow = np.zeros(size, np.bool_)
        clear = np.zeros(size, np.bool_)
        snow = np.zeros(size, np.bool_)
        gap = np.zeros(size, np.int32)
        longest = np.zeros(size, np.int32)
        count = counts[first : first + size]
        count[:] = 0
        for t in range(n_times):
            row = state[t, first : first + size]
            day = days[t]
            day_ends = t + 1 == n_times or days[t + 1] != day
            for j in range(size):
                clear[j] |= row[j] == _CLEAR
                snow[j] |= row[j] == _SNOW
            if not day_ends:
                continue
            for j in range(size):
                if clear[j] or snow[j]:
                    if clear[j] or not last_snow[j]:
                        gap[j] += day - last_day[j]
                    last_day[j] = day
                    last_snow[j] = not clear[j]
                if clear[j]:
                    longest[j] = max(longest[j], gap[j])
                    gap[j] = 0
                    count[j] += np.uint16(1)
                clear[j] = False
                snow[j] = False
        for j in range(size):
            gaps[first + j] = max(longest[j], gap[j] + end - last_day[j])


def count_looks_numpy(
    state: np.ndarray, days: np.ndarray, start: int, end: int, counts: np.ndarray, gaps: np.ndarray
) -> None:
    """Write counts and gaps: the twin of :func:`count_looks`."""
    shape = state.shape[1:]
    last_day = np.full(shape, start, dtype=np.int32)
    last_snow = np.zeros(shape, dtype=bool)
    gap = np.zeros(shape, dtype=np.int32)
    longest = np.zeros(shape, dtype=np.int32)
    counts[:] = 0
    for day in np.unique(days):
        of_day = state[days == day]
        clear = (of_day == _CLEAR).any(axis=0)
        look = clear | (of_day == _SNOW).any(axis=0)
        counts += clear
        gap += np.where(look & (clear | ~last_snow), day - last_day, 0)
        longest = np.where(clear, np.maximum(longest, gap), longest)
        gap[clear] = 0
        last_day[look] = day
        last_snow = np.where(look, ~clear, last_snow)
    gaps[:] = np.maximum(longest, gap + end - last_day)
