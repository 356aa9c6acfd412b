"""What the ground looked like before: the rolling reference of a pixel, for the scan of evidence.

All arithmetic is exact on integers (twice a median is one), so kernel and NumPy twin agree to the
bit.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

#: Stored units of 1.
UNITS = 10_000
#: Bands of a look, by place.
GREEN, NIR, SWIR1, SWIR2 = 0, 1, 2, 3
#: How far a look may serve as a reference.
USABLE, DORMANT = 1, 2

#: The scan calls these millions of times; a call would cost as much as its work.
inlined = njit(cache=True, nogil=True, inline="always")


class ScanRules(NamedTuple):
    """Thresholds of :func:`scan_evidence`; see ``BurnParams`` for what each means."""

    reference_looks: int
    reference_days: int
    reference_min_looks: int
    dormant_reference_days: int
    frozen_days: int
    snow_ndsi: float
    snow_green: float
    water_mndwi: float
    water_nir: float
    nir_drop: float
    dnbr2: float
    dmirbi: float
    dnbr: float
    browning_nir_drop: float
    browning_dnbr2: float
    browning_third: float


class Calendar(NamedTuple):
    """The days of the looks, and what the season makes of them.

    Attributes
    ----------
    days : numpy.ndarray
        int32 ``(T,)``, days since 1970-01-01, rising.
    leaf_on : numpy.ndarray
        bool ``(T,)``: forest is judged by dNBR.
    browned : numpy.ndarray
        bool ``(T,)``: the look is compared with dormant looks, since its summer was greener.
    dormant : numpy.ndarray
        bool ``(T,)``: the ground shows neither leaves nor browning.
    """

    days: np.ndarray
    leaf_on: np.ndarray
    browned: np.ndarray
    dormant: np.ndarray


@inlined
def _twice_middle(values: np.ndarray, n: int) -> Any:
    """Return twice the median of the first ``n`` values (1 to 5), without a branch on them."""
    a = values[0]
    if n == 1:
        return 2 * a
    b = values[1]
    lo, hi = min(a, b), max(a, b)
    if n == 2:
        return lo + hi
    if n == 3:
        return 2 * max(lo, min(hi, values[2]))
    c, d = values[2], values[3]
    lo, hi = max(lo, min(c, d)), min(hi, max(c, d))
    if n == 4:
        return lo + hi
    return 2 * max(min(lo, hi), min(max(lo, hi), values[4]))


@inlined
def _twice_median(
    series: np.ndarray, k: int, picked: np.ndarray, n: int, values: np.ndarray
) -> Any:
    """Return twice the median of the picked values of band ``k``, an exact integer."""
    for i in range(n):
        values[i] = series[picked[i], k]
    if n <= 5:
        return _twice_middle(values, n)
    for i in range(1, n):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value
    return values[(n - 1) // 2] + values[n // 2]


@inlined
def _pick(
    t: int,
    days: np.ndarray,
    usable: np.ndarray,
    picked: np.ndarray,
    limits: tuple[int, int, int],
) -> int:
    """Fill ``picked`` with the newest usable looks before ``t``; return how many."""
    most, max_days, least = limits
    n = 0
    for s in range(t - 1, -1, -1):
        if n == most or days[t] - days[s] > max_days:
            break
        if usable[s] >= least:
            picked[n] = s
            n += 1
    return n


@inlined
def pick_reference(
    t: int, calendar: Calendar, usable: np.ndarray, picked: np.ndarray, rules: ScanRules
) -> tuple[int, bool]:
    """Return how many looks were picked, and whether browning may stand between them and ``t``."""
    days, most, near = calendar.days, rules.reference_looks, rules.reference_days
    if calendar.browned[t]:
        n = _pick(t, days, usable, picked, (most, near, DORMANT))
        if n < rules.reference_min_looks:
            far = rules.dormant_reference_days
            n = _pick(t, days, usable, picked, (most, far, DORMANT))
        if n > 0:
            return n, False
    return _pick(t, days, usable, picked, (most, near, USABLE)), calendar.browned[t]


@inlined
def find_reference(
    series: np.ndarray,
    picked: np.ndarray,
    n: int,
    rules: ScanRules,
    work: tuple[np.ndarray, np.ndarray],
) -> Any:
    """Fill the reference (twice the median of each band); False if it is open water."""
    values, reference = work
    for k in range(1, 4):
        reference[k] = _twice_median(series, k, picked, n, values)
    if reference[NIR] >= rules.water_nir * 2 * UNITS:
        return True
    g = float(_twice_median(series, GREEN, picked, n, values))
    s = float(reference[SWIR1])
    return g - s <= rules.water_mndwi * (g + s)


def _newest_numpy(
    stacks: list[np.ndarray], eligible: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the median of the newest ``most`` eligible looks of each stack, and how many."""
    rank = np.cumsum(eligible[::-1], axis=0)[::-1]
    chosen = eligible & (rank <= most)
    count = chosen.sum(axis=0)
    safe = np.where(count > 0, chosen, True)
    medians = np.stack([np.nanmedian(np.where(safe, s, np.nan), axis=0) for s in stacks])
    return medians, count


def reference_numpy(
    t: int, calendar: Calendar, stacks: list[np.ndarray], usable: np.ndarray, rules: ScanRules
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what ``pick_reference`` and ``find_reference`` do, on whole planes.

    Medians of the bands ``(4, y, x)``, how many looks they rest on, and where browning may stand
    between them and the look.
    """
    age = (calendar.days[t] - calendar.days[:t])[:, None, None]
    before, dormant = [s[:t] for s in stacks], calendar.dormant[:t, None, None]
    near, far = age <= rules.reference_days, age <= rules.dormant_reference_days
    medians, count = _newest_numpy(before, usable[:t] & near, rules.reference_looks)
    if not calendar.browned[t]:
        return medians, count, np.zeros(count.shape, bool)
    some, n_some = _newest_numpy(before, usable[:t] & near & dormant, rules.reference_looks)
    more, n_more = _newest_numpy(before, usable[:t] & far & dormant, rules.reference_looks)
    few = n_some < rules.reference_min_looks
    some, n_some = np.where(few, more, some), np.where(few, n_more, n_some)
    green = n_some == 0
    return np.where(green, medians, some), np.where(green, count, n_some), green
