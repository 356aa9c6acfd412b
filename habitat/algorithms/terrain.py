"""Slope of the ground from heights."""

import numpy as np


def slope_deg(elevation: np.ndarray, pixel_m: int) -> np.ndarray:
    """Return the steepest slope of each pixel from the eight around it.

    ``p = ((c + 2 f + i) - (a + 2 d + g)) / 8 s``, ``q = ((g + 2 h + i) - (a + 2 b + c)) / 8 s``
    with the neighbours a b c / d e f / g h i and pixels of s metres;
    ``slope = atan(sqrt(p² + q²))`` (Horn 1981, doi:10.1109/PROC.1981.11918, his third estimate).

    Parameters
    ----------
    elevation : numpy.ndarray
        float32 ``(y + 2, x + 2)`` [m], one pixel more on each side; NaN where not known.
    pixel_m : int
        Edge of a pixel [m].

    Returns
    -------
    numpy.ndarray
        float32 ``(y, x)`` [degrees], 0 to 90; NaN where one of the nine heights is not known.
    """
    z = elevation.astype(np.float64)
    north, middle, south = z[:-2], z[1:-1], z[2:]
    west = north[:, :-2] + 2 * middle[:, :-2] + south[:, :-2]
    east = north[:, 2:] + 2 * middle[:, 2:] + south[:, 2:]
    above = north[:, :-2] + 2 * north[:, 1:-1] + north[:, 2:]
    below = south[:, :-2] + 2 * south[:, 1:-1] + south[:, 2:]
    steep = np.hypot(east - west, below - above) / (8.0 * pixel_m)
    steep[np.isnan(middle[:, 1:-1])] = np.nan
    slope: np.ndarray = np.degrees(np.arctan(steep)).astype(np.float32)
    return slope
