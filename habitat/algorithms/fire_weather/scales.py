"""National and continental scales of fire danger, shown beside the level and never in its place.

Classes are uint8, 0 where the number is not known (NaN).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EFFIS_FWI_LIMITS = (5.2, 11.2, 21.3, 38.0, 50.0)
"""Lower limits of the EFFIS classes 2 (low) to 6 (extreme), 1 being very low."""

NESTEROV_LIMITS = (300.0, 1000.0, 4000.0, 10000.0)
"""Upper limits of the Russian classes I to IV (Rosleskhoz order 287, 2011); regions differ."""

CHINA_LIMITS = (25.0, 50.0, 72.0, 90.0)
"""Upper limits of the sums of LY/T 1172-95 in the classes 1 to 4."""

_NESTEROV_RAIN_MM = 3.0
_HUMIDITY_MEMORY = 0.7


def effis_class(fwi: Floats) -> NDArray[np.uint8]:
    """EFFIS class 1..6 of a fire weather index."""
    return _classes(fwi, EFFIS_FWI_LIMITS, right=False)


def nesterov_class(
    sum_c2: Floats, limits: tuple[float, ...] = NESTEROV_LIMITS
) -> NDArray[np.uint8]:
    """Russian class 1..5 (I..V) of a Nesterov sum; `limits` are those of the region."""
    return _classes(sum_c2, limits, right=True)


def china_class(points: Floats) -> NDArray[np.uint8]:
    """Chinese class 1..5 of the points of LY/T 1172-95 (sum of A, B, C and D less E)."""
    return _classes(points, CHINA_LIMITS, right=True)


def _classes(values: Floats, limits: tuple[float, ...], *, right: bool) -> NDArray[np.uint8]:
    found = 1 + np.digitize(values, limits, right=right)
    return np.where(np.isnan(values), 0, found).astype(np.uint8)


def next_nesterov_sum(
    sum_c2: Floats, temperature_c: Floats, dew_point_c: Floats, precipitation_mm: Floats
) -> Floats:
    """Nesterov sum after one midday (degC squared); 0 again from 3 mm of rain.

    Adds t (t - td), nothing below 0 degC. NaN where the sum before or any weather is NaN.
    """
    added = np.maximum(temperature_c, 0.0) * np.maximum(temperature_c - dew_point_c, 0.0)
    dry = sum_c2 + added
    known = dry + 0.0 * precipitation_mm
    after: Floats = np.where(precipitation_mm >= _NESTEROV_RAIN_MM, 0.0 * known, known)
    return after


def effective_humidity_pct(humidity_pct: Floats) -> Floats:
    """Effective humidity (%) of the last five days, float64 (day, cell) with today first.

    Korea Forest Service: 0.3 times the sum of 0.7^k of k days ago.
    Raises ValueError unless there are five days.
    """
    if humidity_pct.shape[0] != 5:
        raise ValueError(f"humidity_pct: expected 5 days, today first, got {humidity_pct.shape[0]}")
    weights = (1.0 - _HUMIDITY_MEMORY) * _HUMIDITY_MEMORY ** np.arange(5.0)
    total: Floats = np.zeros(humidity_pct.shape[1:])
    for weight, day in zip(weights, humidity_pct, strict=True):
        total = total + weight * day
    return total
