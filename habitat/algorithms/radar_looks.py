"""Looks of Sentinel-1 to one image of a season, in hundredths of a decibel.

The values are terrain-flattened gamma nought: power over the area that the terrain turns to the
radar (Small 2011, doi:10.1109/TGRS.2011.2120616), so that slopes do not pass for forest. Speckle
multiplies power; the median over the looks of a season is robust to it and to a wet or frozen day,
and is taken in linear power, since a mean of decibels is the geometric one and too low.
"""

import numpy as np

from habitat.algorithms.reasons import Reason
from habitat.domain.radar import DB_NODATA, DB_SCALE, LEAST_POWER, MOST_POWER

_INT16_MAX = 32767


def usable_power(power: np.ndarray) -> np.ndarray:
    """Return linear power with all that is no backscatter of land or water as NaN.

    Parameters
    ----------
    power : numpy.ndarray
        float32, gamma nought [1]; NaN or infinite where missing.

    Returns
    -------
    numpy.ndarray
        float32: NaN where missing, below -40 dB (borders, noise) or above +20 dB.
    """
    with np.errstate(invalid="ignore"):
        good = (power >= LEAST_POWER) & (power <= MOST_POWER)
    return np.where(good, power, np.float32(np.nan)).astype(np.float32)


def median_power(power: np.ndarray) -> np.ndarray:
    """Return the median of the observed looks of each pixel.

    Parameters
    ----------
    power : numpy.ndarray
        float32 ``(time, y, x)`` [1], NaN = missing.

    Returns
    -------
    numpy.ndarray
        float64 ``(y, x)`` [1]; of an even number the mean of the middle two; NaN without a look.
    """
    if not len(power):
        return np.full(power.shape[1:], np.nan)
    ordered = np.sort(power, axis=0)  # NaN last
    count = np.isfinite(power).sum(axis=0)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.minimum(high, len(power) - 1)
    middle = [
        np.take_along_axis(ordered, at[None], axis=0)[0].astype(np.float64) for at in (low, high)
    ]
    return np.where(count > 0, (middle[0] + middle[1]) / 2, np.nan)


def decibels(power: np.ndarray) -> np.ndarray:
    """Return 10 log10 of power, int16 hundredths of a decibel, -32768 where it is NaN."""
    with np.errstate(invalid="ignore", divide="ignore"):
        hundredths = np.floor(10.0 * np.log10(power) / DB_SCALE + 0.5)
    known = np.isfinite(hundredths)
    clipped = np.clip(np.where(known, hundredths, 0.0), DB_NODATA + 1, _INT16_MAX)
    return np.where(known, clipped, DB_NODATA).astype(np.int16)


def radar_composite(vv: np.ndarray, vh: np.ndarray) -> dict[str, np.ndarray]:
    """Return the composite of a season.

    Parameters
    ----------
    vv, vh : numpy.ndarray
        float32 ``(time, y, x)``: usable gamma nought in linear power [1], NaN = missing. A look
        counts where both polarisations are there.

    Returns
    -------
    dict of str to numpy.ndarray
        ``VV``, ``VH`` and their ratio ``VH_VV``: int16 ``(y, x)`` hundredths of a decibel, -32768
        where nothing was seen; ``n_looks``: uint16 ``(y, x)``; ``reason``: uint8 ``(y, x)`` of
        :class:`habitat.algorithms.reasons.Reason`.
    """
    both = np.isfinite(vv) & np.isfinite(vh)
    middle = [median_power(np.where(both, power, np.float32(np.nan))) for power in (vv, vh)]
    n_looks = both.sum(axis=0).astype(np.uint16)
    return {
        "VV": decibels(middle[0]),
        "VH": decibels(middle[1]),
        "VH_VV": decibels(middle[1] / middle[0]),
        "n_looks": n_looks,
        "reason": np.where(n_looks > 0, Reason.OBSERVED, Reason.NO_SCENE).astype(np.uint8),
    }
