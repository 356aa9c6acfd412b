"""An invented season: weather, fires, and what goes wrong when, each from a seed and the hour."""

import json
import os
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from habitat.algorithms.simulated_weather import simulate_weather
from habitat.domain.place import PlaceTable
from habitat.io.fire.fire_files import read_fuels, read_places

FIRST = datetime(2025, 3, 1, tzinfo=UTC)
_HISTORY_DAYS = 64
_FORECAST_H = 6
#: Hours (UTC) of the satellites' passes, and how long after one it is published [h].
_PASSES, _DELAY_H = (4, 5, 17, 18), 3
_COLUMNS = "latitude,longitude,acq_date,acq_time,confidence,frp,satellite,version"

#: What goes wrong: how often in 120 days, and for how long at most [h].
FAULTS = {
    "weather not saved": (6, 30),
    "weather with gaps": (6, 8),
    "weather in another unit": (5, 5),
    "weather is a page": (5, 6),
    "weather file missing": (5, 6),
    "hotspots not saved": (6, 20),
    "hotspots are a page": (5, 6),
    "hotspots without a column": (5, 6),
    "hotspots from the future and from nowhere": (5, 6),
    "storm of detections": (3, 3),
    "first webhook down": (6, 12),
    "second webhook down": (6, 12),
    "mail down": (6, 12),
    "all receivers down": (4, 8),
    "answers lost": (6, 6),
    "no run": (6, 14),
    "log damaged": (4, 1),
    "log lost": (2, 1),
    "two runs at once": (8, 3),
}
INPUT_REFUSED = {
    "weather in another unit", "weather is a page", "weather file missing", "hotspots are a page",
    "hotspots without a column",
}  # fmt: skip


@cache
def places(project: Path) -> PlaceTable:
    return read_places("border-zone", project, fuels=read_fuels("border-zone", project))


@dataclass(frozen=True)
class Fire:
    """Burns for some hours near a place and walks with the wind."""

    start: int
    hours: int
    lat: float
    lon: float
    step: float


class World:
    """The season of one seed."""

    def __init__(self, project: Path, folder: Path, *, seed: int, days: int) -> None:
        self.project, self.folder, self.seed, self.days = project, folder, seed, days
        self.places = places(project).places
        rng = random.Random(f"{seed} fires")
        self.fires = [self._fire(rng, days) for _ in range(max(1, days * 3 // 10))]
        self.episodes = self._episodes()
        end = FIRST + timedelta(days=days + 2)
        self._weather = simulate_weather(
            np.array([p.latitude for p in self.places]),
            np.array([p.longitude for p in self.places]),
            first=(FIRST - timedelta(days=_HISTORY_DAYS + 1)).date(), last=end.date(), seed=seed,
        )  # fmt: skip

    def _fire(self, rng: random.Random, days: int) -> Fire:
        near = rng.choice(self.places)
        return Fire(
            rng.randrange(days * 24), rng.randint(6, 96),
            near.latitude + rng.uniform(-0.1, 0.1), near.longitude + rng.uniform(-0.1, 0.1),
            rng.uniform(0.0, 0.004),
        )  # fmt: skip

    def _episodes(self) -> dict[str, list[range]]:
        rng, hours = random.Random(f"{self.seed} faults"), self.days * 24
        found = {}
        for name, (count, longest) in FAULTS.items():
            times = max(1, round(count * self.days / 120))
            starts = [rng.randrange(6, hours) for _ in range(times)]
            found[name] = [range(at, at + rng.randint(1, longest)) for at in starts]
        return found

    def faults(self, hour: int) -> set[str]:
        return {name for name, times in self.episodes.items() if any(hour in t for t in times)}

    def now(self, hour: int) -> datetime:
        return FIRST + timedelta(hours=hour, minutes=10)

    # --- the files of an hour ---------------------------------------------------------------------

    def weather(self, hour: int, faults: set[str]) -> Path:
        """Return the forecast that is on disk; made every six hours unless its saving fails."""
        path = self.folder / "weather.json"
        saved = hour - hour % _FORECAST_H
        while "weather not saved" in self.faults(saved) and saved > 0:
            saved -= _FORECAST_H
        made = self.folder / f"forecast-{saved}.json"
        if not made.exists():
            for old in self.folder.glob("forecast-*.json"):
                old.unlink()
            made.write_text(json.dumps(self._answers(saved)), "utf-8")
        body = made.read_text("utf-8")
        if "weather with gaps" in faults:
            body = self._gaps(body, hour)
        if "weather in another unit" in faults:
            body = body.replace('"km/h"', '"furlong/h"')
        if "weather is a page" in faults:
            body = "<html>maintenance</html>"
        path.write_text(body, "utf-8")
        stamp = (FIRST + timedelta(hours=saved)).timestamp()
        os.utime(path, (stamp, stamp))
        if "weather file missing" in faults:
            path.unlink()
        return path

    def _answers(self, saved: int) -> list[dict[str, object]]:
        """Return the answers of the service; each forecast has its own error of the wind."""
        start = (FIRST + timedelta(hours=saved)).date() - timedelta(days=_HISTORY_DAYS)
        since = np.datetime64(start.isoformat(), "s")
        until = since + np.timedelta64((_HISTORY_DAYS + 3) * 24, "h")
        rows = np.flatnonzero((self._weather.time >= since) & (self._weather.time < until))
        times = [f"{t}"[:16] for t in self._weather.time[rows]]
        error = random.Random(f"{self.seed} wind {saved}").uniform(0.7, 1.4)
        return [self._answer(cell, rows, times, error) for cell in range(len(self.places))]

    def _answer(
        self, cell: int, rows: np.ndarray, times: list[str], error: float
    ) -> dict[str, object]:
        w = self._weather
        wind = np.minimum(w.wind_kmh[rows, cell] * error, 140.0)
        columns = {
            "temperature_2m": w.temperature_c[rows, cell],
            "relative_humidity_2m": w.humidity_pct[rows, cell],
            "wind_speed_10m": wind,
            "precipitation": w.rain_mm[rows, cell],
            "snow_depth": np.zeros(len(rows)),  # bare ground, so that two months are enough
        }
        values = {k: [round(float(v), 2) for v in column] for k, column in columns.items()}
        units = ("°C", "%", "km/h", "mm", "m")
        return {
            "latitude": float(w.latitude[cell]), "longitude": float(w.longitude[cell]),
            "utc_offset_seconds": 0, "hourly": {"time": times} | values,
            "hourly_units": dict(zip(columns, units, strict=True)),
        }  # fmt: skip

    def _gaps(self, body: str, hour: int) -> str:
        answers = json.loads(body)
        for answer in random.Random(f"{self.seed} gap {hour // 4}").sample(answers, 4):
            answer["hourly"]["wind_speed_10m"][-60:] = [None] * 60
        return json.dumps(answers)

    def hotspots(self, hour: int, faults: set[str]) -> Path:
        """Return the detections on disk: two days, published hours after the pass."""
        path = self.folder / "hotspots.csv"
        saved = hour
        while "hotspots not saved" in self.faults(saved) and saved > 0:
            saved -= 1
        rows = [row for at in range(max(0, saved - 48), saved + 1) for row in self._pass(at, saved)]
        if "storm of detections" in faults:
            rows += self._storm(saved)
        if "hotspots from the future and from nowhere" in faults:
            rows += [_row(42.7, 130.8, hour + 30, "NRT"), _row(0.0, 0.0, hour - 1, "NRT")]
        body = "\n".join([_COLUMNS, *rows]) + "\n"
        if "hotspots are a page" in faults:
            body = "Invalid MAP_KEY.\n"
        if "hotspots without a column" in faults:
            body = body.replace("acq_time", "time")
        path.write_text(body, "utf-8")
        stamp = (FIRST + timedelta(hours=saved)).timestamp()
        os.utime(path, (stamp, stamp))
        return path

    def _pass(self, at: int, saved: int) -> list[str]:
        if at % 24 not in _PASSES or at + _DELAY_H > saved:
            return []
        version = "NRT" if saved - at > 2 * _DELAY_H else "URT"  # given again, better processed
        rows = []
        for fire in self.fires:
            if fire.start <= at < fire.start + fire.hours:
                age = at - fire.start
                lat, lon = fire.lat + age * fire.step * 0.3, fire.lon + age * fire.step
                rows += [_row(lat, lon, at, version), _row(lat + 0.006, lon, at, version)]
                if version == "NRT":
                    rows.append(_row(lat, lon, at, "URT"))
        return rows

    def _storm(self, saved: int) -> list[str]:
        rng = random.Random(f"{self.seed} storm {saved // 24}")
        at = max(saved - saved % 24 - 6, 0)
        return [
            _row(42.6 + rng.random() / 2, 130.4 + rng.random() / 2, at, "NRT") for _ in range(1500)
        ]


def _row(lat: float, lon: float, hour: int, version: str) -> str:
    when = FIRST + timedelta(hours=hour, minutes=12)
    return f"{lat:.5f},{lon:.5f},{when:%Y-%m-%d},{when:%H%M},n,12.5,N20,2.0{version}"


def day_of(hour: int) -> date:
    return (FIRST + timedelta(hours=hour)).date()
