"""Kernel of burn evidence: one scan over the looks of a pixel, with a rolling reference.

All arithmetic is float64 on exact integers, so the kernel and its NumPy twin agree to the bit.
"""

from typing import Any

import numpy as np
from numba import njit

from habitat.algorithms.kernels.burn_reference import (
    DORMANT,
    GREEN,
    NIR,
    SWIR1,
    SWIR2,
    UNITS,
    USABLE,
    Calendar,
    ScanRules,
    find_reference,
    inlined,
    pick_reference,
    reference_numpy,
)

#: Evidence is stored as int16 in units of 1e-4; this is "no evidence".
MISSING = -32768

# What a look is at one pixel.
UNSEEN, CLEAR_ALONE, CLEAR_COMPARED, SNOWY = 0, 1, 2, 3

_CLEAR, _SNOW = 1, 4  # habitat.domain.bands.State
_MASKED, _FOREST = 1, 3  # habitat.algorithms.burn.inputs.Kind
_RUN_PX = 64

Bands = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Scan = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@inlined
def _look_state(state: int, t: int, series: np.ndarray, rules: ScanRules) -> int:
    if state == _SNOW:
        return SNOWY
    if state != _CLEAR:
        return UNSEEN
    for k in range(4):
        if series[t, k] == 0:
            return UNSEEN
    g, s = float(series[t, GREEN]), float(series[t, SWIR1])
    if g > rules.snow_green * UNITS and g - s > rules.snow_ndsi * (g + s):
        return SNOWY
    return CLEAR_ALONE


@njit(cache=True, nogil=True)
def _name_looks(look: np.ndarray, series: np.ndarray, rules: ScanRules) -> None:
    """Turn the states of a pixel into what its looks are."""
    for t in range(look.size):
        look[t] = _look_state(look[t], t, series, rules)


@inlined
def _stored(value: float) -> Any:
    return min(max(np.rint(value * UNITS), -32767.0), 32767.0)


@inlined
def _compare(
    t: int,
    series: np.ndarray,
    reference: np.ndarray,
    case: tuple[bool, bool],
    rules: ScanRules,
    found: np.ndarray,
) -> None:
    """Fill a row of ``found``: NIR drop, dNBR2, dMIRBI (or dNBR), NBR before; stored units."""
    dnbr_third, browning = case
    n, a, b = float(series[t, NIR]), float(series[t, SWIR1]), float(series[t, SWIR2])
    n0, a0, b0 = reference[NIR] * 0.5, reference[SWIR1] * 0.5, reference[SWIR2] * 0.5
    nbr_before = (n0 - b0) / (n0 + b0)
    drop, ratio = 1.0 - n / n0, (a0 - b0) / (a0 + b0) - (a - b) / (a + b)
    if dnbr_third:
        third = nbr_before - (n - b) / (n + b)
    else:
        third = ((10.0 * b - 9.8 * a) - (10.0 * b0 - 9.8 * a0)) / UNITS
    if browning:
        drop -= rules.browning_nir_drop
        ratio -= rules.browning_dnbr2
        third -= rules.browning_third
    found[t, 0] = _stored(drop)
    found[t, 1] = _stored(ratio)
    found[t, 2] = _stored(third)
    found[t, 3] = _stored(nbr_before)


@inlined
def _exceeds(t: int, found: np.ndarray, third: float, share: float, rules: ScanRules) -> int:
    """Return how many of the three components exceed ``share`` of the growth rule."""
    return (
        int(found[t, 0] > rules.nir_drop * share * UNITS)
        + int(found[t, 1] > rules.dnbr2 * share * UNITS)
        + int(found[t, 2] > third * share * UNITS)
    )


@njit(cache=True, nogil=True)
def _scan_pixel(
    calendar: Calendar,
    look: np.ndarray,
    series: np.ndarray,
    forest: bool,
    rules: ScanRules,
    work: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    found: np.ndarray,
) -> None:
    days = calendar.days
    usable, picked, values, reference = work
    usable[:] = 0
    frozen = -1
    browning = False
    for t in range(days.size):
        if look[t] != CLEAR_ALONE:
            continue
        fresh = DORMANT if calendar.dormant[t] else USABLE
        if frozen >= 0 and days[t] - days[frozen] > rules.frozen_days:
            frozen = -1
            usable[:t] = 0
        if frozen < 0:
            n, browning = pick_reference(t, calendar, usable, picked, rules)
            if n == 0 or not find_reference(series, picked, n, rules, (values, reference)):
                usable[t] = fresh
                continue
        dnbr_third = forest and calendar.leaf_on[t]
        _compare(t, series, reference, (dnbr_third, browning), rules, found)
        look[t] = CLEAR_COMPARED
        third = rules.dnbr if dnbr_third else rules.dmirbi
        if frozen < 0 and _exceeds(t, found, third, 1.0, rules) == 3:
            frozen = t
        elif frozen < 0 or _exceeds(t, found, third, 0.5, rules) == 0:
            frozen = -1
            usable[t] = fresh


@njit(cache=True, nogil=True)
def scan_evidence(
    calendar: Calendar,
    state: np.ndarray,
    bands: Bands,
    kind: np.ndarray,
    rules: ScanRules,
) -> Scan:
    """Return what each look is, and how it differs from the rolling reference of its pixel.

    Parameters
    ----------
    calendar : Calendar
        Days and seasons of the looks.
    state : numpy.ndarray
        uint8 ``(T, y, x)`` of ``domain.bands.State``.
    bands : tuple of numpy.ndarray
        uint16 ``(T, y, x)``: green, NIR, SWIR1, SWIR2; 0 = no data.
    kind : numpy.ndarray
        uint8 ``(y, x)`` of ``burn.inputs.Kind``.
    rules : ScanRules
        Thresholds.

    Returns
    -------
    look : numpy.ndarray
        uint8 ``(T, y, x)``: ``UNSEEN``, ``CLEAR_ALONE`` (no reference), ``CLEAR_COMPARED``,
        ``SNOWY``.
    nir_drop, dnbr2, third, nbr_before : numpy.ndarray
        int16 ``(T, y, x)`` in units of 1e-4, ``MISSING`` unless ``CLEAR_COMPARED``. ``third`` is
        dMIRBI, or dNBR in forest in leaf.

    Notes
    -----
    The reference of a look is, per band, the median of the newest clear looks within
    ``reference_days``. From the first browning until leaf flush it is made of dormant looks only,
    reaching back to the last dormant season where there are too few; green looks stand in where
    there are none, and then as much as browning can do is taken off the evidence. A look that by
    itself shows a burn freezes the reference until a look shows nothing of it; after
    ``frozen_days`` the reference starts anew from the burned ground.
    """
    n_t, height, width = state.shape
    seen = np.zeros((n_t, height, width), np.uint8)
    nir_drop = np.full((n_t, height, width), MISSING, np.int16)
    dnbr2 = np.full((n_t, height, width), MISSING, np.int16)
    third = np.full((n_t, height, width), MISSING, np.int16)
    nbr_before = np.full((n_t, height, width), MISSING, np.int16)
    work = (
        np.zeros(n_t, np.uint8),
        np.zeros(rules.reference_looks, np.int64),
        np.zeros(rules.reference_looks, np.int64),
        np.zeros(4, np.int64),
    )
    # The planes of the stacks lie megabytes apart: a run of pixels is copied side by side.
    series = np.zeros((_RUN_PX, n_t, 4), np.int64)
    found = np.zeros((_RUN_PX, n_t, 4), np.int16)
    look = np.zeros((_RUN_PX, n_t), np.uint8)
    for y in range(height):
        for start in range(0, width, _RUN_PX):
            n = min(_RUN_PX, width - start)
            for t in range(n_t):
                for i in range(n):
                    x = start + i
                    series[i, t, 0] = bands[0][t, y, x]
                    series[i, t, 1] = bands[1][t, y, x]
                    series[i, t, 2] = bands[2][t, y, x]
                    series[i, t, 3] = bands[3][t, y, x]
                    look[i, t] = state[t, y, x]
            for i in range(n):
                _name_looks(look[i], series[i], rules)
                if kind[y, start + i] > _MASKED:
                    forest = kind[y, start + i] == _FOREST
                    _scan_pixel(calendar, look[i], series[i], forest, rules, work, found[i])
            for t in range(n_t):
                for i in range(n):
                    x = start + i
                    seen[t, y, x] = look[i, t]
                    if look[i, t] == CLEAR_COMPARED:
                        nir_drop[t, y, x] = found[i, t, 0]
                        dnbr2[t, y, x] = found[i, t, 1]
                        third[t, y, x] = found[i, t, 2]
                        nbr_before[t, y, x] = found[i, t, 3]
    return seen, nir_drop, dnbr2, third, nbr_before


def scan_evidence_numpy(
    calendar: Calendar,
    state: np.ndarray,
    bands: Bands,
    kind: np.ndarray,
    rules: ScanRules,
) -> Scan:
    """Return the same as :func:`scan_evidence`, look by look on whole planes."""
    stacks = [band.astype(np.float64) for band in bands]
    seen = _look_states_numpy(state, stacks, rules)
    out = np.full((4, *state.shape), MISSING, dtype=np.int16)
    usable, browning = np.zeros(state.shape, dtype=bool), np.zeros(kind.shape, dtype=bool)
    never = np.iinfo(np.int32).max
    frozen_day = np.full(kind.shape, never, dtype=np.int64)
    held = np.ones((4, *kind.shape))
    for t, day in enumerate(calendar.days.tolist()):
        clear = (seen[t] == CLEAR_ALONE) & (kind > _MASKED)
        expired = clear & (frozen_day != never) & (day - frozen_day > rules.frozen_days)
        usable[:t] &= ~expired
        frozen_day[expired] = never
        thawed = frozen_day == never
        if t == 0:
            usable[0] = clear
            continue
        medians, count, green = reference_numpy(t, calendar, stacks, usable, rules)
        rg, rn, rs, _ = medians
        wet = (rn < rules.water_nir * UNITS) & (rg - rs > rules.water_mndwi * (rg + rs))
        compared = clear & (~thawed | ((count > 0) & ~wet))
        held = np.where(compared & thawed, medians, held)
        browning = np.where(clear & thawed, green, browning)
        dnbr_third = (kind == _FOREST) & calendar.leaf_on[t]
        found = _compare_numpy([s[t] for s in stacks], held, (dnbr_third, browning), rules)
        out[:, t] = np.where(compared, found, out[:, t])
        seen[t] = np.where(compared, CLEAR_COMPARED, seen[t])
        third = np.where(dnbr_third, rules.dnbr, rules.dmirbi)
        limits: tuple[Any, ...] = (rules.nir_drop, rules.dnbr2, third)
        burned = np.all([f > m * UNITS for f, m in zip(found, limits, strict=False)], axis=0)
        gone = np.all([f <= m * 0.5 * UNITS for f, m in zip(found, limits, strict=False)], axis=0)
        usable[t] = clear & (~compared | (thawed & ~burned) | (~thawed & gone))
        frozen_day = np.where(compared & thawed & burned, day, frozen_day)
        frozen_day = np.where(compared & ~thawed & gone, never, frozen_day)
    return seen, out[0], out[1], out[2], out[3]


def _look_states_numpy(state: np.ndarray, stacks: list[np.ndarray], rules: ScanRules) -> np.ndarray:
    green, _, swir1, _ = stacks
    clear = (state == _CLEAR) & np.all([s > 0 for s in stacks], axis=0)
    bright = green > rules.snow_green * UNITS
    bright &= green - swir1 > rules.snow_ndsi * (green + swir1)
    snow = (state == _SNOW) | (clear & bright)
    return np.where(snow, SNOWY, np.where(clear, CLEAR_ALONE, UNSEEN)).astype(np.uint8)


def _compare_numpy(
    look: list[np.ndarray],
    reference: np.ndarray,
    case: tuple[np.ndarray, np.ndarray],
    rules: ScanRules,
) -> np.ndarray:
    _, n, a, b = look
    _, n0, a0, b0 = reference
    dnbr_third, browning = case
    with np.errstate(divide="ignore", invalid="ignore"):
        nbr_before = (n0 - b0) / (n0 + b0)
        dmirbi = ((10.0 * b - 9.8 * a) - (10.0 * b0 - 9.8 * a0)) / UNITS
        third = np.where(dnbr_third, nbr_before - (n - b) / (n + b), dmirbi)
        values = [1.0 - n / n0, (a0 - b0) / (a0 + b0) - (a - b) / (a + b), third]
    allowed = (rules.browning_nir_drop, rules.browning_dnbr2, rules.browning_third)
    values = [np.where(browning, v - k, v) for v, k in zip(values, allowed, strict=True)]
    stored = np.clip(np.rint(np.stack([*values, nbr_before]) * UNITS), -32767, 32767)
    return np.where(np.isfinite(stored), stored, MISSING)
