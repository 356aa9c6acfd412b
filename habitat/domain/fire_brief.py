"""What a duty officer is told of one day: places, fires near them, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from habitat.domain.fire_cluster import Fire
from habitat.domain.fire_danger import FireDanger, Unknown
from habitat.domain.fire_priority import Ignition
from habitat.domain.hotspots import DetectionKind
from habitat.domain.place import Clock, Place

Fact = str | int | float | None


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence as data.

    Attributes
    ----------
    key : str
        Phrase, ``grass_despite_fwi``.
    facts : dict of str to fact
        What the phrase is filled with; None where not known.
    """

    key: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class PlaceDanger:
    """The worst fuel at the worst weather cell of a place.

    Attributes
    ----------
    place : Place
    level : int or None
        None where not known.
    unknown : Unknown
        Why not. With some of its fuels or cells unknown a place keeps the worst known level and
        says so here too.
    fuel, cell : int
        Row and column of ``FireDanger``; -1 where there is none.
    ignition : str
        ``near`` people or ``far`` from them; apart from the level.
    priority : int or None
        1 (first) to 4, by the table of ``fire_priority``; None where the level is not known.
    """

    place: Place
    level: int | None
    unknown: Unknown
    fuel: int
    cell: int
    ignition: Ignition = "near"
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class FireNear:
    """A detection and the nearest place.

    Attributes
    ----------
    time : datetime
        Of the observation, UTC.
    latitude, longitude : float
    frp_mw : float or None
    place : Place
        The nearest.
    distance_km : float
        From the edge of the place, 0 inside it.
    bearing_deg : float
        From the place to the fire, clockwise from north.
    kind : DetectionKind
        What it is taken for: only burning vegetation is an alert.
    row : int
        Row among all burning vegetation; -1 where it is none.
    spreads : bool
        The wind may drive its fire to a place or over a border.
    """

    time: datetime
    latitude: float
    longitude: float
    frp_mw: float | None
    place: Place
    distance_km: float
    bearing_deg: float
    kind: DetectionKind = DetectionKind.VEGETATION
    row: int = -1
    spreads: bool = False

    def alarms(self, within_km: float) -> bool:
        """Whether this is burning vegetation, as near as that or driven to a place or a border."""
        near = self.distance_km <= within_km or self.spreads
        return self.kind is DetectionKind.VEGETATION and near


@dataclass(frozen=True, slots=True)
class Feed:
    """Where an input comes from and how old it is.

    Attributes
    ----------
    source : str
        Empty where none was asked for.
    saved : datetime or None
        When it was made or saved, with a time zone.
    stale : bool
        Too old, or its age is not known.
    unread : int
        Rows that could not be read, or that are from the future.
    """

    source: str
    saved: datetime | None
    stale: bool
    unread: int = 0

    @property
    def unknown(self) -> bool:
        """Some or all of what it should tell is not known."""
        return self.stale or self.unread > 0


@dataclass(frozen=True, slots=True, eq=False)
class FireBrief:
    """All of it; every output is made from this alone.

    Attributes
    ----------
    made : datetime
        When, with a time zone.
    clock : Clock
        Whose day it is.
    danger : FireDanger
    places : tuple of PlaceDanger
        Worst first, the unknown after the alerts.
    fires : tuple of FireNear
        Nearest to a place first.
    weather, hotspots : Feed
    notes : tuple of Note
        Reasons and reservations, most important first.
    simulated : bool
    min_level : int
        Level that is an alert.
    fire_near_km : float
        A detection as near as this to a place is an alert too.
    clusters : tuple of Fire
        Detections of the last days that belong together, the latest seen first.
    """

    made: datetime
    clock: Clock
    danger: FireDanger
    places: tuple[PlaceDanger, ...]
    fires: tuple[FireNear, ...]
    weather: Feed
    hotspots: Feed
    notes: tuple[Note, ...]
    simulated: bool
    min_level: int
    fire_near_km: float
    clusters: tuple[Fire, ...] = ()

    @property
    def alert(self) -> bool:
        """A known level reaches ``min_level``, or a fire is near a place."""
        high = any((found.level or 0) >= self.min_level for found in self.places)
        return high or any(fire.alarms(self.fire_near_km) for fire in self.fires)

    @property
    def alarming(self) -> tuple[tuple[Fire, FireNear], ...]:
        """Fires that are an alert, each with its detection nearest to a place.

        Those that threaten a place come first, the soonest of them first, then those that may cross
        a border, then the strongest.
        """
        return alarming_of(self.clusters, self.fires, self.fire_near_km)

    @property
    def unknown(self) -> bool:
        """Something that was asked for is not known: missing or stale input."""
        return any(found.unknown for found in self.places) or self.hotspots.unknown


def alarming_of(
    clusters: tuple[Fire, ...], fires: tuple[FireNear, ...], within_km: float
) -> tuple[tuple[Fire, FireNear], ...]:
    """Return the fires that are an alert, the gravest first, each with its nearest detection."""
    near = {one.row: one for one in fires if one.alarms(within_km)}
    found = [(fire, [near[row] for row in fire.rows if row in near]) for fire in clusters]
    those = [(fire, min(seen, key=lambda one: one.distance_km)) for fire, seen in found if seen]
    return tuple(sorted(those, key=lambda pair: pair[0].gravity))
