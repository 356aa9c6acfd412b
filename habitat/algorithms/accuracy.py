"""Maps against a reference: confusion matrix, accuracies, areas, and intervals where allowed.

An interval speaks of the units that were not looked at, so it exists only for a probability
sample. For a census there is nothing left to guess, and for a purposive sample nothing to guess
from: every function that makes an interval asks for the design and refuses the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from habitat.algorithms.ratio import ratio

Design = Literal["census", "simple_random", "stratified", "purposive"]
Interval = tuple[float, float]


def confusion_matrix(mapped: np.ndarray, reference: np.ndarray, codes: Sequence[int]) -> np.ndarray:
    """Return how often each mapped class met each reference class.

    Parameters
    ----------
    mapped, reference : numpy.ndarray
        uint8 codes of one shape; pairs with a code outside ``codes`` in either (0 not observed,
        255 outside) are left out.
    codes : sequence of int
        Classes, in the order of the rows (mapped) and columns (reference).

    Returns
    -------
    numpy.ndarray
        int64 ``(n, n)``; the matrices of tiles add up to that of the whole.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if mapped.shape != reference.shape:
        raise ValueError(
            f"confusion_matrix: expected one shape, got {mapped.shape} and {reference.shape}"
        )
    pair = mapped.astype(np.int64) * 256 + reference
    counts = np.bincount(pair.reshape(-1), minlength=256 * 256).reshape(256, 256)
    return counts[np.ix_(list(codes), list(codes))].astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class MapAccuracy:
    """Agreement of a map with a reference, as counted.

    Attributes
    ----------
    n : int
        Compared units.
    overall : float
        Share in agreement, NaN without units [1].
    users, producers, f1 : numpy.ndarray
        float64 ``(n_classes,)``: share of the mapped class that is right, share of the true
        class that was mapped, their harmonic mean; NaN where the class is absent [1].
    area_bias : numpy.ndarray
        float64 ``(n_classes,)``: (mapped area - true area) / true area, NaN without true area.
    """

    n: int
    overall: float
    users: np.ndarray
    producers: np.ndarray
    f1: np.ndarray
    area_bias: np.ndarray


def map_accuracy(matrix: np.ndarray) -> MapAccuracy:
    """Return the accuracies of a confusion matrix.

    Parameters
    ----------
    matrix : numpy.ndarray
        int64 ``(n, n)``, rows mapped, columns reference. Its figures describe the map only where
        the units are a census or a simple random sample; see
        :func:`habitat.algorithms.area_estimates.stratified_accuracy`.
    """
    right, mapped, true = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    n = int(matrix.sum())
    return MapAccuracy(
        n=n,
        overall=float(right.sum() / n) if n else float("nan"),
        users=ratio(right, mapped),
        producers=ratio(right, true),
        f1=ratio(2 * right, mapped + true),
        area_bias=ratio(mapped - true, true),
    )


def wilson_interval(right: int, n: int, *, design: Design, level: float = 0.95) -> Interval:
    """Return the interval of a proportion from a simple random sample.

    Parameters
    ----------
    right, n : int
        Units in agreement, and all units.
    design : str
        Must be ``simple_random``.
    level : float
        Confidence [1].

    Returns
    -------
    tuple of float
        Lower and upper bound [1]; (0, 1) without units.

    Raises
    ------
    ValueError
        For another design, or ``right`` beyond 0..n.

    References
    ----------
    Wilson (1927), 10.1080/01621459.1927.10502953.
    """
    check_design(design, ("simple_random",))
    if not 0 <= right <= n:
        raise ValueError(f"wilson_interval: expected 0 <= right <= n, got {right} of {n}")
    if n == 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf(0.5 + level / 2) ** 2
    share = right / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (share * (1 - share) + z2 / (4 * n)) / n) ** 0.5 / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def block_bootstrap_interval(
    matrices: np.ndarray,
    rng: np.random.Generator,
    *,
    design: Design,
    n_draws: int = 2_000,
    level: float = 0.95,
) -> Interval:
    """Return the interval of the overall accuracy when units come in spatial blocks.

    Errors of neighbouring pixels are alike, so blocks are drawn again, not pixels.

    Parameters
    ----------
    matrices : numpy.ndarray
        int64 ``(block, n, n)``, one confusion matrix per randomly chosen block; blocks without
        units are left out.
    rng : numpy.random.Generator
        Seeded by the caller.
    design : str
        How the blocks were chosen: ``simple_random``.
    n_draws : int
        Bootstrap draws.
    level : float
        Confidence [1].

    Returns
    -------
    tuple of float
        Lower and upper percentile [1].

    Raises
    ------
    ValueError
        For another design, or fewer than two blocks with units.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, percentile interval, with the
    block as the unit.
    """
    check_design(design, ("simple_random",))
    n = matrices.sum(axis=(1, 2))
    right = np.trace(matrices, axis1=1, axis2=2)[n > 0]
    n = n[n > 0]
    if len(n) < 2:
        raise ValueError(f"block bootstrap: expected two blocks with units or more, got {len(n)}")
    # How often each block is drawn, instead of which: one small table per draw.
    drawn = rng.multinomial(len(n), np.full(len(n), 1 / len(n)), size=n_draws)
    overall = (drawn * right).sum(axis=1) / (drawn * n).sum(axis=1)
    lo, hi = np.quantile(overall, [0.5 - level / 2, 0.5 + level / 2])
    return float(lo), float(hi)


def check_design(design: Design, allowed: Sequence[str]) -> None:
    """Refuse an interval for a sample that does not carry one.

    Raises
    ------
    ValueError
        If the design is not one of ``allowed``.
    """
    if design not in allowed:
        raise ValueError(
            f"interval: expected a {' or '.join(allowed)} sample, got {design!r}; "
            "state the figure without an interval"
        )
