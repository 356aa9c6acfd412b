"""Areas and accuracies from a stratified random sample, with standard errors."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from habitat.algorithms.accuracy import Design, check_design


@dataclass(frozen=True, slots=True, eq=False)
class StratifiedAccuracy:
    """Estimates of a stratified random sample, with standard errors.

    Attributes
    ----------
    overall, overall_se : float
        Overall accuracy [1].
    users, users_se, producers, producers_se : numpy.ndarray
        float64 ``(n_classes,)`` [1], NaN where a class is absent.
    area_share, area_share_se : numpy.ndarray
        float64 ``(n_classes,)``, share of each reference class in the whole area [1].
    area, area_se : numpy.ndarray
        The same in the unit of the strata's areas.
    """

    overall: float
    overall_se: float
    users: np.ndarray
    users_se: np.ndarray
    producers: np.ndarray
    producers_se: np.ndarray
    area_share: np.ndarray
    area_share_se: np.ndarray
    area: np.ndarray
    area_se: np.ndarray


def strata_of_classes(matrix: np.ndarray) -> np.ndarray:
    """Return the counts by stratum where the map classes are the strata.

    Parameters
    ----------
    matrix : numpy.ndarray
        int64 ``(n, n)``, rows mapped, columns reference.

    Returns
    -------
    numpy.ndarray
        int64 ``(n, n, n)``: stratum, mapped, reference.
    """
    n = len(matrix)
    counts = np.zeros((n, n, n), dtype=np.int64)
    counts[np.arange(n), np.arange(n)] = matrix
    return counts


def stratified_accuracy(
    counts: np.ndarray,
    stratum_area: np.ndarray,
    *,
    design: Design,
    stratum_units: np.ndarray | None = None,
) -> StratifiedAccuracy:
    """Return accuracies and areas with standard errors from a stratified random sample.

    Parameters
    ----------
    counts : numpy.ndarray
        int64 ``(stratum, mapped, reference)``, sample units.
    stratum_area : numpy.ndarray
        float64 ``(stratum,)``, area of each stratum, any unit.
    design : str
        Must be ``stratified``.
    stratum_units : numpy.ndarray, optional
        int64 ``(stratum,)``, units that could have been drawn, for the finite population
        correction; none is made without (it is negligible for a map of a zone).

    Returns
    -------
    StratifiedAccuracy
        Standard errors are NaN where a stratum has a single unit.

    Raises
    ------
    ValueError
        For another design, or a stratum without units.

    Notes
    -----
    The indicator estimators of Stehman (2014), which for strata that are the map classes are
    those of Olofsson et al. (2014), who make no finite population correction.

    References
    ----------
    Olofsson et al. (2014), 10.1016/j.rse.2014.02.015, equations 1-11; Stehman (2014),
    10.1080/01431161.2014.930207, equations 2-28.
    """
    check_design(design, ("stratified",))
    n_h = counts.sum(axis=(1, 2))
    if not n_h.all():
        raise ValueError(
            f"stratified sample: expected units in every stratum, got {n_h.tolist()}; "
            "merge empty strata with a neighbour"
        )
    unseen = np.ones(len(n_h)) if stratum_units is None else 1 - n_h / stratum_units
    sample = _Sample(counts, n_h, np.asarray(stratum_area, dtype=np.float64), unseen)
    units = np.ones(counts.shape[1:])
    one = np.eye(len(units))
    both, mapped, true = (
        one[:, :, None] * one[:, None],
        one[:, :, None] * units,
        one[:, None] * units,
    )
    overall, overall_se = sample.ratio(one, units)
    users, users_se = sample.ratios(both, mapped)
    producers, producers_se = sample.ratios(both, true)
    share, share_se = sample.ratios(true, np.broadcast_to(units, true.shape))
    total = float(sample.area.sum())
    return StratifiedAccuracy(
        overall,
        overall_se,
        users,
        users_se,
        producers,
        producers_se,
        share,
        share_se,
        share * total,
        share_se * total,
    )


def normal_interval(
    estimate: np.ndarray, standard_error: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper bounds at ``level`` of estimates with standard errors."""
    half = NormalDist().inv_cdf(0.5 + level / 2) * standard_error
    return estimate - half, estimate + half


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Units (stratum, mapped, reference); their number, area and unseen share by stratum."""

    counts: np.ndarray
    n: np.ndarray
    area: np.ndarray
    unseen: np.ndarray

    def ratio(self, y: np.ndarray, x: np.ndarray) -> tuple[float, float]:
        """Return the ratio of the totals of two indicators, and its standard error."""
        mean_y, mean_x = self._mean(y), self._mean(x)
        total_x = float((self.area * mean_x).sum())
        if total_x == 0:
            return float("nan"), float("nan")
        ratio = float((self.area * mean_y).sum()) / total_x
        residual = y - ratio * x
        squares = self._mean(residual**2) - self._mean(residual) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = self.unseen * self.area**2 * np.maximum(squares, 0.0) / (self.n - 1)
        return ratio, float(np.sqrt(variance.sum())) / total_x

    def ratios(self, ys: np.ndarray, xs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return :meth:`ratio` for each pair of indicators."""
        pairs = [self.ratio(y, x) for y, x in zip(ys, xs, strict=True)]
        ratio, error = np.array(pairs, dtype=np.float64).T
        return ratio, error

    def _mean(self, values: np.ndarray) -> np.ndarray:
        mean: np.ndarray = (self.counts * values).sum(axis=(1, 2)) / self.n
        return mean
