"""Why a level is what it is, and what is not known, as data."""

from collections.abc import Iterator, Sequence

import numpy as np

from habitat.algorithms.fire_weather.daily import COMPUTED, SNOW_CM
from habitat.domain.fire_alert import AlertState, FireAlert, Rule
from habitat.domain.fire_brief import Fact, Feed, FireNear, Note, PlaceDanger
from habitat.domain.fire_danger import FireDanger, Unknown
from habitat.domain.hotspots import DetectionKind
from habitat.domain.weather import Weather

#: From this level a low EFFIS class needs an explanation; classes up to low.
_HIGH_LEVEL, _LOW_EFFIS = 4, 2


def notes_of(
    danger: FireDanger,
    places: Sequence[PlaceDanger],
    weather: Weather,
    hotspots: Feed,
    limits: tuple[int, int, int],
) -> tuple[Note, ...]:
    """Return the sentences of a brief.

    Parameters
    ----------
    limits : tuple of int
        Oldest weather [h], oldest hotspots [h], farthest weather [km].
    """
    weather_h, hotspots_h, near_km = limits
    return (
        *_unknown(places, weather_h, near_km),
        *([Note("hotspots_stale", {"hours": hotspots_h})] if hotspots.stale else []),
        *([Note("hotspots_unread", {"count": hotspots.unread})] if hotspots.unread else []),
        *_why(danger, places),
        *scale_notes(danger, places),
        *_snow(danger, places),
        *([Note("snow_unknown", {})] if np.isnan(danger.noon.snow_cm).any() else []),
        *([Note("sun_unknown", {})] if weather.solar_kw_m2 is None else []),
        Note("assumed", {"curing": round(danger.curing_pct)}),
    )


def early_notes(fires: Sequence[FireNear], within_km: float) -> tuple[Note, ...]:
    """Return a sentence on early detections near places that nothing has confirmed yet."""
    early = [f for f in fires if f.kind is DetectionKind.EARLY and f.distance_km <= within_km]
    if not early:
        return ()
    return (Note("early_near", {"count": len(early), "place": early[0].place.place_id}),)


def alert_notes(news: Sequence[FireAlert]) -> tuple[Note, ...]:
    """Return one sentence per rule and state of news: how many, the first, and its times."""
    notes = []
    for rule in (Rule.FIRE, Rule.LEVEL, Rule.UNKNOWN):
        for state in AlertState:
            those = [a for a in news if a.rule is rule and a.state is state]
            if those:
                worst = max(those, key=lambda alert: alert.level or 0)
                notes.append(Note("alert_news", _alert_facts(worst, len(those))))
    return tuple(notes)


def _alert_facts(alert: FireAlert, count: int) -> dict[str, Fact]:
    times = {"observed": alert.observed, "published": alert.published, "alerted": alert.alerted}
    facts: dict[str, Fact] = {"count": count, "level": alert.level, "id": alert.alert_id}
    facts |= {"told": alert.state.value, "rule": alert.rule.value, "subject": alert.subject}
    return facts | {name: None if at is None else at.isoformat() for name, at in times.items()}


def _unknown(places: Sequence[PlaceDanger], weather_h: int, near_km: int) -> Iterator[Note]:
    keys = {
        Unknown.WEATHER_STALE: "weather_stale",
        Unknown.WEATHER_MISSING: "weather_missing",
        Unknown.NO_WEATHER_NEAR: "no_weather_near",
        Unknown.SPINNING_UP: "spinning_up",
    }
    for why, key in keys.items():
        count = sum(found.unknown == why for found in places)
        if count:
            yield Note(key, {"count": count, "hours": weather_h, "km": near_km})


def _snow(danger: FireDanger, places: Sequence[PlaceDanger]) -> Iterator[Note]:
    depths = [danger.noon.snow_cm[p.cell] for p in places if p.level is not None]
    count = sum(bool(depth >= SNOW_CM) for depth in depths)
    if count:
        yield Note("snow", {"count": count})


def _why(danger: FireDanger, places: Sequence[PlaceDanger]) -> Iterator[Note]:
    known = [found for found in places if found.level is not None]
    blind = [found for found in known if _blind(danger, found)]
    if blind:
        yield Note("grass_despite_fwi", _facts(danger, blind[0]))
    if known and known[0] not in blind[:1]:
        yield Note("worst", _facts(danger, known[0]))


def scale_notes(danger: FireDanger, places: Sequence[PlaceDanger]) -> Iterator[Note]:
    """Give the national scales at the worst known place, beside the level.

    No Chinese class: the tables of points behind the limits of LY/T 1172-95 are not at hand to
    check, and a class made of others would look official.
    """
    worst = next((found for found in places if found.level is not None), None)
    if worst is None:
        return
    noon, cell = danger.noon, worst.cell
    facts: dict[str, Fact] = {
        "place": worst.place.place_id,
        "nesterov_sum": _rounded(noon.nesterov_sum[cell]),
        "nesterov": int(noon.nesterov_class[cell]) or None,
        "humidity": _rounded(noon.effective_humidity_pct[cell]),
    }
    yield Note("scales", facts)


def _blind(danger: FireDanger, found: PlaceDanger) -> bool:
    """Grass is at a high level while the classic index, which is settled, says low."""
    noon, cell = danger.noon, found.cell
    grass = bool(np.isfinite(danger.moisture_pct[found.fuel, cell]))
    low = noon.status[cell] == COMPUTED and noon.effis_class[cell] <= _LOW_EFFIS
    return grass and low and (found.level or 0) >= _HIGH_LEVEL


def _facts(danger: FireDanger, found: PlaceDanger) -> dict[str, Fact]:
    fuel, cell = found.fuel, found.cell
    return {
        "level": found.level,
        "place": found.place.place_id,
        "fuel": danger.fuels[fuel],
        "fwi": _rounded(danger.noon.fwi[cell], 1),
        "effis": int(danger.noon.effis_class[cell]) or None,
        "moisture": _rounded(danger.moisture_pct[fuel, cell]),
        "wind": _rounded(danger.wind_kmh[fuel, cell]),
        "bearing": _rounded(danger.wind_from_deg[fuel, cell]),
        "curing": round(danger.curing_pct),
    }


def _rounded(value: float, digits: int = 0) -> float | int | None:
    if not np.isfinite(value):
        return None
    return round(float(value), digits) if digits else round(float(value))
