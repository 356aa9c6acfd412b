"""Places that a duty officer asks about."""

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Literal

Language = Literal["en", "ru", "zh"]
PlaceKind = Literal["settlement", "crossing", "park", "park_district", "forest_compartment"]
_HABITATS = frozenset({"park", "park_district", "forest_compartment"})


@dataclass(frozen=True, slots=True)
class Place:
    """A named place.

    Attributes
    ----------
    place_id : str
        Stable, ``kraskino``.
    kind : str
    country : str
        ISO 3166 alpha-3.
    latitude, longitude : float
        Degrees, to 0.01.
    radius_km : float
        How far the place reaches; 0 is a point.
    fuels : tuple of str
        Names of fuels around it, judged by hand.
    names : dict of str to str
        By language.
    """

    place_id: str
    kind: PlaceKind
    country: str
    latitude: float
    longitude: float
    radius_km: float
    fuels: tuple[str, ...]
    names: dict[Language, str]

    @property
    def is_habitat(self) -> bool:
        """Forest of a park or a compartment, where nobody lives."""
        return self.kind in _HABITATS


@dataclass(frozen=True, slots=True)
class Clock:
    """A time zone without summer time.

    Attributes
    ----------
    name : str
        Printed after every time.
    utc_offset_hours : int
    """

    name: str
    utc_offset_hours: int

    @property
    def zone(self) -> timezone:
        """The same for :mod:`datetime`."""
        return timezone(timedelta(hours=self.utc_offset_hours), self.name)

    @property
    def label(self) -> str:
        """Name and offset, ``VLAT (UTC+10)``."""
        return f"{self.name} (UTC{self.utc_offset_hours:+d})"


@dataclass(frozen=True, slots=True)
class PlaceTable:
    """The places of a zone.

    Attributes
    ----------
    name : str
    source, licence : str
        Where names and coordinates come from.
    clock : Clock
        Whose day and hours are meant.
    places : tuple of Place
    """

    name: str
    source: str
    licence: str
    clock: Clock
    places: tuple[Place, ...]
