"""Sentinel-1 backscatter: polarisations, orbit directions, and how decibels are stored."""

from typing import Literal

#: Polarisations of the land mode over the zone (dual, transmitted vertically).
RADAR_BANDS = ("VV", "VH")
#: The ratio VH / VV in decibels: what volume scatters against what the surface does.
RADAR_RATIO = "VH_VV"
OrbitState = Literal["ascending", "descending"]
#: Stored composites are int16 hundredths of a decibel; this is "not observed" and outside.
DB_NODATA = -32768
DB_SCALE = 0.01
#: Smallest and largest power that land or water reflects [1], -40 and +20 dB: below it lie the
#: borders of a product and what noise removal left, above it are strong single reflectors.
LEAST_POWER, MOST_POWER = 1e-4, 1e2
#: A median outside of this is no linear power: decibels are negative, amplitudes are in hundreds.
LEAST_MEDIAN, MOST_MEDIAN = -0.5, 10.0


def unit_fault(median: float) -> str | None:
    """Return why values with this median cannot be gamma nought in linear power, or None."""
    if median < LEAST_MEDIAN:
        return (
            f"expected gamma nought in linear power (0 to about 1), got a median of {median:.2f}: "
            "these are decibels; deliver 10^(dB / 10)"
        )
    if median > MOST_MEDIAN:
        return (
            f"expected gamma nought in linear power (0 to about 1), got a median of {median:.1f}: "
            "these are amplitudes or digital numbers; calibrate and terrain-correct them"
        )
    return None
