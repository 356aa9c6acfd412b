"""The fire brief as text for one terminal screen, in English, Russian or Chinese."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from wcwidth import clip, ljust, rjust, wrap

from habitat.domain.fire_alert import AlertState
from habitat.domain.fire_brief import Fact, Feed, FireBrief, FireNear, Note, PlaceDanger
from habitat.domain.hotspots import DetectionKind
from habitat.domain.place import Language, Place
from habitat.io.fire.alert_text import compass, rule_key, told_as

WIDTH, HEIGHT = 80, 24
_FEWEST_PLACES, _MOST_FIRES = 4, 4
_ROMAN = ("?", "I", "II", "III", "IV", "V")
#: Widths: place, level, priority, fuel, km/h, kW/m, hour, FWI and EFFIS class, Nesterov.
_COLUMNS = (22, 3, 3, 11, 5, 6, 9, 7, 5)
_LEFT = (0, 3)
_HEAD = ("place", "level", "priority", "fuel", "spread", "intensity", "at")
_KMH = 60 / 1000


@dataclass(frozen=True, slots=True)
class _Words:
    """A brief with the phrases and names of one language."""

    brief: FireBrief
    phrases: Mapping[str, str]
    language: Language

    def say(self, key: str, **facts: object) -> str:
        return self.phrases[key].format(**facts)

    def name(self, place: Place) -> str:
        return place.names[self.language]

    def when(self, moment: datetime) -> str:
        """Return a time in the zone's own clock, named."""
        clock = self.brief.clock
        return f"{moment.astimezone(clock.zone):%Y-%m-%d %H:%M} {clock.label}"

    def toward(self, bearing_deg: float | None) -> str:
        if bearing_deg is None:
            return "?"
        return self.phrases[compass(bearing_deg)]


def fire_text(brief: FireBrief, phrases: Mapping[str, str], *, language: Language) -> str:
    """Return a brief of at most 24 lines of 80 terminal cells.

    What does not fit is counted, ``+3 more``. Every time names its zone; what is not known says so
    and has no number.
    """
    words = _Words(brief, phrases, language)
    head = _head(words)
    notes = [line for note in brief.notes for line in wrap(_sentence(words, note), WIDTH)]
    fires = _cut([_fire(words, fire) for fire in _told(brief)], _MOST_FIRES, words)
    room = HEIGHT - len(head) - len(fires)
    rows = [_row(words, found) for found in brief.places]
    places = _cut(rows, max(room - len(notes), min(_FEWEST_PLACES, len(rows))), words)
    notes = _cut(notes, room - len(places), words)
    return "\n".join(clip(line.rstrip(), 0, WIDTH) for line in [*head, *places, *fires, *notes])


def _head(words: _Words) -> list[str]:
    brief = words.brief
    lines = [
        words.say("title", day=brief.danger.day, made=words.when(brief.made)),
        _alert(words),
        f"{words.say('weather')}: {_feed(words, brief.weather)}",
        f"{words.say('hotspots')}: {_feed(words, brief.hotspots)}",
        *wrap(f"{words.say('legend')} {words.say('legend_2')}", WIDTH),
        _columns([words.say(k) for k in _HEAD] + ["FWI/EF", "Nest"]),
    ]  # fmt: skip
    return [words.say("simulated"), *lines] if brief.simulated else lines


def _alert(words: _Words) -> str:
    brief = words.brief
    known = [found.level for found in brief.places if found.level is not None]
    facts = {
        "level": brief.min_level,
        "places": sum(level >= brief.min_level for level in known),
        "fires": _fires_near(words),
        "unknown": sum(bool(found.unknown) for found in brief.places) + brief.hotspots.unknown,
    }
    return words.say("alert" if brief.alert else "no_alert", **facts)


def _fires_near(words: _Words) -> str:
    """Count the fires that alarm; none is a number only where all are known."""
    brief = words.brief
    count = sum(fire.alarms(brief.fire_near_km) for fire in brief.fires)
    if not brief.hotspots.source:
        return words.say("none_asked")
    if brief.hotspots.unknown:
        return f"{count} ?" if count else words.say("unknown")
    return str(count)


def _feed(words: _Words, feed: Feed) -> str:
    if not feed.source:
        return words.say("none_asked")
    if feed.saved is None:
        return f"{feed.source} {words.say('stale')}" if feed.stale else feed.source
    text = words.say("saved", source=feed.source, time=words.when(feed.saved))
    return f"{text} {words.say('stale')}" if feed.stale else text


def _row(words: _Words, found: PlaceDanger) -> str:
    name = words.name(found.place)
    if found.level is None:
        return _columns([name, "?"]) + " " + words.say("unknown")
    danger, fuel, cell = words.brief.danger, found.fuel, found.cell
    noon = danger.noon
    peak = danger.peak[fuel, cell].item().replace(tzinfo=UTC).astimezone(words.brief.clock.zone)
    effis, nesterov = int(noon.effis_class[cell]), int(noon.nesterov_class[cell])
    fwi = f"{noon.fwi[cell]:.0f}/{effis}" if effis else "?"
    return _columns(
        [
            name,
            f"{found.level}{' ?' if found.unknown else ''}",
            _first(found),
            words.say(danger.fuels[fuel]),
            f"{danger.spread_m_min[fuel, cell] * _KMH:.1f}",
            f"{danger.intensity_kw_m[fuel, cell]:.0f}",
            f"{peak:%H:%M}{words.brief.clock.utc_offset_hours:+03d}",
            fwi,
            _ROMAN[nesterov],
        ]
    )


def _first(found: PlaceDanger) -> str:
    """Return the priority, with a star where people, who light most fires, are near."""
    number = "?" if found.priority is None else f"{found.priority}"
    return f"{number}{'*' if found.ignition == 'near' else ' '}"


def _columns(cells: Sequence[str]) -> str:
    fitted = [
        (ljust if at in _LEFT else rjust)(clip(cell, 0, width), width)
        for at, (cell, width) in enumerate(zip(cells, _COLUMNS, strict=False))
    ]
    return " ".join(fitted)


_FIRE_PHRASES = {
    DetectionKind.VEGETATION: "fire",
    DetectionKind.STATIC: "fire_static",
    DetectionKind.EARLY: "fire_early",
    DetectionKind.CONFIRMED: "fire_confirmed",
}


def _told(brief: FireBrief) -> list[FireNear]:
    """Return one detection for each fire that alarms, the gravest first, then all others."""
    fires = [
        replace(near, time=fire.last_seen, frp_mw=fire.max_frp_mw) for fire, near in brief.alarming
    ]
    rows = {row for fire, _ in brief.alarming for row in fire.rows}
    return fires + [one for one in brief.fires if one.row not in rows]


def _fire(words: _Words, fire: FireNear) -> str:
    clock = words.brief.clock
    return words.say(
        _FIRE_PHRASES[fire.kind],
        distance=f"{fire.distance_km:.1f}",
        bearing=words.toward(fire.bearing_deg),
        place=words.name(fire.place),
        time=f"{fire.time.astimezone(clock.zone):%m-%d %H:%M} {clock.name}",
        frp="? MW" if fire.frp_mw is None else f"{fire.frp_mw:g} MW",
    )


def _sentence(words: _Words, note: Note) -> str:
    """Fill a phrase; a fact that is not known is a question mark, never a number."""
    facts: dict[str, object] = {k: "?" if v is None else v for k, v in note.facts.items()}
    if note.key == "alert_news":
        facts |= _alert_words(words, note.facts)
    for key, value in note.facts.items():
        if key == "place":
            facts[key] = next(
                words.name(f.place) for f in words.brief.places if f.place.place_id == value
            )
        elif key == "fuel":
            facts[key] = words.say(str(value))
        elif key == "effis" and value is not None:
            facts[key] = words.say(f"effis_{value}")
        elif key == "nesterov" and value is not None:
            facts[key] = _ROMAN[int(value)]
        elif key == "bearing" and isinstance(value, int | float):
            facts[key] = words.toward(value)
    return words.say(note.key, **facts)


def _alert_words(words: _Words, facts: Mapping[str, Fact]) -> dict[str, object]:
    """Return what is new of an alert, its subject, and its times in the zone's own clock."""
    zone, subject = words.brief.clock.zone, str(facts["subject"])
    places = {f.place.place_id: words.name(f.place) for f in words.brief.places}
    times: dict[str, object] = {
        name: f"{datetime.fromisoformat(str(facts[name])).astimezone(zone):%m-%d %H:%M}"
        for name in ("observed", "published", "alerted")
        if facts[name] is not None
    }
    return times | {
        "told": words.say(told_as(AlertState(str(facts["told"])))),
        "rule": words.say(_rule(facts), level=facts["level"]),
        "subject": places.get(subject) or words.say("hotspots"),
        "clock": words.brief.clock.name,
    }


def _cut(lines: list[str], room: int, words: _Words) -> list[str]:
    """Return at most `room` lines; the last one counts what was left out."""
    if len(lines) <= room:
        return lines
    kept = max(room - 1, 0)
    return [*lines[:kept], words.say("more", count=len(lines) - kept)]


def _rule(facts: Mapping[str, Fact]) -> str:
    level = facts["level"]
    return rule_key(str(facts["rule"]), level if isinstance(level, int) else None)
