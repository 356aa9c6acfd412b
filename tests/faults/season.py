"""A fire season of hourly rounds with faults and kills, against receivers on loopback.

    python -m tests.faults.season --out DIR [--days 120] [--seed 1] [--seconds 540]

Goes on where it stopped, day by day. Prints the counts; ends with 1 if an alert was missed, told
twice, told to a park that had acknowledged it, or if something not known or a silence was not
reported in time.
"""

import argparse
import json
import logging
import pickle
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from servers.receivers import receiver

from habitat.domain.errors import HabitatError
from habitat.domain.fire_alert import HOTSPOTS, Ack
from habitat.io.fire import fire_files
from habitat.io.fire.fire_state import AlertStore
from habitat.io.fire.outbox import alert_policy
from habitat.io.net.http import Http
from habitat.io.net.http_policy import Clock
from habitat.pipeline.fire_risk import brief as of_brief
from habitat.pipeline.fire_risk import setting as of_setting
from habitat.pipeline.fire_risk import weather as of_weather
from habitat.pipeline.fire_risk.desk import acknowledge, status
from habitat.pipeline.fire_risk.setting import FireQuery
from habitat.pipeline.fire_risk.watch import watch

from .season_checks import View, missed, sent_mails, unreported
from .season_crash import KilledError, killed_at
from .season_world import FIRST, INPUT_REFUSED, World

ROOT = Path(__file__).resolve().parents[2]
CHANNELS = {"hook_ru": ("webhook", "ru"), "hook_cn": ("webhook", "cn"), "mail_cn": ("mail", "cn")}
_DOWN = {
    "hook_ru": {"first webhook down", "all receivers down"},
    "hook_cn": {"second webhook down", "all receivers down"},
    "mail_cn": {"mail down", "all receivers down"},
}
#: A round without news has few instants, one with news to three receivers many.
_KILL_SHARE, _LAST_INSTANTS, _ACK_SHARE = 0.3, (6, 12, 40), 0.05
_SILENT_AFTER_H = 3.0
_KEPT = 8
_BAD = (
    "missed", "told twice", "told though acknowledged", "unknown not reported",
    "silence not noticed", "false silence", "wrong end", "mail lost", "closed alert left open",
)  # fmt: skip


#: Functions of their arguments alone (or of files that a season never changes), kept for speed.
_PURE = (
    (fire_files, "read_data_file"), (of_setting, "load_pipeline"),
    (of_brief, "read_aoi"), (of_brief, "day_danger"), (of_weather, "parse_open_meteo"),
)  # fmt: skip


@dataclass
class Course:
    """Where a season stands; all that a later call needs to go on."""

    hour: int = 0
    counts: Counter = field(default_factory=Counter)
    findings: list = field(default_factory=list)
    views: dict = field(default_factory=dict)
    mails: dict = field(default_factory=dict)
    unknown_since: dict = field(default_factory=dict)
    complete: datetime = FIRST
    orphans: set = field(default_factory=set)
    mended: bool = False

    def bad(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        self.findings.append(f"hour {self.hour}: {kind}: {text}")


class Season:
    """One season in a folder."""

    def __init__(self, out: Path, *, seed: int, days: int) -> None:
        self.out, self.seed, self.days = out, seed, days
        self.state = out / "project" / "outputs" / "fire-risk" / "state" / "alerts.jsonl"
        (out / "inputs").mkdir(parents=True, exist_ok=True)
        self.world = World(ROOT, out / "inputs", seed=seed, days=days)
        self.checkpoint = out / "course.pickle"
        self.course = Course(views={name: View() for name in ("hook_ru", "hook_cn")})
        if self.checkpoint.exists():
            shutil.rmtree(self.state.parent, ignore_errors=True)
            shutil.copytree(out / "saved", self.state.parent)
            self.course = pickle.loads(self.checkpoint.read_bytes())

    def run(self, until: float) -> bool:
        """Play days until the season or the time is over; return whether it is whole."""
        with ExitStack() as stack:
            taken = {}
            ports = {}
            for name, (kind, _) in CHANNELS.items():
                ports[name], taken[name] = stack.enter_context(receiver(kind))
            pipeline = self._project(ports)
            while self.course.hour < self.days * 24 and time.monotonic() < until:
                for _ in range(24):
                    self._hour(pipeline, taken)
                    self.course.hour += 1
                self._save()
        return self.course.hour >= self.days * 24

    def _save(self) -> None:
        temporary = self.checkpoint.with_suffix(".tmp")
        temporary.write_bytes(pickle.dumps(self.course))
        shutil.rmtree(self.out / "saved", ignore_errors=True)
        shutil.copytree(self.state.parent, self.out / "saved")
        temporary.replace(self.checkpoint)

    def _project(self, ports: dict[str, int]) -> Path:
        """Write a project whose pipeline tells the receivers."""
        project = self.out / "project"
        shutil.copytree(ROOT / "aoi", project / "aoi", dirs_exist_ok=True)
        (project / "pipelines").mkdir(exist_ok=True)
        text = (ROOT / "pipelines" / "fire-risk.yaml").read_text("utf-8")
        text = text.replace("weather: simulated", "weather: file").replace(
            "hotspots: none", "hotspots: file"
        )
        lines = ["    alerts:", "      hosts: [127.0.0.1]", "      channels:"]
        for name, (kind, park) in CHANNELS.items():
            where = (
                f"url: http://127.0.0.1:{ports[name]}/alerts"
                if kind == "webhook"
                else f"host: 127.0.0.1, port: {ports[name]}, sender: a@b.example, to: [c@d.example]"
            )
            lines.append(f"        - {{name: {name}, kind: {kind}, park: {park}, {where}}}")
        path = project / "pipelines" / "fire-risk.yaml"
        path.write_text(text.rstrip() + "\n" + "\n".join(lines) + "\n", "utf-8")
        return path

    # --- one hour ---------------------------------------------------------------------------------

    def _hour(self, pipeline: Path, taken: dict) -> None:
        course, hour = self.course, self.course.hour
        rng, faults = random.Random(f"{self.seed} hour {hour}"), self.world.faults(hour)
        for name in faults:
            course.counts[f"hours of {name}"] += 1
        for name, receiver_of in taken.items():
            receiver_of.down = bool(faults & _DOWN[name])
            receiver_of.faults = ["lost answer"] if "answers lost" in faults else []
        self._harm(rng, faults)
        if "no run" not in faults:
            last = rng.choice(_LAST_INSTANTS)
            kill = rng.randint(1, last) if rng.random() < _KILL_SHARE else None
            self._round(pipeline, taken, faults, kill)
            if "two runs at once" in faults:
                self._round(pipeline, taken, faults, None)
            if rng.random() < _ACK_SHARE:
                self._acknowledge(rng)
        self._silence()

    def _harm(self, rng: random.Random, faults: set[str]) -> None:
        """Damage or lose the log of alerts."""
        if not self.state.exists() or not faults & {"log damaged", "log lost"}:
            return
        self.course.mended = True
        self.course.unknown_since = {}  # with the log goes since when; the grace starts anew
        self.course.orphans |= {a for view in self.course.views.values() for a in view.open()}
        if "log lost" in faults:
            self.state.unlink()
            return
        body = bytearray(self.state.read_bytes())
        first = body.index(b"\n") + 1
        if len(body) > first:
            body[rng.randrange(max(first, len(body) - 20_000), len(body))] ^= 1 << rng.randrange(8)
            self.state.write_bytes(body)

    def _round(self, pipeline: Path, taken: dict, faults: set[str], kill: int | None) -> None:
        course, now = self.course, self.world.now(self.course.hour)
        query = FireQuery(
            pipeline, None, now,
            weather=self.world.weather(course.hour, faults),
            hotspots=self.world.hotspots(course.hour, faults),
        )  # fmt: skip
        clock = _Time(now).clock()
        http = Http(alert_policy(["127.0.0.1"]), clock=clock)
        course.counts["rounds"] += 1
        done, refused = None, None
        try:
            with killed_at(kill):
                done = watch(query, self.state, lambda _: None, now=lambda: now, http=http)
        except KilledError:
            course.counts["killed"] += 1
        except HabitatError as error:
            refused = error
            course.counts[f"ended {error.exit_code}"] += 1
            if not faults & INPUT_REFUSED:
                course.bad("wrong end", f"{type(error).__name__}: {error}")
        self._receive(taken)
        if done is None and refused is None:
            return
        for fault in () if done is None else done.faults:
            course.counts[f"ended {fault.exit_code}"] += 1
        if done is not None and not done.faults and not done.brief.unknown:
            course.complete = now
            course.counts["complete"] += 1
        self._check(None if done is None else done.brief, now)

    def _receive(self, taken: dict) -> None:
        """Read what came; a receiver knows an id that it has."""
        course = self.course
        for name, view in course.views.items():
            for key in taken[name].deliveries:
                course.counts["deliveries"] += 1
                if key in view.seen:
                    course.counts["known again by their id"] += 1
                    continue
                for kind, text in view.take(key, taken[name].by_id[key]):
                    again = kind == "told twice" and course.mended
                    if again:
                        course.counts["told again after damage"] += 1
                    else:
                        course.bad(kind, f"{name} {text}")
            taken[name].deliveries.clear()
        mail = taken["mail_cn"]
        for key in mail.deliveries:
            course.counts["deliveries"] += 1
            course.counts["known again by their id"] += key in course.mails
            course.mails[key] = 1
        mail.deliveries.clear()

    def _check(self, brief, now: datetime) -> None:
        """Hold what receivers know against what the round saw."""
        course, store = self.course, AlertStore(self.state)
        self._unknown(brief, now)
        waiting = {message.channel for message in store.log.outbox}
        overdue = {k for k, t in course.unknown_since.items() if now - t >= timedelta(hours=1)}
        for name, view in course.views.items():
            if name not in waiting:
                self._check_view(name, view, brief, overdue)
        for key in sent_mails(store.records) - course.mails.keys():
            course.bad("mail lost", key)
        course.counts["mails"] = len(course.mails)

    def _check_view(self, name: str, view: View, brief, overdue: set[str]) -> None:
        course, log = self.course, AlertStore(self.state).log
        for text in unreported(view, overdue):
            course.bad("unknown not reported", f"{name} {text}")
        for text in [] if brief is None else missed(view, brief, log):
            course.bad("missed", f"{name} {text}")
        for text in view.left_open(log, course.orphans):
            course.bad("closed alert left open", f"{name} {text}")

    def _unknown(self, brief, now: datetime) -> None:
        course = self.course
        if brief is None:
            # without weather the hotspots may be known all the same, which the log says
            hotspots = {HOTSPOTS} & AlertStore(self.state).log.unknown_since.keys()
            keys = {place.place_id for place in self.world.places} | hotspots
        else:
            keys = {found.place.place_id for found in brief.places if found.unknown}
            keys |= {HOTSPOTS} if brief.hotspots.unknown else set()
        fresh = keys - course.unknown_since.keys()
        course.counts["unknown periods"] += len(fresh)
        course.unknown_since = {key: course.unknown_since.get(key, now) for key in keys}

    def _acknowledge(self, rng: random.Random) -> None:
        """An officer acknowledges an alert that is open."""
        log, now = AlertStore(self.state).log, self.world.now(self.course.hour)
        if not log.opened():
            return
        alert = rng.choice(log.opened())
        park = rng.choice(("ru", "cn"))
        until = now + timedelta(hours=rng.randint(2, 24))
        held, _ = acknowledge(self.state, Ack(alert.alert_id, park, "Ivanov", now, until))
        self.course.views[f"hook_{park}"].acknowledge(held)
        self.course.counts["acknowledged"] += 1

    def _silence(self) -> None:
        """The watch of another machine looks at the sign of life every hour."""
        course, now = self.course, self.world.now(self.course.hour)
        if course.counts["complete"] == 0:
            return
        alarm = status(self.state, now)["complete_h_ago"] > _SILENT_AFTER_H
        quiet_h = (now - course.complete).total_seconds() / 3600
        course.counts["hours of silence alarm"] += alarm
        if quiet_h > _SILENT_AFTER_H + 1 and not alarm:
            course.bad("silence not noticed", f"{quiet_h} h")
        if quiet_h == 0 and alarm:
            course.bad("false silence", "just complete")


class _Time:
    """A clock that sleeps at once."""

    def __init__(self, now: datetime) -> None:
        self.now, self.at = now, 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.at, self._sleep, lambda: self.now)

    def _sleep(self, seconds: float) -> None:
        self.at += seconds


def play(out: Path, *, seed: int, days: int, seconds: float) -> tuple[Course, bool]:
    """Play a season as long as there is time; return where it stands, and whether it is whole."""
    season = Season(out, seed=seed, days=days)
    with ExitStack() as stack:
        for module, name in _PURE:
            kept = _kept(getattr(module, name))
            stack.enter_context(patch.object(module, name, kept))
        whole = season.run(time.monotonic() + seconds)
    return season.course, whole


def _kept(function: Callable) -> Callable:
    """Keep the last results by the arguments that can be hashed; the others never change."""
    results: dict[tuple, object] = {}

    def call(*args: object, **options: object) -> object:
        key = (*(a for a in args if isinstance(a, Hashable)), *options.values())
        try:
            return results[key]
        except TypeError:  # a table of fuels: frozen, with a dict in it
            key = tuple(a for a in args if not hasattr(a, "fuels"))
        except KeyError:
            pass
        if key not in results:
            if len(results) >= _KEPT:
                results.pop(next(iter(results)))
            results[key] = function(*args, **options)
        return results[key]

    return call


def failed(course: Course) -> dict[str, int]:
    """Return the counts that must be zero and are not."""
    return {name: course.counts[name] for name in _BAD if course.counts[name]}


def main(args: list[str] | None = None) -> int:
    """Play, print the counts as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=540.0, help="wall time to spend")
    options = parser.parse_args(args)
    logging.disable()  # faults are meant, and counted
    course, whole = play(options.out, seed=options.seed, days=options.days, seconds=options.seconds)
    counts = {name: course.counts[name] for name in _BAD} | dict(sorted(course.counts.items()))
    head = {"whole": whole, "hours": course.hour}
    sys.stdout.write(json.dumps(head | counts, indent=2) + "\n")
    sys.stdout.write("".join(f"{line}\n" for line in course.findings[:20]))
    return 1 if failed(course) else 0


if __name__ == "__main__":
    sys.exit(main())
