"""Class statistics of each date over the whole AOI, exact and free of any order.

Statistics of a single tile would absorb the largest fires without a word. Each tile therefore
counts its evidence in fixed bins; the counts of all tiles add up exactly, and median and MAD are
read from the sum.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from habitat.algorithms.burn.evidence import Evidence
from habitat.algorithms.burn.inputs import BurnParams, FireYear, Kind, Place
from habitat.algorithms.kernels.burn_looks import (
    BIN_UNITS,
    FIRST_UNITS,
    N_BINS,
    count_evidence,
)
from habitat.algorithms.kernels.burn_reference import UNITS
from habitat.domain.hotspots import Hotspots

#: Robust standard deviation of a normal distribution over its MAD.
MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class EvidenceCounts:
    """Counts of evidence of one or more tiles.

    Attributes
    ----------
    keys : numpy.ndarray
        int32 ``(n, 3)``: day, class code, and 1 where a hotspot is near, else 0; sorted.
    counts : numpy.ndarray
        int32 ``(n, 3, N_BINS)``.
    """

    keys: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class ClassStatistics:
    """Median and robust standard deviation of each component, by day and class.

    Attributes
    ----------
    keys : numpy.ndarray
        int32 ``(n, 2)``: day and class code; only those with enough pixels.
    centre, scale : numpy.ndarray
        float64 ``(n, 3)``, in units of 1e-4; the scale is never 0.
    """

    keys: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    def tables(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        """Return ``(256, 3)`` tables of a day by class code; scale 0 where there is none."""
        centre, scale = np.zeros((256, 3)), np.zeros((256, 3))
        rows = self.keys[:, 0] == day
        codes = self.keys[rows, 1]
        centre[codes], scale[codes] = self.centre[rows], self.scale[rows]
        return centre, scale


@dataclass(frozen=True)
class Tile:
    """A padded tile after the first stage.

    Attributes
    ----------
    place : Place
        Where it lies.
    cover : numpy.ndarray
        uint8 ``(y, x)``, class code before the fire; 0 not observed, 255 outside the AOI.
    evidence : Evidence
        What its looks show.
    """

    place: Place
    cover: np.ndarray
    evidence: Evidence


def hotspot_free(place: Place, hotspots: Hotspots, day: int, params: BurnParams) -> np.ndarray:
    """Return the pixels far from every hotspot of the reference window, bool ``(y, x)``."""
    free = np.ones(place.window.shape, dtype=bool)
    recent = (hotspots.days <= day) & (hotspots.days > day - params.hotspot_free_days)
    for x, y in zip(hotspots.x_m[recent], hotspots.y_m[recent], strict=True):
        rows, cols, near = place.disc(x, y, params.hotspot_free_m)
        free[rows, cols] &= ~near
    return free


def unflagged(found: Evidence, t: int, params: BurnParams) -> np.ndarray:
    """Return the pixels whose look does not show a burn by itself, bool ``(y, x)``."""
    third = np.full(found.kind.shape, params.growth_dmirbi * UNITS)
    if found.leaf_on[t]:
        third[found.kind == Kind.FOREST] = params.growth_dnbr * UNITS
    flagged: np.ndarray = (
        (found.nir_drop[t] > params.growth_nir_drop * UNITS)
        & (found.dnbr2[t] > params.growth_dnbr2 * UNITS)
        & (found.third[t] > third)
    )
    return ~flagged


def class_statistics(
    tile: Tile,
    hotspots: Hotspots,
    fire_year: FireYear,
    params: BurnParams,
    *,
    sample: np.ndarray | None = None,
) -> EvidenceCounts:
    """Count the evidence of a tile's own pixels, for the looks of the fire year.

    Parameters
    ----------
    tile : Tile
        The halo is not counted.
    hotspots : Hotspots
        Detections of the AOI.
    fire_year : FireYear
        Days that are counted.
    params : BurnParams
        Thresholds.
    sample : numpy.ndarray, optional
        bool ``(y, x)`` of the padded tile: pixels that may be counted. It must be a function of
        the global pixel index, not of the tile.
    """
    core, found = tile.place.slices, tile.evidence
    keys, counts = [], []
    for t, day in enumerate(found.days.tolist()):
        if not fire_year.first_day <= day <= fire_year.last_day:
            continue
        far = hotspot_free(tile.place, hotspots, day, params)
        use = unflagged(found, t, params)
        if sample is not None:
            use &= sample
        components = (found.nir_drop[t][core], found.dnbr2[t][core], found.third[t][core])
        for near, part in ((0, use & far), (1, use & ~far)):
            by_class = count_evidence(components, tile.cover[core], part[core])
            codes = np.flatnonzero(by_class[:, 0].any(axis=1))
            codes = codes[codes > 0]  # without a cover there is no class
            keys += [(day, code, near) for code in codes.tolist()]
            counts.append(by_class[codes])
    if not keys:
        return EvidenceCounts(np.zeros((0, 3), np.int32), np.zeros((0, 3, N_BINS), np.int32))
    return EvidenceCounts(np.array(keys, dtype=np.int32), np.concatenate(counts))


def add(partials: Iterable[EvidenceCounts]) -> EvidenceCounts:
    """Return the sum of partial counts; any order and any grouping give the same."""
    totals: dict[tuple[int, ...], np.ndarray] = {}
    for partial in partials:
        for key, counts in zip(map(tuple, partial.keys.tolist()), partial.counts, strict=True):
            totals[key] = totals[key] + counts if key in totals else counts
    keys = sorted(totals)
    return EvidenceCounts(
        np.array(keys, dtype=np.int32).reshape(-1, 3),
        np.array([totals[key] for key in keys], dtype=np.int32).reshape(-1, 3, N_BINS),
    )


def combine(partials: Iterable[EvidenceCounts], params: BurnParams) -> ClassStatistics:
    """Return the statistics of all tiles together.

    They rest on the pixels far from hotspots; where those are fewer than ``min_class_px``, on all
    pixels that do not show a burn by themselves; a class with too few of these has none on that
    date, and only the absolute rule speaks.
    """
    total = add(partials)
    keys, centre, scale = [], [], []
    for day, code in np.unique(total.keys[:, :2], axis=0).tolist():
        rows = (total.keys[:, 0] == day) & (total.keys[:, 1] == code)
        far = total.counts[rows & (total.keys[:, 2] == 0)].sum(axis=0, dtype=np.int64)
        counts = far if _n(far) >= params.min_class_px else total.counts[rows].sum(axis=0)
        if _n(counts) < params.min_class_px:
            continue
        pairs = [_median_and_mad(counts[k]) for k in range(3)]
        keys.append((day, code))
        centre.append([median for median, _ in pairs])
        floors = [floor * UNITS for floor in params.mad_floor]
        scale.append([MAD_TO_SD * max(m, f) for (_, m), f in zip(pairs, floors, strict=True)])
    return ClassStatistics(
        np.array(keys, dtype=np.int32).reshape(-1, 2),
        np.array(centre, dtype=np.float64).reshape(-1, 3),
        np.array(scale, dtype=np.float64).reshape(-1, 3),
    )


def _n(counts: np.ndarray) -> int:
    return int(counts[0].sum(dtype=np.int64))


def _median_and_mad(counts: np.ndarray) -> tuple[float, float]:
    """Return the lower median and MAD of binned values, in units of 1e-4 (bin centres)."""
    half = (int(counts.sum(dtype=np.int64)) + 1) // 2
    middle = int(np.searchsorted(np.cumsum(counts, dtype=np.int64), half))
    away = np.abs(np.arange(N_BINS) - middle)
    by_distance = np.bincount(away, weights=counts, minlength=N_BINS)
    distance = int(np.searchsorted(np.cumsum(by_distance), half))
    centre = FIRST_UNITS + (middle + 0.5) * BIN_UNITS
    return centre, float(distance * BIN_UNITS)
