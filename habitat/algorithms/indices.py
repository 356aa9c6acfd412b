"""Spectral indices of reflectance, and the two differences of NBR.

Every function takes float32 reflectance [1] (0 to 1), NumPy or (lazy) xarray, and returns float32
of the same kind. A pixel is NaN exactly where an input is NaN, or where the ratio is 0 / 0.
"""

from typing import TypeVar

import numpy as np
import xarray as xr

Array = TypeVar("Array", np.ndarray, xr.DataArray)


def _normalised_difference(a: Array, b: Array) -> Array:
    total = a + b
    # A zero sum has no ratio: NaN keeps it missing, and no division warns.
    safe = xr.where(total != 0, total, np.float32("nan"))  # type: ignore[no-untyped-call]  # untyped in xarray
    ratio: Array = (a - b) / safe
    return ratio


def nbr(nir: Array, swir2: Array) -> Array:
    """Return the normalised burn ratio, (NIR − SWIR2) / (NIR + SWIR2), in [−1, 1].

    References
    ----------
    Key & Benson (2006), USDA Forest Service RMRS-GTR-164-CD, LA-1.
    """
    return _normalised_difference(nir, swir2)


def nbr2(swir1: Array, swir2: Array) -> Array:
    """Return the ratio of the two short-wave bands, (SWIR1 − SWIR2) / (SWIR1 + SWIR2).

    A common factor on both bands cancels, so it hardly sees illumination and shadow.
    """
    return _normalised_difference(swir1, swir2)


def mirbi(swir1: Array, swir2: Array) -> Array:
    """Return the mid-infrared burn index, 10 SWIR2 − 9.8 SWIR1 + 2; char is high.

    Tends to 2 for any dark pixel, so water and shadow must be masked first.

    References
    ----------
    Trigg & Flasse (2001), doi:10.1080/01431160110053185.
    """
    index: Array = swir2 * 10.0 - swir1 * 9.8 + 2.0
    return index


def ndvi(nir: Array, red: Array) -> Array:
    """Return the vegetation index (NIR − red) / (NIR + red), in [−1, 1]."""
    return _normalised_difference(nir, red)


def ndmi(nir: Array, swir1: Array) -> Array:
    """Return the moisture index (NIR − SWIR1) / (NIR + SWIR1), in [−1, 1]."""
    return _normalised_difference(nir, swir1)


def mndwi(green: Array, swir1: Array) -> Array:
    """Return the water index (green − SWIR1) / (green + SWIR1); open water is above 0.

    The same ratio is the snow index NDSI; see :func:`ndsi`.

    References
    ----------
    Xu (2006), doi:10.1080/01431160600589179.
    """
    return _normalised_difference(green, swir1)


def ndsi(green: Array, swir1: Array) -> Array:
    """Return the snow index, the formula of :func:`mndwi`; snow is above 0.4 where green is bright.

    References
    ----------
    Hall, Riggs & Salomonson (1995), doi:10.1016/0034-4257(95)00137-P.
    """
    return _normalised_difference(green, swir1)


def dnbr(nbr_before: Array, nbr_after: Array) -> Array:
    """Return NBR before minus after; positive is burned."""
    difference: Array = nbr_before - nbr_after
    return difference


def rbr(nbr_before: Array, nbr_after: Array) -> Array:
    """Return the relativised burn ratio, dNBR / (NBR before + 1.001); positive is burned.

    References
    ----------
    Parks, Dillon & Miller (2014), doi:10.3390/rs6031827, equation 3.
    """
    ratio: Array = (nbr_before - nbr_after) / (nbr_before + 1.001)
    return ratio
