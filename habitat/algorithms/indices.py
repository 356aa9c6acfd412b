"""Spectral indices of reflectance, and the two differences of NBR.

Every function takes float32 reflectance [1] (0 to 1), NumPy or (lazy) xarray, and returns float32
of the same kind. A pixel is NaN exactly where an input is NaN, or where the ratio is 0 / 0.
Integers are refused with ValueError, and so are xarray arrays on different coordinates.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import xarray as xr

Array = TypeVar("Array", np.ndarray, xr.DataArray)


# By default two arrays that lie a pixel apart add up to a smaller array, in silence.
xr.set_options(arithmetic_join="exact")  # type: ignore[no-untyped-call]  # untyped in xarray


def _check_floats(*arrays: Array) -> None:
    """Refuse digital numbers: in uint16, 100 - 300 is 65,336."""
    for array in arrays:
        if array.dtype.kind != "f":
            raise ValueError(f"index: expected float reflectance or index, got {array.dtype}")


def _normalised_difference(a: Array, b: Array) -> Array:
    _check_floats(a, b)
    total = a + b
    # A zero sum has no ratio: NaN keeps it missing, and no division warns.
    missing = np.float32("nan")
    if isinstance(total, np.ndarray):  # many times faster than by way of xarray
        safe = np.where(total != 0, total, missing)
    else:
        safe = xr.where(total != 0, total, missing)  # type: ignore[no-untyped-call]  # untyped in xarray
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
    _check_floats(swir1, swir2)
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
    _check_floats(nbr_before, nbr_after)
    difference: Array = nbr_before - nbr_after
    return difference


def rbr(nbr_before: Array, nbr_after: Array) -> Array:
    """Return the relativised burn ratio, dNBR / (NBR before + 1.001); positive is burned.

    References
    ----------
    Parks, Dillon & Miller (2014), doi:10.3390/rs6031827, equation 3.
    """
    _check_floats(nbr_before, nbr_after)
    ratio: Array = (nbr_before - nbr_after) / (nbr_before + 1.001)
    return ratio


@dataclass(frozen=True, slots=True)
class Index:
    """One entry of ``habitat show indices``."""

    name: str
    formula: str
    source: str


#: Every index that a step computes, in ESA band names.
INDICES: dict[str, Index] = {
    index.name: index
    for index in (
        Index("ndvi", "(B8A - B04) / (B8A + B04)", "Rouse et al. 1974, NASA SP-351"),
        Index("ndmi", "(B8A - B11) / (B8A + B11)", "Gao 1996, 10.1016/S0034-4257(96)00067-3"),
        Index("nbr", "(B8A - B12) / (B8A + B12)", "Key & Benson 2006, RMRS-GTR-164-CD"),
        Index("nbr2", "(B11 - B12) / (B11 + B12)", "the same form of the SWIR bands, USGS"),
        Index("mirbi", "10 B12 - 9.8 B11 + 2", "Trigg & Flasse 2001, 10.1080/01431160110053185"),
        Index("mndwi", "(B03 - B11) / (B03 + B11)", "Xu 2006, 10.1080/01431160600589179"),
        Index(
            "ndsi", "(B03 - B11) / (B03 + B11)", "Hall et al. 1995, 10.1016/0034-4257(95)00137-P"
        ),
        Index("dnbr", "nbr before - nbr after", "Key & Benson 2006, RMRS-GTR-164-CD"),
        Index("rbr", "dnbr / (nbr before + 1.001)", "Parks et al. 2014, 10.3390/rs6031827"),
    )
}
