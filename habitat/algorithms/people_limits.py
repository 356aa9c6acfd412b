"""Where people are too near for an animal to use what would be habitat."""

from collections.abc import Sequence

import numpy as np

from habitat.algorithms.habitat_share import distance_px


def limited_by_people(presences: Sequence[tuple[np.ndarray, float]], pixel_m: int) -> np.ndarray:
    """Return where something of people lies nearer than its distance.

    Parameters
    ----------
    presences : sequence of (numpy.ndarray, float)
        bool ``(y, x)``, pixels with roads (settlements, …), and how far they reach [m].
    pixel_m : int
        Pixel size [m].

    Returns
    -------
    numpy.ndarray
        bool ``(y, x)``: the centre of the pixel is less than the distance from that of a pixel
        with presence (exact Euclidean distance). The outer pixels do not know what lies beyond the
        edge: pass as many more as the largest distance has, and cut them off.
    """
    limited = np.zeros(presences[0][0].shape, dtype=bool)
    for presence, distance_m in presences:
        limited |= distance_px(presence) * pixel_m < distance_m
    return limited
