"""Burn maps against a reference: Dice, omission and commission, by stratum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from habitat.algorithms.ratio import ratio


@dataclass(frozen=True, slots=True, eq=False)
class BurnAccuracy:
    """Agreement of a burn map with a reference, by stratum.

    Attributes
    ----------
    n : numpy.ndarray
        int64 ``(n_strata,)``, compared pixels.
    dice, omission, commission : numpy.ndarray
        float64 ``(n_strata,)`` [1]: 2 TP / (2 TP + FP + FN), missed share of the true burns,
        false share of the mapped burns; NaN where there is nothing to divide by.
    bias : numpy.ndarray
        float64 ``(n_strata,)``: (mapped area - true area) / true area [1].
    """

    n: np.ndarray
    dice: np.ndarray
    omission: np.ndarray
    commission: np.ndarray
    bias: np.ndarray


def burn_confusion(
    mapped: np.ndarray, reference: np.ndarray, stratum: np.ndarray, n_strata: int
) -> np.ndarray:
    """Return the agreement of two burn maps by stratum.

    Parameters
    ----------
    mapped, reference : numpy.ndarray
        bool, of one shape, True where burned.
    stratum : numpy.ndarray
        uint8 of the same shape; values from ``n_strata`` on are left out (255: not observed, or
        outside). For days since the fire, which unburned pixels do not have, only the omission
        means anything.
    n_strata : int
        Number of strata.

    Returns
    -------
    numpy.ndarray
        int64 ``(n_strata, 2, 2)``, mapped by reference, unburned first; parts of tiles add up.
    """
    code = stratum.astype(np.int64) * 4 + mapped * 2 + reference
    counts = np.bincount(code[stratum < n_strata], minlength=4 * n_strata)
    return counts.reshape(n_strata, 2, 2).astype(np.int64)


def burn_accuracy(counts: np.ndarray) -> BurnAccuracy:
    """Return the accuracies of :func:`burn_confusion`; sum over the first axis for the whole.

    References
    ----------
    Padilla et al. (2015), 10.1016/j.rse.2015.01.005, for the measures.
    """
    hit, false, missed = counts[:, 1, 1], counts[:, 1, 0], counts[:, 0, 1]
    return BurnAccuracy(
        n=counts.sum(axis=(1, 2)),
        dice=ratio(2 * hit, 2 * hit + false + missed),
        omission=ratio(missed, hit + missed),
        commission=ratio(false, hit + false),
        bias=ratio(false - missed, hit + missed),
    )


def day_bins(days: np.ndarray, edges: Sequence[int]) -> np.ndarray:
    """Return strata of days since the fire.

    Parameters
    ----------
    days : numpy.ndarray
        int32, days since the fire, negative where there was none.
    edges : sequence of int
        First day of the second, third, ... bin; rising.

    Returns
    -------
    numpy.ndarray
        uint8, 0..len(edges), 255 where there was no fire.
    """
    bins = np.searchsorted(np.asarray(edges), days, side="right").astype(np.uint8)
    return np.where(days < 0, np.uint8(255), bins)
