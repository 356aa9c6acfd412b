"""What a brief says of alerts, and no more: levels, fires, and what is not known."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from habitat.domain.fire_alert import HOTSPOTS
from habitat.domain.fire_brief import Feed, FireBrief, FireNear
from habitat.domain.fire_cluster import Fire

#: A fire as near as this to a place is of the second step [km].
CLOSE_KM = 5.0
#: A fire that may be at a place within this time is of the third [h].
SOON_H = 6.0
GRAVEST = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A place.

    Attributes
    ----------
    level : int or None
        None where not known; a lower bound where ``unknown``.
    unknown : bool
        Some or all of it is not known.
    """

    place_id: str
    level: int | None
    unknown: bool


@dataclass(frozen=True, slots=True)
class Burning:
    """One fire: a cluster of detections.

    Attributes
    ----------
    fire_id : str
        Of the cluster.
    time : datetime
        When it was seen last.
    latitude, longitude : float
        Of its detection nearest to a place; of the hottest where none is near.
    place_id : str
        The nearest; empty where it is no alert.
    step : int
        0 no alert, 1 near a place, 2 within 5 km of one, 3 may be at a place within six hours or
        over a border.
    driven : bool
        It is known where the wind drives it; else a step below 3 is a lower bound.
    detections : int
        Of its last pass.
    frp_mw : float or None
        Of the hottest of these.
    cells : tuple of (int, int)
        Hundredths of a degree north and east that it was seen in, the latest first.
    """

    fire_id: str
    time: datetime
    latitude: float
    longitude: float
    place_id: str
    step: int = 1
    driven: bool = True
    detections: int = 1
    frp_mw: float | None = None
    cells: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """One brief, or the failure to make one.

    Attributes
    ----------
    made : datetime
    day : date
    simulated : bool
    min_level : int
    places : tuple of Seen
    fires : tuple of Burning
        All that are remembered, the oldest first.
    hotspots_unknown : bool
        Hotspots were asked for and are missing or stale.
    weather_saved, hotspots_saved : datetime or None
    source : str
        Of the weather.
    """

    made: datetime
    day: date
    simulated: bool
    min_level: int
    places: tuple[Seen, ...]
    fires: tuple[Burning, ...] = ()
    hotspots_unknown: bool = False
    weather_saved: datetime | None = None
    hotspots_saved: datetime | None = None
    source: str = field(default="")

    @property
    def unknown(self) -> frozenset[str]:
        """Subjects that are not known: places, and ``hotspots``."""
        places = {seen.place_id for seen in self.places if seen.unknown}
        return frozenset(places | ({HOTSPOTS} if self.hotspots_unknown else set()))


def situation_of(brief: FireBrief) -> Situation:
    """Return what a brief says of alerts."""
    return Situation(
        brief.made, brief.danger.day, brief.simulated, brief.min_level,
        places=tuple(
            sorted(
                (Seen(p.place.place_id, p.level, bool(p.unknown)) for p in brief.places),
                key=lambda seen: seen.place_id,
            )
        ),
        fires=_burning(brief.clusters, brief.alarming, driven=not brief.weather.stale),
        hotspots_unknown=brief.hotspots.unknown,
        weather_saved=brief.weather.saved,
        hotspots_saved=brief.hotspots.saved,
        source=brief.weather.source,
    )  # fmt: skip


def nothing_known(
    made: datetime, day: date, places: tuple[str, ...], *, min_level: int, hotspots: bool
) -> Situation:
    """Return the situation in which no brief of real inputs could be made.

    Parameters
    ----------
    hotspots : bool
        Hotspots were asked for.
    """
    unknown = tuple(Seen(place_id, None, unknown=True) for place_id in sorted(places))
    return Situation(made, day, False, min_level, unknown, hotspots_unknown=hotspots)


def fires_alone(
    nothing: Situation,
    clusters: tuple[Fire, ...],
    alarming: tuple[tuple[Fire, FireNear], ...],
    hotspots: Feed,
) -> Situation:
    """Return the situation in which only the fires could be read, and not what drives them."""
    return replace(
        nothing,
        fires=_burning(clusters, alarming, driven=False),
        hotspots_unknown=hotspots.unknown,
        hotspots_saved=hotspots.saved,
    )


def _burning(
    clusters: tuple[Fire, ...], alarming: tuple[tuple[Fire, FireNear], ...], *, driven: bool
) -> tuple[Burning, ...]:
    near = {fire.fire_id: one for fire, one in alarming}
    found = [_one(fire, near.get(fire.fire_id), driven=driven) for fire in clusters]
    order = {fire.fire_id: fire.first_seen for fire in clusters}
    return tuple(sorted(found, key=lambda one: (order[one.fire_id], one.fire_id)))


def _one(fire: Fire, near: FireNear | None, *, driven: bool) -> Burning:
    known = driven and fire.driven
    at = (fire.latitude, fire.longitude) if near is None else (near.latitude, near.longitude)
    return Burning(
        fire.fire_id, fire.last_seen, *at,
        place_id="" if near is None else near.place.place_id,
        step=0 if near is None else _step(fire, near, known=known),
        driven=known,
        detections=fire.pass_detections,
        frp_mw=fire.pass_frp_mw,
        cells=fire.cells,
    )  # fmt: skip


def _step(fire: Fire, near: FireNear, *, known: bool) -> int:
    soon = any(threat.hours <= SOON_H for threat in fire.threats)
    if known and (soon or fire.crosses_to is not None):
        return GRAVEST
    return 2 if near.distance_km <= CLOSE_KM else 1
