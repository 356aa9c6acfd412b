"""Canopy effect of burns in forest."""

from dataclasses import dataclass

import numpy as np

from habitat.algorithms.burn.evidence import Evidence
from habitat.algorithms.burn.inputs import BurnParams, Looks
from habitat.algorithms.kernels.burn import CLEAR_ALONE, CLEAR_COMPARED
from habitat.algorithms.kernels.burn_reference import UNITS

#: Codes of ``domain.legend.BURN_SEVERITY``.
NO_CANOPY_EFFECT, UNBURNED, NO_SEVERITY = 1, 8, 9
_BLOCK_PX = 65_536


@dataclass(frozen=True)
class BurnedPixels:
    """Burned pixels in a row.

    Attributes
    ----------
    row, col : numpy.ndarray
        int64 ``(n,)``, index in the arrays of the looks.
    event : numpy.ndarray
        int64 ``(n,)``, index of the first look that shows the burn.
    lo_day : numpy.ndarray
        int64 ``(n,)``, day of the last clear look before it.
    """

    row: np.ndarray
    col: np.ndarray
    event: np.ndarray
    lo_day: np.ndarray

    def take(self, rows: slice) -> "BurnedPixels":
        """Return some of the pixels."""
        return BurnedPixels(self.row[rows], self.col[rows], self.event[rows], self.lo_day[rows])


def forest_severity(
    looks: Looks,
    found: Evidence,
    pixels: BurnedPixels,
    params: BurnParams,
) -> tuple[np.ndarray, np.ndarray]:
    """Return severity codes 1 to 5 and the RBR of burned forest pixels.

    A canopy is judged in leaf: where there are clear looks at a full canopy before and after the
    burn, NBR before and after are their medians (up to ``reference_looks``). Elsewhere they are
    those of the look that found the burn; leaf-off this shows charred litter, not a dead canopy,
    so the code then ends at ``leaf_off_max_severity``.

    Parameters
    ----------
    looks : Looks
        Of the padded tile.
    found : Evidence
        Of the same tile.
    pixels : BurnedPixels
        In forest.
    params : BurnParams
        Thresholds.

    Returns
    -------
    severity : numpy.ndarray
        uint8 ``(n,)``: 1 no detectable canopy effect, 2 low, 3 moderate-low, 4 moderate-high,
        5 high, cut on dNBR.
    rbr : numpy.ndarray
        int32 ``(n,)`` in units of 1e-4.

    References
    ----------
    Cuts 0.10, 0.27, 0.44, 0.66 of dNBR: Key & Benson (2006), USDA Forest Service
    RMRS-GTR-164-CD, for closed forest. RBR: Parks et al. (2014), doi:10.3390/rs6031827.
    """
    n = len(pixels.row)
    severity, rbr = np.zeros(n, dtype=np.uint8), np.zeros(n, dtype=np.int32)
    for start in range(0, n, _BLOCK_PX):
        part = slice(start, start + _BLOCK_PX)
        some = pixels.take(part)
        before, after, capped = _nbr_pair(looks, found, some, params)
        change = before - after
        cuts = np.asarray(params.severity_dnbr, dtype=np.float32)
        code = 1 + np.searchsorted(cuts, change, side="right")
        severity[part] = np.where(capped, np.minimum(code, params.leaf_off_max_severity), code)
        rbr[part] = np.rint(change / (before + 1.001) * UNITS)
    return severity, rbr


def _nbr_of_event(
    looks: Looks, found: Evidence, pixels: BurnedPixels
) -> tuple[np.ndarray, np.ndarray]:
    """Return NBR before and after, float32 ``(n,)``, of the look that found each burn."""
    at = (pixels.event, pixels.row, pixels.col)
    before = found.nbr_before[at].astype(np.float32) / np.float32(UNITS)
    return before, _nbr(looks, at)


def _nbr(looks: Looks, at: tuple[np.ndarray | slice | list[int], ...]) -> np.ndarray:
    nir = looks.bands["B8A"][at].astype(np.float32)
    swir2 = looks.bands["B12"][at].astype(np.float32)
    ratio: np.ndarray = (nir - swir2) / np.maximum(nir + swir2, np.float32(1))
    return ratio


def _nbr_pair(
    looks: Looks,
    found: Evidence,
    pixels: BurnedPixels,
    params: BurnParams,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return NBR before and after, and where they do not show the canopy."""
    before, after = _nbr_of_event(looks, found, pixels)
    found_in_leaf = params.full_canopy(looks.days)[pixels.event]
    canopy = np.flatnonzero(params.full_canopy(looks.days))
    if len(canopy) == 0:
        return before, after, ~found_in_leaf
    at = (canopy[:, None], pixels.row[None, :], pixels.col[None, :])
    clear = (found.look[at] == CLEAR_ALONE) | (found.look[at] == CLEAR_COMPARED)
    day, hi_day = looks.days[canopy][:, None], looks.days[pixels.event]
    near = np.abs(day - hi_day) <= params.canopy_days
    index = _nbr(looks, at)
    early = _median_of_first(index[::-1], (clear & near & (day <= pixels.lo_day))[::-1], params)
    late = _median_of_first(index, clear & near & (day >= hi_day), params)
    both = ~np.isnan(early) & ~np.isnan(late)
    return (
        np.where(both, early, before),
        np.where(both, late, after),
        ~both & ~found_in_leaf,
    )


def _median_of_first(index: np.ndarray, eligible: np.ndarray, params: BurnParams) -> np.ndarray:
    """Return the median of the first few eligible looks, NaN without one."""
    chosen = eligible & (np.cumsum(eligible, axis=0) <= params.reference_looks)
    some = chosen.any(axis=0)
    masked = np.where(chosen | ~some, index, np.float32("nan"))
    median: np.ndarray = np.nanmedian(masked, axis=0)
    return np.where(some, median, np.float32("nan"))
