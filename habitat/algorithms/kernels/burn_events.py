"""Kernels over the looks of a pixel: which burns it had, and how long nobody looked."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from habitat.algorithms.kernels.burn import CLEAR_COMPARED, SNOWY, UNSEEN
from habitat.algorithms.kernels.burn_looks import HOT, OBJECT, OBSERVED, PERSISTS

#: Index of "no look" and day of "no day".
NONE = -1
# What is known of a pixel's burn, and of it when it was seen again.
UNBURNED, POSSIBLE, BURNED = 0, 1, 2
NOT_AGAIN, REFUTED, CONFIRMED = 0, 1, 2

Events = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class EventRules(NamedTuple):
    """Days and numbers of :func:`scan_events`."""

    first_day: int
    last_day: int
    confirm_days: int
    confirm_looks: int
    refute_days: int
    regrowth_days: int


@njit(cache=True, nogil=True)
def _seen_again(t: int, days: np.ndarray, shown: np.ndarray, rules: EventRules) -> int:
    """Say whether the next compared looks still show the burn."""
    seen = 0
    kept = 0
    for s in range(t + 1, days.size):
        late = days[s] - days[t] > rules.refute_days
        if days[s] - days[t] > rules.confirm_days or (late and seen > 0):
            break
        if seen < rules.confirm_looks and shown[s] & OBSERVED:
            if late:  # by now a burn may have greened: it can confirm, not refute
                return CONFIRMED if shown[s] & PERSISTS else NOT_AGAIN
            seen += 1
            kept += int((shown[s] & PERSISTS) > 0)
    if seen == 0:
        return NOT_AGAIN
    return CONFIRMED if 2 * kept >= seen else REFUTED


@njit(cache=True, nogil=True)
def _still_burned(
    since: int, t: int, days: np.ndarray, flushes: np.ndarray, rules: EventRules
) -> Any:
    if since == NONE:
        return False
    return flushes[t] == flushes[since] or days[t] - days[since] <= rules.regrowth_days


@njit(cache=True, nogil=True)
def _scan_pixel(
    days: np.ndarray,
    flushes: np.ndarray,
    look: np.ndarray,
    shown: np.ndarray,
    rules: EventRules,
) -> tuple[int, int, int, int, int]:
    known, event, event_lo, times, again = UNBURNED, NONE, NONE, 0, NOT_AGAIN
    since, lo = NONE, NONE
    for t in range(days.size):
        if look[t] == UNSEEN or look[t] == SNOWY or _still_burned(since, t, days, flushes, rules):
            continue
        since = NONE
        if shown[t] & OBJECT:
            second = _seen_again(t, days, shown, rules)
            sure = (shown[t] & HOT) > 0 or second == CONFIRMED
            if sure or second == NOT_AGAIN:
                since = t
        if since == NONE:
            lo = days[t]
        elif rules.first_day <= days[t] <= rules.last_day and (sure or known != BURNED):
            event, again = t, second
            event_lo = lo if lo != NONE else days[t]
            known = BURNED if sure else POSSIBLE
            times += int(sure)
    return known, event, event_lo, times, again


@njit(cache=True, nogil=True)
def scan_events(
    days: np.ndarray,
    flushes: np.ndarray,
    look: np.ndarray,
    shown: np.ndarray,
    rules: EventRules,
) -> Events:
    """Return the last burn of each pixel in the days of the rules, and how many there were.

    Parameters
    ----------
    days : numpy.ndarray
        int32 ``(T,)``, rising.
    flushes : numpy.ndarray
        int32 ``(T,)``, number of the last leaf flush before each look.
    look : numpy.ndarray
        uint8 ``(T, y, x)`` as of ``scan_evidence``.
    shown : numpy.ndarray
        uint8 ``(T, y, x)``: ``OBSERVED`` and ``PERSISTS`` of the look, ``OBJECT`` where it lies
        in a burned object, ``HOT`` where a hotspot bears that out.
    rules : EventRules
        Days and numbers.

    Returns
    -------
    known : numpy.ndarray
        uint8 ``(y, x)``: ``UNBURNED``, ``POSSIBLE`` (one look only), ``BURNED``.
    event : numpy.ndarray
        int16 ``(y, x)``, index of the first look that shows the burn; ``NONE`` without one.
    event_lo : numpy.ndarray
        int32 ``(y, x)``, day of the last clear look before it; ``NONE`` without one.
    times : numpy.ndarray
        uint8 ``(y, x)``, burns that are sure.
    again : numpy.ndarray
        uint8 ``(y, x)``: ``NOT_AGAIN``, ``REFUTED``, ``CONFIRMED`` by later looks.

    Notes
    -----
    A burn is sure with a hotspot, or if at least half of the next looks (up to
    ``confirm_looks`` within ``refute_days``) still show it; where there are none, if the next look
    within ``confirm_days`` does. One that those looks refute was a shadow. Fuel must grow before
    a pixel burns again: not before the next leaf flush, nor within ``regrowth_days``.
    """
    n_t, height, width = shown.shape
    known = np.zeros((height, width), np.uint8)
    event = np.full((height, width), NONE, np.int16)
    event_lo = np.full((height, width), NONE, np.int32)
    times = np.zeros((height, width), np.uint8)
    again = np.zeros((height, width), np.uint8)
    for y in range(height):
        for x in range(width):
            burned = False
            for t in range(n_t):
                burned |= (shown[t, y, x] & OBJECT) > 0
            if burned:
                out = _scan_pixel(days, flushes, look[:, y, x], shown[:, y, x], rules)
                known[y, x], event[y, x], event_lo[y, x], times[y, x], again[y, x] = out
    return known, event, event_lo, times, again


def scan_events_numpy(
    days: np.ndarray,
    flushes: np.ndarray,
    look: np.ndarray,
    shown: np.ndarray,
    rules: EventRules,
) -> Events:
    """Return the same as :func:`scan_events`, look by look on whole planes."""
    shape = shown.shape[1:]
    known, times, again = (np.zeros(shape, np.uint8) for _ in range(3))
    event, event_lo = np.full(shape, NONE, np.int16), np.full(shape, NONE, np.int32)
    since, lo = np.full(shape, NONE, np.int64), np.full(shape, NONE, np.int64)
    for t, day in enumerate(days.tolist()):
        clear = (look[t] != UNSEEN) & (look[t] != SNOWY)
        locked = (flushes[t] == flushes[since]) | (day - days[since] <= rules.regrowth_days)
        fresh = clear & ~((since != NONE) & locked)
        second = _seen_again_numpy(t, days, shown, rules)
        sure = (shown[t] & HOT > 0) | (second == CONFIRMED)
        burns = fresh & (shown[t] & OBJECT > 0) & (sure | (second == NOT_AGAIN))
        since = np.where(fresh, np.where(burns, t, NONE), since)
        if rules.first_day <= day <= rules.last_day:
            write = burns & (sure | (known != BURNED))
            event[write], again[write] = t, second[write]
            event_lo[write] = np.where(lo != NONE, lo, day)[write]
            known[write] = np.where(sure, BURNED, POSSIBLE)[write]
            times[write & sure] += 1
        lo = np.where(fresh & ~burns, day, lo)
    return known, event, event_lo, times, again


def _seen_again_numpy(t: int, days: np.ndarray, shown: np.ndarray, rules: EventRules) -> np.ndarray:
    age = days - days[t]
    soon = (age > 0) & (age <= rules.refute_days)
    late = (age > rules.refute_days) & (age <= rules.confirm_days)
    seen, kept = _first_numpy(shown[soon], rules.confirm_looks)
    seen_late, kept_late = _first_numpy(shown[late], 1)
    by_late = np.where((seen_late > 0) & (kept_late > 0), CONFIRMED, NOT_AGAIN)
    return np.where(seen == 0, by_late, np.where(2 * kept >= seen, CONFIRMED, REFUTED))


def _first_numpy(shown: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how many of the first compared looks there are, and how many show the burn."""
    observed = (shown & OBSERVED) > 0
    observed &= np.cumsum(observed, axis=0) <= most
    return observed.sum(axis=0), (observed & ((shown & PERSISTS) > 0)).sum(axis=0)


@njit(cache=True, nogil=True)
def _days_within(start: int, end: int, seasons: np.ndarray) -> int:
    total = 0
    for i in range(seasons.shape[0]):
        total += max(0, min(end, seasons[i, 1]) - max(start, seasons[i, 0]))
    return total


@njit(cache=True, nogil=True)
def longest_gap(days: np.ndarray, look: np.ndarray, seasons: np.ndarray) -> np.ndarray:
    """Return the longest time in which a pixel could burn unseen [days], int32 ``(y, x)``.

    Only days of the seasons count; the ends of the seasons are ends of gaps too. A look that
    could not be compared closes no gap. A gap with snow at both ends is none.

    Parameters
    ----------
    days : numpy.ndarray
        int32 ``(T,)``, rising.
    look : numpy.ndarray
        uint8 ``(T, y, x)`` as of ``scan_evidence``.
    seasons : numpy.ndarray
        int64 ``(s, 2)``: first day of each season, and the day after its last.
    """
    n_t, height, width = look.shape
    out = np.zeros((height, width), np.int32)
    for y in range(height):
        for x in range(width):
            start, snow, longest = np.int64(-(10**6)), False, 0
            for t in range(n_t):
                if look[t, y, x] < CLEAR_COMPARED:
                    continue
                now = look[t, y, x] == SNOWY
                if not (snow and now):
                    longest = max(longest, _days_within(start, days[t], seasons))
                start, snow = np.int64(days[t]), now
            out[y, x] = max(longest, _days_within(start, np.int64(10**6), seasons))
    return out


def longest_gap_numpy(days: np.ndarray, look: np.ndarray, seasons: np.ndarray) -> np.ndarray:
    """Return the same as :func:`longest_gap`."""
    shape = look.shape[1:]
    start, snow = np.full(shape, -(10**6), np.int64), np.zeros(shape, bool)
    longest = np.zeros(shape, np.int64)
    for day, seen in zip(days.tolist(), look, strict=True):
        now, some = seen == SNOWY, seen >= CLEAR_COMPARED
        gap = _days_within_numpy(start, day, seasons)
        longest = np.where(some & ~(snow & now), np.maximum(longest, gap), longest)
        start, snow = np.where(some, day, start), np.where(some, now, snow)
    at_end = _days_within_numpy(start, 10**6, seasons)
    out: np.ndarray = np.maximum(longest, at_end).astype(np.int32)
    return out


def _days_within_numpy(start: np.ndarray, end: int, seasons: np.ndarray) -> np.ndarray:
    total = np.zeros(start.shape, np.int64)
    for first, after in seasons.tolist():
        total += np.maximum(0, min(end, after) - np.maximum(start, first))
    return total
