"""Division in which nothing to divide by is missing, not zero and not infinite."""

import numpy as np


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return ``part / whole``, float64, NaN where ``whole`` is 0."""
    out = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=out, where=whole != 0)
    return out
