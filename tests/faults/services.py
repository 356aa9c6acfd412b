"""Projects that ask outside services, and what their runs leave, for schedules of faults."""

import base64
import hashlib
import io
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote

import feeds_served
import shop as shops
import stac_served
import test_radar_maps
import tiny

from habitat.cli.main import run
from habitat.domain.fire_alert import AlertState, Rule
from habitat.io.fire.fire_state import AlertStore

from .replay import Answer, Recorder, asked_through

#: What the last run that ended well printed.
PRINTED = "printed.txt"
OLD, NEW = "2021-06-01/2021-09-15", "2024-06-01/2024-09-15"
DAYS = ("2021-07-10", "2024-06-10", "2024-07-10")
#: Differ from run to run on purpose.
_OWN_TIME = {"run.json"}


@dataclass
class Service:
    """One kind of request and a project that makes them.

    ``right`` and ``old`` are what :attr:`result` reads after a run without faults and before it;
    ``final`` names faults that are an answer at a call site, so that none is sent again; ``only``
    those that there are at one call site alone. ``stays`` says of old, got and right result whether
    the old one stands after a run that ended with a fault; ``after`` gives what of a result is the
    same whether such a run came before or not.
    """

    start: Path
    command: Callable[[Path], list[str]]
    result: Callable[[Path], object]
    cached: Callable[[Path], set[str]]
    site_of: Callable[[str], str]
    answers: dict[str, Answer] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    gone: Callable[[Path], bool] = lambda _work: False
    also: tuple[str, ...] = ()
    final: tuple[tuple[str, str], ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    stays: Callable[[Any, Any, Any], bool] = lambda old, got, _right: got == old
    after: Callable[[Any], Any] = lambda result: result
    right: object = None
    old: object = None
    good_bodies: set[str] = field(default_factory=set)

    def run(self, work: Path) -> tuple[int, str]:
        """Run the command at DEBUG; return its exit code and all it printed."""
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        out, err = io.StringIO(), io.StringIO()
        try:
            with redirect_stdout(out), redirect_stderr(err):
                code = run(["--debug", "--log", "text", *self.command(work)])
        finally:
            root.handlers, root.level = before, level
        if code == 0:
            (work / PRINTED).write_text(out.getvalue(), encoding="utf-8")
        return code, out.getvalue() + err.getvalue()

    def sites(self) -> dict[str, list[str]]:
        """Return the requests by call site."""
        found: dict[str, list[str]] = {}
        for key in self.answers:
            found.setdefault(self.site_of(key), []).append(key)
        return found

    def learn(self, work: Path) -> "Service":
        """Record the run without faults."""
        shutil.copytree(self.start, work, symlinks=True)
        self.old = self.result(work)
        with asked_through(recorder := Recorder()):
            code, printed = self.run(work)
        if code:
            raise RuntimeError(f"the run without faults ended with {code}: {printed}")
        self.answers, self.right = recorder.answers, self.result(work)
        self.good_bodies = self.cached(work)
        shutil.rmtree(work)
        return self


def leaks(secrets: tuple[str, ...], work: Path, printed: str) -> bool:
    """Whether a secret is in a byte that was printed or written, plain, quoted or in base64."""
    texts = [s.encode() for s in secrets]
    forms = {*texts, *map(base64.b64encode, texts), *(quote(s, safe="").encode() for s in secrets)}
    places = [p.read_bytes() for p in work.rglob("*") if p.is_file() and not p.is_symlink()]
    return any(form in content for form in forms for content in [printed.encode(), *places])


def release_of(work: Path) -> dict[str, str]:
    """Hash of every file of the current release, but the record of the run."""
    top = tiny.current(work)
    return {
        path.relative_to(top).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(top.rglob("*"))
        if path.is_file() and path.name not in _OWN_TIME
    }


def _left_out(work: Path, scenes: str = "scenes") -> bool:
    """Whether the record of the run names a scene that was left out since a file is gone."""
    refused = tiny.record(work)["scenes"][scenes]["refused"]
    return any("404" in scene["reason"] for scene in refused)


def _bodies(folder: Path) -> set[str]:
    return {hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("bodies/*/*")}


def _small_aoi(folder: Path) -> None:
    """Write an AOI in one tile."""
    corners = [(100, 100), (1100, 100), (1100, 1100), (100, 1100), (100, 100)]
    ring = [[tiny.EAST + x, tiny.NORTH + y] for x, y in corners]
    tiny.write_aoi(folder, {"type": "Polygon", "coordinates": [ring]})


def _project(folder: Path, source: dict) -> Path:
    """Write a project with an old release and nothing downloaded."""
    _small_aoi(folder)
    for period in (OLD, NEW):
        steps = tiny.composites_only(period)
        tiny.write_pipeline(folder, tiny.content(source=source, steps=steps))
        if period == OLD and tiny.run_it(folder):
            raise RuntimeError("the old release failed")
    shutil.rmtree(folder / "outputs" / "tiny" / "state" / "downloads", ignore_errors=True)
    shutil.rmtree(folder / "outputs" / ".downloads", ignore_errors=True)
    return folder


def _command(work: Path) -> list[str]:
    return ["run", str(work / "pipelines" / "tiny.yaml"), "--as-of", "2025-01-01"]


@contextmanager
def stac(folder: Path) -> Iterator[Service]:
    """Serve a STAC API and its files by byte ranges."""
    origin = folder / "origin"
    tiny.write_project(origin, days=DAYS, steps=tiny.composites_only(NEW))
    with stac_served.serving(origin / "scenes") as url:
        start = _project(folder / "start", stac_served.stac(url))
        made = Service(
            start, _command, release_of,
            lambda work: _bodies(work / "outputs" / "tiny" / "state" / "downloads"),
            lambda key: "file" if "/files/" in key else "catalogue",
            gone=_left_out,
            final=(("catalogue", "json error"),),
            only=(("catalogue", "short page"),),
        ).learn(folder / "work")  # fmt: skip
    yield made


@contextmanager
def sentinelhub(folder: Path) -> Iterator[Service]:
    """Serve token, catalogue and images."""
    origin = folder / "origin"
    shops.scenes(origin, DAYS, clouds=20)
    known = {"SH_CLIENT_ID": shops.CLIENT, "SH_CLIENT_SECRET": shops.SECRET}
    with mock.patch.dict(os.environ, known):  # noqa: TID251  # a test sets what users set
        with shops.serving(origin / "scenes") as shop:
            start = _project(folder / "start", shops.source(shop))
            made = Service(
                start, _command, release_of,
                lambda work: _bodies(work / "outputs" / ".downloads"),
                lambda key: next(s for s in ("token", "catalog", "process") if f"/{s}" in key),
                secrets=(shops.SECRET,),
                also=("429 milliseconds", "401"),
                    final=(("token", "401"), ("catalog", "json error")),
                only=(("catalog", "short page"),),
            ).learn(folder / "work")  # fmt: skip
        yield made


def _radar_project(folder: Path, radar: dict) -> Path:
    """Write a project with its images on disk, whose next release wants backscatter."""
    _small_aoi(folder)
    for day in DAYS:
        tiny.write_scene(folder, day)
    tiny.write_pipeline(folder, tiny.content(steps=tiny.composites_only(OLD)))
    if tiny.run_it(folder):
        raise RuntimeError("the old release failed")
    steps = test_radar_maps.steps(classify=False)
    tiny.write_pipeline(folder, tiny.content(radar=radar, steps=steps))
    return folder


@contextmanager
def radar_stac(folder: Path) -> Iterator[Service]:
    """Serve Sentinel-1 by a STAC API and byte ranges."""
    origin = folder / "origin"
    test_radar_maps.write_passes(origin)
    with stac_served.serving(origin / "scenes-s1") as url:
        made = Service(
            _radar_project(folder / "start", stac_served.stac(url)), _command, release_of,
            lambda work: _bodies(work / "outputs"),
            lambda key: "file" if "/files/" in key else "catalogue",
            gone=lambda work: _left_out(work, "s1"),
            final=(("catalogue", "json error"),),
            only=(("catalogue", "short page"),),
        ).learn(folder / "work")  # fmt: skip
    yield made


@contextmanager
def radar_sentinelhub(folder: Path) -> Iterator[Service]:
    """Serve token, catalogue and backscatter."""
    origin = folder / "origin"
    test_radar_maps.write_passes(origin)
    known = {"SH_CLIENT_ID": shops.CLIENT, "SH_CLIENT_SECRET": shops.SECRET}
    with mock.patch.dict(os.environ, known):  # noqa: TID251  # a test sets what users set
        with shops.serving(origin / "scenes-s1") as shop:
            radar = {"kind": "sentinelhub", "base_url": shop.url}
            made = Service(
                _radar_project(folder / "start", radar), _command, release_of,
                lambda work: _bodies(work / "outputs"),
                lambda key: next(s for s in ("token", "catalog", "process") if f"/{s}" in key),
                secrets=(shops.SECRET,),
                also=("429 milliseconds", "401"),
                final=(("token", "401"), ("catalog", "json error")),
                only=(("catalog", "short page"),),
            ).learn(folder / "work")  # fmt: skip
        yield made


def _brief(work: Path) -> list[str]:
    pipeline, state = work / "pipelines" / "fires.yaml", work / "alerts"
    return ["fire-risk", str(pipeline), "--format", "json", "--state", str(state)]


def _told(work: Path) -> dict[str, object]:
    """Return the brief that was printed, the sign of life, and the alerts that are carried on.

    A round whose input fails writes one line: that something is not known. Its alerts are the same
    ones, as high and as often told, so their states are compared where they are printed.
    """
    kept = [path for name in (PRINTED, "alerts.heartbeat") if (path := work / name).is_file()]
    store = AlertStore(work / "alerts")
    alerts = [replace(alert, state=AlertState.ACTIVE) for alert in store.log.alerts if alert.open]
    ended = [alert.alert_id for alert in store.log.alerts if not alert.open]
    read = {path.name: path.read_bytes() for path in kept}
    return read | {"alerts": alerts, "ended": ended, "damage": store.damage}


def _stays(old: dict, got: dict, right: dict) -> bool:
    """Whether all is as it was, but for alerts that good weather raises where no fire is known."""
    added = [alert for alert in got["alerts"] if alert not in old["alerts"]]
    return (
        got | {"alerts": [a for a in got["alerts"] if a not in added]} == old
        and all(a.rule is Rule.LEVEL and a in right["alerts"] for a in added)
    )  # fmt: skip


def _without_news(told: dict) -> dict:
    """Leave out of a brief which of its alerts are new: a round before may have told them."""
    brief = json.loads(told[PRINTED])
    for rows in brief.values():
        for row in rows if isinstance(rows, list) else ():
            if row.get("state") == "new":
                row["state"] = "active"
    notes = [note for note in brief["notes"] if note["key"] != "alert_news"]
    return told | {PRINTED: brief | {"notes": notes}}


@contextmanager
def _feed(folder: Path, *names: str) -> Iterator[Service]:
    """Serve some feeds; the others are files. A brief of the day before is the old one."""
    known = {"FIRMS_MAP_KEY": feeds_served.KEY}
    with (
        feeds_served.frozen_clock(),
        mock.patch.dict(os.environ, known),  # noqa: TID251  # a test sets what users set
        feeds_served.serving() as url,
    ):
        served = {"weather": "weather.json"}
        served |= {name: getattr(feeds_served, name)(url) for name in names}
        start = folder / "start"
        feeds_served.project(start, **served)
        made = Service(
            start, _brief, _told, lambda work: _bodies(work / "outputs" / ".downloads"),
            lambda key: names[-1] if "GOES_NRT" in key else names[0],
            gone=_early_away,
            final=(("weather", "json error"),),
            secrets=(feeds_served.KEY,),
            stays=_stays,
            after=_without_news,
        )  # fmt: skip
        command, made.command = made.command, lambda w: [*_brief(w), "--date", "2025-04-04"]
        if made.run(start)[0]:
            raise RuntimeError("the old brief failed")
        feeds_served.forget(start)
        made.command = command
        with feeds_served.frozen_clock(
            feeds_served.Later
        ):  # no two rounds of a log are of one instant
            yield made.learn(folder / "work")


def _early_away(work: Path) -> bool:
    """Whether the brief says that early detections are not known; the others are."""
    return "early NOT KNOWN" in (work / PRINTED).read_text(encoding="utf-8")


def weather(folder: Path):
    """Serve Open-Meteo."""
    return _feed(folder, "weather")


def hotspots(folder: Path):
    """Serve FIRMS."""
    return _feed(folder, "hotspots")


def early(folder: Path):
    """Serve FIRMS, its geostationary source too."""
    return _feed(folder, "hotspots", "early_hotspots")


SERVICES = {
    "stac": stac,
    "sentinelhub": sentinelhub,
    "radar-stac": radar_stac,
    "radar-sentinelhub": radar_sentinelhub,
    "weather": weather,
    "hotspots": hotspots,
    "early-hotspots": early,
}
