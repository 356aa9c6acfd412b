"""Fires: detections that belong together, where the wind drives them, and what lies in the way."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from shapely.geometry.base import BaseGeometry

from habitat.domain.place import Place


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """What drives a fire at each detection.

    Attributes
    ----------
    spread_m_min : numpy.ndarray
        float64 ``(n,)``, rate of spread; NaN where not known.
    from_deg : numpy.ndarray
        float64 ``(n,)``, where the wind comes from, clockwise from north; NaN where not known.
    """

    spread_m_min: np.ndarray
    from_deg: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """Detections of one fire.

    Attributes
    ----------
    fire_id : str
        Eight hexadecimal digits of its first detection: more detections leave it as it is.
    rows : numpy.ndarray
        int64, rows of its detections, by time.
    hottest : int
        Row of the hottest detection of its last pass.
    """

    fire_id: str
    rows: np.ndarray
    hottest: int


@dataclass(frozen=True, slots=True)
class Threat:
    """A place in the way of a fire.

    Attributes
    ----------
    place : Place
    distance_km : float
        From the hottest detection.
    hours : float
        Until the fire is there if wind and fuel stay as they are.
    """

    place: Place
    distance_km: float
    hours: float


@dataclass(frozen=True, slots=True, eq=False)
class Scar:
    """A burn scar of the table ``burns``.

    Attributes
    ----------
    burn_id : str
    outline : shapely geometry
        In the project CRS [m].
    date_lo, date_hi : datetime.date
        Last clear look that was unburned, first that was burned.
    """

    burn_id: str
    outline: BaseGeometry
    date_lo: date
    date_hi: date


@dataclass(frozen=True, slots=True)
class Fire:
    """One fire as the brief tells it.

    Attributes
    ----------
    fire_id : str
    first_seen, last_seen : datetime
        UTC.
    detections : int
    max_frp_mw : float or None
    latitude, longitude : float
        Of the hottest detection of the last pass.
    toward_deg, spread_kmh : float or None
        Where the wind drives it, and how fast in grass; None where not known.
    cone : tuple of (float, float)
        Longitude and latitude around the ground it may reach; empty where the wind is not known.
    country : str or None
        ISO code of the land it burns on; None where that is not known.
    crosses_to : str or None
        Other country that its cone reaches.
    threats : tuple of Threat
        Soonest first.
    burn_id : str or None
        Burn scar that it was resolved to; None while it is unresolved.
    rows : tuple of int
        Its rows among all burning vegetation.
    pass_detections : int
        Detections of its last pass.
    pass_frp_mw : float or None
        Of the hottest of them.
    cells : tuple of (int, int)
        Hundredths of a degree north and east that it was seen in, the latest first.
    """

    fire_id: str
    first_seen: datetime
    last_seen: datetime
    detections: int
    max_frp_mw: float | None
    latitude: float
    longitude: float
    toward_deg: float | None
    spread_kmh: float | None
    cone: tuple[tuple[float, float], ...]
    country: str | None
    crosses_to: str | None
    threats: tuple[Threat, ...]
    burn_id: str | None = None
    rows: tuple[int, ...] = ()
    pass_detections: int = 1
    pass_frp_mw: float | None = None
    cells: tuple[tuple[int, int], ...] = ()

    @property
    def driven(self) -> bool:
        """Whether it is known where the wind drives it and how fast."""
        return self.toward_deg is not None and self.spread_kmh is not None

    @property
    def spreads(self) -> bool:
        """The wind may drive it to a place or over a border."""
        return bool(self.threats or self.crosses_to)

    @property
    def gravity(self) -> tuple[float, bool, float, str]:
        """Order: soonest at a place, then those that may cross a border, then the strongest."""
        hours = self.threats[0].hours if self.threats else float("inf")
        return (hours, self.crosses_to is None, -(self.max_frp_mw or 0.0), self.fire_id)
