"""Sentinel-2 bands, scene classification codes and the states of one observation."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

#: Digital numbers are reflectance times this, everywhere in habitat.
DN_SCALE = 10_000
#: Digital number of "no data" in scenes and composites.
DN_NODATA = 0
#: Subtracted by the ground segment's baseline 04.00 and later (25 January 2022 on).
BASELINE_0400_OFFSET_DN = 1_000


@dataclass(frozen=True, slots=True)
class Band:
    """One spectral band of the Sentinel-2 MSI.

    Attributes
    ----------
    name : str
        ESA name, ``B02`` … ``B12``.
    centre_nm : int
        Central wavelength [nm] (mean of S2A and S2B).
    resolution_m : int
        Native pixel size [m].
    meaning : str
        What formulas call it.
    """

    name: str
    centre_nm: int
    resolution_m: int
    meaning: str


#: ESA names as in the Sentinel-2 User Handbook. ``nir`` is B8A: it has the 20 m of ``swir2``.
S2_BANDS: dict[str, Band] = {
    band.name: band
    for band in (
        Band("B01", 443, 60, "coastal"),
        Band("B02", 492, 10, "blue"),
        Band("B03", 560, 10, "green"),
        Band("B04", 665, 10, "red"),
        Band("B05", 704, 20, "red_edge1"),
        Band("B06", 740, 20, "red_edge2"),
        Band("B07", 781, 20, "red_edge3"),
        Band("B08", 833, 10, "nir_broad"),
        Band("B8A", 864, 20, "nir"),
        Band("B09", 944, 60, "water_vapour"),
        Band("B10", 1375, 60, "cirrus"),
        Band("B11", 1612, 20, "swir1"),
        Band("B12", 2194, 20, "swir2"),
    )
}


class State(IntEnum):
    """What one observation of one pixel is. Only ``CLEAR`` may enter a composite.

    ``LEFT_OUT`` is a clear look that a step may not use: burned ground before green-up.
    """

    NO_DATA = 0
    CLEAR = 1
    CLOUD = 2
    SHADOW = 3
    SNOW = 4
    FAILED = 5
    LEFT_OUT = 6


#: Sen2Cor scene classification (SCL) code to :class:`State`, index = code 0..11.
#: 1 saturated or defective is no data; 7 unclassified and 10 thin cirrus are cloud;
#: 2 dark area is clear (dark conifer and slopes would vanish otherwise) and left to the
#: shadow rules of :mod:`habitat.algorithms.masks`.
SCL_TO_STATE = np.array(
    [
        State.NO_DATA,
        State.NO_DATA,
        State.CLEAR,
        State.SHADOW,
        State.CLEAR,
        State.CLEAR,
        State.CLEAR,
        State.CLOUD,
        State.CLOUD,
        State.CLOUD,
        State.CLOUD,
        State.SNOW,
    ],
    dtype=np.uint8,
)
