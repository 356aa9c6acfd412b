"""A brief and its alerts in each form that can be asked for."""

from pathlib import Path
from typing import Literal, get_args

from habitat.domain.fire_alert import FireAlert
from habitat.domain.place import Language
from habitat.io.durable import atomic_write_bytes, local_resources
from habitat.io.fire.alert_cap import alert_cap, cap_name
from habitat.io.fire.alert_feeds import alert_geojson, alert_rss
from habitat.io.fire.alert_text import AlertWords, short_text
from habitat.io.fire.fire_cap import fire_cap
from habitat.io.fire.fire_files import read_phrases
from habitat.io.fire.fire_json import fire_geojson, fire_json
from habitat.io.fire.fire_text import fire_text
from habitat.pipeline.fire_risk.follow import Followed
from habitat.pipeline.fire_risk.setting import FireQuery, setting_of

Form = Literal["text", "json", "geojson", "cap", "rss", "short"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def shown(query: FireQuery, followed: Followed, form: Form, language: Language) -> str:
    """Return a brief and its alerts as one text."""
    brief = followed.brief
    if form == "json":
        return fire_json(brief, followed.alerts if followed.carried else None)
    if form == "geojson":
        return fire_geojson(brief)
    words = words_of(query, simulated=brief.simulated)
    if form == "cap":
        return fire_cap(brief, {one: words[one].phrases for one in LANGUAGES})
    if form == "rss":
        return alert_rss(followed.log, words[language], brief.made)
    if form == "short":
        return short_text(followed.alerts, words[language], unknown=brief.unknown)
    return fire_text(brief, words[language].phrases, language=language)


def words_of(query: FireQuery, *, simulated: bool) -> dict[Language, AlertWords]:
    """Return the words of alerts in each language."""
    setting = setting_of(query)
    return {
        one: AlertWords(
            setting.places, read_phrases("fire-risk", setting.project, language=one), one, simulated
        )
        for one in LANGUAGES
    }


def write_all(query: FireQuery, followed: Followed, folder: Path) -> None:
    """Write all forms to a folder: the brief and the short text per language, feeds, CAP messages.

    ``cap/`` gets one message per piece of news; the ones already there stay.
    """
    brief = followed.brief
    words = words_of(query, simulated=brief.simulated)
    with local_resources("making", folder):
        (folder / "cap").mkdir(parents=True, exist_ok=True)
    texts = {
        "alerts.geojson": alert_geojson(followed.log, words["en"]),
        "brief.json": fire_json(brief, followed.alerts),
        "feed.rss": alert_rss(followed.log, words["en"], brief.made),
    }
    for one in LANGUAGES:
        texts[f"brief-{one}.txt"] = fire_text(brief, words[one].phrases, language=one)
        texts[f"short-{one}.txt"] = short_text(followed.alerts, words[one], unknown=brief.unknown)
    texts |= {f"cap/{cap_name(alert)}.xml": alert_cap(alert, words) for alert in _news(followed)}
    for name, text in texts.items():
        atomic_write_bytes(folder / name, text.encode() + b"\n")


def _news(followed: Followed) -> tuple[FireAlert, ...]:
    return followed.news
