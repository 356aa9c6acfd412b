"""Kernels over one look: counts of its evidence by class, and what each pixel shows."""

from typing import NamedTuple

import numpy as np
from numba import njit

from habitat.algorithms.kernels.burn import MISSING

#: Bins of the evidence counts: 0.002 wide, from -2 to 1.
BIN_UNITS, FIRST_UNITS, N_BINS = 20, -20_000, 1_500

# Bits of the class of a look.
OBSERVED, PERSISTS, GROWTH, SEED, OBJECT, HOT, STRONG = 1, 2, 4, 8, 16, 32, 64

_FOREST = 3  # habitat.algorithms.burn.inputs.Kind

Components = tuple[np.ndarray, np.ndarray, np.ndarray]


class LookRules(NamedTuple):
    """Thresholds of :func:`classify_look`; evidence and reflectance in units of 1e-4."""

    z_min: float
    z_max: float
    seed_ev: float
    seed_nir_drop: float
    seed_dnbr2: float
    seed_nir: float
    seed_nir_forest: float
    absolute_nir_drop: float
    absolute_dnbr2: float
    absolute_third: float
    absolute_third_forest: float
    absolute_nir: float
    growth_ev: float
    growth_nir_drop: float
    growth_dnbr2: float
    growth_third: float
    growth_third_forest: float
    persist_ev: float
    persist_share: float


@njit(cache=True, nogil=True)
def count_evidence(components: Components, cover: np.ndarray, use: np.ndarray) -> np.ndarray:
    """Return how many pixels fall in each bin of each component, by class code.

    Parameters
    ----------
    components : tuple of numpy.ndarray
        int16 ``(y, x)``: NIR drop, dNBR2 and the third component, in units of 1e-4.
    cover : numpy.ndarray
        uint8 ``(y, x)``, class code.
    use : numpy.ndarray
        bool ``(y, x)``, pixels that count; those without evidence never do.

    Returns
    -------
    numpy.ndarray
        int32 ``(256, 3, N_BINS)``; values beyond the bins fall in the first and the last.
    """
    counts = np.zeros((256, 3, N_BINS), np.int32)
    drop, dnbr2, third = components
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            if use[y, x] and drop[y, x] != MISSING:
                code = cover[y, x]
                for k, value in enumerate((drop[y, x], dnbr2[y, x], third[y, x])):
                    i = int((np.int64(value) - FIRST_UNITS) // BIN_UNITS)
                    counts[code, k, min(max(i, 0), N_BINS - 1)] += 1
    return counts


def count_evidence_numpy(components: Components, cover: np.ndarray, use: np.ndarray) -> np.ndarray:
    """Return the same as :func:`count_evidence`."""
    counts = np.zeros((256, 3, N_BINS), np.int32)
    use = use & (components[0] != MISSING)
    for k, values in enumerate(components):
        i = np.clip((values[use].astype(np.int64) - FIRST_UNITS) // BIN_UNITS, 0, N_BINS - 1)
        np.add.at(counts, (cover[use], k, i), 1)
    return counts


@njit(cache=True, nogil=True)
def _mean_z(
    values: tuple[float, float, float], centre: np.ndarray, scale: np.ndarray, rules: LookRules
) -> float:
    total = 0.0
    for k in range(3):
        z = (values[k] - centre[k]) / scale[k]
        total += min(max(z, rules.z_min), rules.z_max)
    return total / 3.0


@njit(cache=True, nogil=True)
def _show(
    values: tuple[float, float, float],
    nir: float,
    ev: float,
    forest: tuple[bool, bool],
    rules: LookRules,
) -> int:
    """Return the bits of one compared pixel; ``ev`` is below all cuts where it is not known."""
    drop, ratio, third = values
    in_forest, dnbr_third = forest
    growth_third = rules.growth_third_forest if dnbr_third else rules.growth_third
    absolute_third = rules.absolute_third_forest if dnbr_third else rules.absolute_third
    share = rules.persist_share
    bits = OBSERVED
    if ev > rules.persist_ev or (
        ratio > share * rules.growth_dnbr2 and third > share * growth_third
    ):
        bits |= PERSISTS
    if ev > rules.growth_ev or (
        drop > rules.growth_nir_drop and ratio > rules.growth_dnbr2 and third > growth_third
    ):
        bits |= GROWTH
    floors = drop > rules.seed_nir_drop and ratio > rules.seed_dnbr2
    dark = nir < (rules.seed_nir_forest if in_forest else rules.seed_nir)
    absolute = drop > rules.absolute_nir_drop and ratio > rules.absolute_dnbr2
    if (ev > rules.seed_ev and floors and dark) or (
        absolute and third > absolute_third and nir < rules.absolute_nir
    ):
        bits |= SEED | GROWTH
    if ev > rules.seed_ev or bits & SEED:
        bits |= STRONG
    return bits


@njit(cache=True, nogil=True)
def classify_look(
    components: Components,
    nir: np.ndarray,
    land: tuple[np.ndarray, np.ndarray],
    leaf_on: bool,
    statistics: tuple[np.ndarray, np.ndarray],
    rules: LookRules,
) -> np.ndarray:
    """Return what each pixel of one look shows.

    Parameters
    ----------
    components : tuple of numpy.ndarray
        int16 ``(y, x)``: NIR drop, dNBR2 and the third component, in units of 1e-4.
    nir : numpy.ndarray
        uint16 ``(y, x)``, NIR of the look.
    land : tuple of numpy.ndarray
        uint8 ``(y, x)``: class code, and ``burn.inputs.Kind``.
    leaf_on : bool
        Whether the third component of forest is dNBR.
    statistics : tuple of numpy.ndarray
        float64 ``(256, 3)``: median and robust standard deviation by class code, in units of
        1e-4; a deviation of 0 means that the class has none.
    rules : LookRules
        Thresholds.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)`` of ``OBSERVED``, ``PERSISTS``, ``GROWTH``, ``SEED``, ``STRONG`` (the
        evidence of a seed); 0 not compared.
    """
    drop, dnbr2, third = components
    cover, kind = land
    centre, scale = statistics
    out = np.zeros(cover.shape, np.uint8)
    for y in range(cover.shape[0]):
        for x in range(cover.shape[1]):
            if drop[y, x] == MISSING:
                continue
            values = (float(drop[y, x]), float(dnbr2[y, x]), float(third[y, x]))
            code = cover[y, x]
            ev = rules.z_min
            if scale[code, 0] > 0:
                ev = _mean_z(values, centre[code], scale[code], rules)
            forest = kind[y, x] == _FOREST
            out[y, x] = _show(values, float(nir[y, x]), ev, (forest, forest and leaf_on), rules)
    return out


def classify_look_numpy(
    components: Components,
    nir: np.ndarray,
    land: tuple[np.ndarray, np.ndarray],
    leaf_on: bool,
    statistics: tuple[np.ndarray, np.ndarray],
    rules: LookRules,
) -> np.ndarray:
    """Return the same as :func:`classify_look`."""
    drop, ratio, third = (c.astype(np.float64) for c in components)
    cover, kind = land
    centre, scale = (table[cover] for table in statistics)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = [(v - centre[..., k]) / scale[..., k] for k, v in enumerate((drop, ratio, third))]
    z0, z1, z2 = (np.minimum(np.maximum(v, rules.z_min), rules.z_max) for v in z)
    ev = np.where(scale[..., 0] > 0, (z0 + z1 + z2) / 3.0, rules.z_min)
    forest = kind == _FOREST
    in_leaf = forest & leaf_on
    grow3 = np.where(in_leaf, rules.growth_third_forest, rules.growth_third)
    absolute3 = np.where(in_leaf, rules.absolute_third_forest, rules.absolute_third)
    half = rules.persist_share
    persists = (ev > rules.persist_ev) | (
        (ratio > half * rules.growth_dnbr2) & (third > half * grow3)
    )
    growth = (ev > rules.growth_ev) | (
        (drop > rules.growth_nir_drop) & (ratio > rules.growth_dnbr2) & (third > grow3)
    )
    floors = (drop > rules.seed_nir_drop) & (ratio > rules.seed_dnbr2)
    dark = nir < np.where(forest, rules.seed_nir_forest, rules.seed_nir)
    absolute = (drop > rules.absolute_nir_drop) & (ratio > rules.absolute_dnbr2)
    absolute &= (third > absolute3) & (nir < rules.absolute_nir)
    seed = ((ev > rules.seed_ev) & floors & dark) | absolute
    bits = OBSERVED + PERSISTS * persists + GROWTH * (growth | seed) + SEED * seed
    bits += STRONG * ((ev > rules.seed_ev) | seed)
    return np.where(components[0] == MISSING, 0, bits).astype(np.uint8)
