"""Calibration of probabilities: one temperature, and how far probabilities are off."""

import numpy as np
from scipy.optimize import minimize_scalar

#: Bins of the expected calibration error (Guo et al. 2017 use 15).
N_BINS = 15
_LOG_RANGE = (-2.5, 2.5)


def fit_temperature(log_probability: np.ndarray, truth: np.ndarray) -> float:
    """Return the temperature that makes held-out predictions most probable.

    Minimises the mean log loss of ``softmax(log p / T)`` (Guo et al. 2017, On calibration of
    modern neural networks, PMLR 70, section 4.2).

    Parameters
    ----------
    log_probability : numpy.ndarray
        float64 ``(class, n)``, finite.
    truth : numpy.ndarray
        int ``(n,)``, row of the true class.

    Returns
    -------
    float
        Between 0.08 and 12, to four decimals.
    """

    def log_loss(log_temperature: float) -> float:
        scaled = log_probability / np.exp(log_temperature)
        scaled -= scaled.max(axis=0)
        log_total = np.log(np.exp(scaled).sum(axis=0))
        return float(np.mean(log_total - scaled[truth, np.arange(truth.size)]))

    best = minimize_scalar(log_loss, bounds=_LOG_RANGE, method="bounded", options={"xatol": 1e-5})
    return round(float(np.exp(best.x)), 4)


def calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    """Return the expected calibration error of the class shown.

    The mean over 15 equal bins of confidence of ``|share correct − mean confidence|``, weighted
    by the samples in the bin (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602).

    Parameters
    ----------
    confidence : numpy.ndarray
        float ``(n,)``, probability of the class shown, in [0, 1].
    correct : numpy.ndarray
        bool ``(n,)``.

    Returns
    -------
    float
        In [0, 1].
    """
    bins = np.minimum((confidence * N_BINS).astype(np.int64), N_BINS - 1)
    excess = np.bincount(bins, weights=correct - confidence.astype(np.float64), minlength=N_BINS)
    return float(np.abs(excess).sum() / confidence.size)
