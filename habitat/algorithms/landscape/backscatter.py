"""SIMULATED gamma nought of a landscape: a mean by class and season, and speckle.

The means follow what C-band shows of such land (forest -7 to -9 dB in VV and -13 to -15 in VH,
water far below, built land above); they are chosen, not measured. Speckle of L looks is a gamma
distribution of mean 1 and shape L (Ulaby & Dobson 1989, Handbook of Radar Scattering Statistics,
chapter 2); L is 4.4 in ground range products of the interferometric wide mode.
"""

import numpy as np
from scipy.stats import gamma

from habitat.algorithms.landscape.noise import Sampling, hash_grid, key_of
from habitat.domain.grid import Window
from habitat.domain.radar import RADAR_BANDS

#: Equivalent number of looks of a 10 m pixel.
LOOKS = 4.4
#: Months in which plants stand green.
GROWING = range(5, 10)
#: By class code 1..12 of the border-zone legend, dB: VV and VH with leaves, VV and VH without.
_MEANS = np.array(
    [
        [-25.0, -32.0, -25.0, -32.0],
        [-8.0, -13.6, -9.3, -14.8],
        [-7.6, -13.2, -8.9, -15.6],
        [-7.8, -13.4, -9.1, -15.2],
        [-8.2, -14.2, -9.9, -16.6],
        [-9.0, -15.4, -10.5, -17.2],
        [-11.2, -18.4, -12.8, -20.2],
        [-10.4, -16.8, -12.4, -19.8],
        [-9.4, -16.4, -10.2, -18.0],
        [-19.0, -27.0, -18.0, -26.0],
        [-4.6, -12.0, -4.8, -12.4],
        [-12.0, -20.0, -13.0, -21.0],
        [-9.6, -17.6, -12.0, -20.0],
    ]
)
_POWER = (10.0 ** (_MEANS / 10)).astype(np.float32)
#: Speckle by the upper bits of a hash: exact everywhere, unlike a logarithm of many pixels.
_BITS = 12
_MEASURE_M = 10
_KEY = 301


def _speckle(looks: float) -> np.ndarray:
    share = (np.arange(2**_BITS) + 0.5) / 2**_BITS
    return np.asarray(gamma.ppf(share, looks, scale=1 / looks), dtype=np.float32)


def backscatter(
    classes: np.ndarray, window: Window, pixel_m: int, *, look: int, month: int, seed: int
) -> dict[str, np.ndarray]:
    """Return the simulated gamma nought of one look.

    Parameters
    ----------
    classes : numpy.ndarray
        uint8 ``(y, x)``, codes of the border-zone legend; another code reflects almost nothing.
    window : Window
        Where they lie.
    pixel_m : int
        Pixel size [m]; the looks of all 10 m pixels in it are averaged.
    look : int
        Number of the pass: another has other speckle.
    month : int
        1 to 12.
    seed : int
        Of the landscape.

    Returns
    -------
    dict of str to numpy.ndarray
        ``VV`` and ``VH``, float32 ``(y, x)``, linear power [1].
    """
    sampling = Sampling.of(window, pixel_m)
    speckle = _speckle(LOOKS * (pixel_m / _MEASURE_M) ** 2)
    season = 0 if month in GROWING else len(RADAR_BANDS)
    known = np.where(classes < len(_POWER), classes, 0)
    out = {}
    for number, band in enumerate(RADAR_BANDS):
        noise = hash_grid(sampling.y2, sampling.x2, key_of(seed, _KEY, look, number))
        out[band] = _POWER[:, season + number][known] * speckle[noise >> np.uint32(32 - _BITS)]
    return out
