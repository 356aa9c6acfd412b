"""What Sentinel Hub charges: the published formula, and the limits of a free account.

Sources: Sinergise, "Processing Unit definition"
(docs.sentinel-hub.com/api/latest/api/overview/processing-unit); Copernicus Data Space,
"Quotas and Limitations" (documentation.dataspace.copernicus.eu/Quotas.html). Both read in
November 2026. Data masks are not counted, the bounding box is charged, and only answers with a
2xx status are.
"""

from dataclasses import dataclass
from datetime import date

from habitat.domain.errors import InputError

#: Longest side of an answer of the Process API [px].
MAX_SIDE_PX = 2_500
#: One unit: this many pixels of :data:`UNIT_BANDS` bands of at most 16 bits, one sample each.
UNIT_PX, UNIT_BANDS = 512 * 512, 3
#: Least that a request costs, and least factor of its area.
MIN_UNITS, MIN_AREA_FACTOR = 0.005, 0.01
#: Least that a catalogue request costs.
CATALOGUE_UNITS = 0.01
#: Free monthly quota of a general user: units and requests; and both per minute.
FREE_MONTHLY, FREE_PER_MINUTE = 10_000, 300
_BITS_FOR_ONE = 16


@dataclass(frozen=True, slots=True)
class Account:
    """Units and requests that are left this month, as the service counts them."""

    units: float
    requests: int


@dataclass(frozen=True, slots=True)
class Bill:
    """Units, requests and bytes, estimated or spent.

    Attributes
    ----------
    units : float
        Processing units.
    requests : int
        Requests.
    bytes : int
        Of the answers, before compression: an upper bound.
    """

    units: float = 0.0
    requests: int = 0
    bytes: int = 0

    def __add__(self, other: "Bill") -> "Bill":
        """Return the sum."""
        return Bill(
            self.units + other.units, self.requests + other.requests, self.bytes + other.bytes
        )

    def times(self, count: int) -> "Bill":
        """Return the bill of ``count`` such orders."""
        return Bill(self.units * count, self.requests * count, self.bytes * count)


def processing_units(
    width_px: int, height_px: int, bands: int, *, bits: int = 16, samples: int = 1
) -> float:
    """Return the processing units of one request.

    Parameters
    ----------
    width_px, height_px : int
        Size of the answer, 1 to 2,500.
    bands : int
        Input bands, without data masks.
    bits : int
        Of a value of the answer; 32 doubles the price.
    samples : int
        Acquisitions read per pixel.

    Raises
    ------
    InputError
        If the service would refuse the size.
    """
    if not (1 <= width_px <= MAX_SIDE_PX and 1 <= height_px <= MAX_SIDE_PX) or bands < 1:
        raise InputError(
            f"request: expected 1 to {MAX_SIDE_PX} px a side and a band at least, got "
            f"{width_px} x {height_px} px and {bands} bands"
        )
    area = max(width_px * height_px / UNIT_PX, MIN_AREA_FACTOR)
    depth = 2 if bits > _BITS_FOR_ONE else 1
    return max(MIN_UNITS, area * bands / UNIT_BANDS * depth * samples)


def quota_reset(day: date) -> date:
    """Return when the monthly quota of a day starts again: the first of the next month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
