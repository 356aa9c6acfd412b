"""Evidence of burning in each look, against what the pixel looked like before."""

from dataclasses import dataclass

import numpy as np

from habitat.algorithms.burn.inputs import (
    BURN_BANDS,
    BurnParams,
    CoverKinds,
    Looks,
)
from habitat.algorithms.kernels.burn import scan_evidence
from habitat.algorithms.kernels.burn_reference import Calendar, ScanRules


@dataclass(frozen=True)
class Evidence:
    """How each look of a padded tile differs from its reference.

    Attributes
    ----------
    days : numpy.ndarray
        int32 ``(T,)``.
    leaf_on : numpy.ndarray
        bool ``(T,)``.
    kind : numpy.ndarray
        uint8 ``(y, x)`` of :class:`~habitat.algorithms.burn.inputs.Kind`.
    look : numpy.ndarray
        uint8 ``(T, y, x)``: 0 unseen, 1 clear without reference, 2 clear and compared, 3 snow.
    nir_drop, dnbr2, third, nbr_before : numpy.ndarray
        int16 ``(T, y, x)`` in units of 1e-4; -32768 where not compared.
    """

    days: np.ndarray
    leaf_on: np.ndarray
    kind: np.ndarray
    look: np.ndarray
    nir_drop: np.ndarray
    dnbr2: np.ndarray
    third: np.ndarray
    nbr_before: np.ndarray


def scan_rules(params: BurnParams) -> ScanRules:
    """Return the thresholds of the scan."""
    return ScanRules(
        params.reference_looks,
        params.reference_days,
        params.reference_min_looks,
        params.dormant_reference_days,
        params.frozen_days,
        params.snow_ndsi,
        params.snow_green,
        params.water_mndwi,
        params.water_nir,
        params.growth_nir_drop,
        params.growth_dnbr2,
        params.growth_dmirbi,
        params.growth_dnbr,
        params.browning_nir_drop,
        params.browning_dnbr2,
        params.browning_third,
    )


def evidence(looks: Looks, kinds: CoverKinds, params: BurnParams) -> Evidence:
    """Return the evidence of each look of a tile: pixel by pixel, so any tiling agrees.

    Parameters
    ----------
    looks : Looks
        The fire year with the looks before it that references need.
    kinds : CoverKinds
        Class codes of the cover by kind.
    params : BurnParams
        Thresholds.
    """
    kind = kinds.table(include_crop=params.include_crop)[looks.cover]
    days = looks.days.astype(np.int32)
    leaf_on = params.leaf_on(days)
    calendar = Calendar(days, leaf_on, params.browned(days), params.dormant(days))
    green, nir, swir1, swir2 = (looks.bands[band] for band in BURN_BANDS)
    found = scan_evidence(
        calendar, looks.state, (green, nir, swir1, swir2), kind, scan_rules(params)
    )
    return Evidence(days, leaf_on, kind, *found)
