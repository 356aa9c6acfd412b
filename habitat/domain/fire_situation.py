"""What a brief says of alerts, and no more: levels, fires, and what is not known."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from habitat.domain.fire_alert import HOTSPOTS
from habitat.domain.fire_brief import Feed, FireBrief, FireNear


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


@dataclass(frozen=True, slots=True, order=True)
class Detection:
    """A fire near a place."""

    time: datetime
    latitude: float
    longitude: float
    place_id: str


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
    fires : tuple of Detection
        Those near a place, or that the wind may drive to one or over a border.
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
    fires: tuple[Detection, ...] = ()
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
        fires=_detections(brief.fires, brief.fire_near_km),
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
    nothing: Situation, fires: tuple[FireNear, ...], hotspots: Feed, within_km: float
) -> Situation:
    """Return the situation in which only the fires could be read."""
    return replace(
        nothing,
        fires=_detections(fires, within_km),
        hotspots_unknown=hotspots.unknown,
        hotspots_saved=hotspots.saved,
    )


def _detections(fires: tuple[FireNear, ...], within_km: float) -> tuple[Detection, ...]:
    near = [fire for fire in fires if fire.alarms(within_km)]
    found = (Detection(f.time, f.latitude, f.longitude, f.place.place_id) for f in near)
    return tuple(sorted(found))
