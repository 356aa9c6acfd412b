"""Weather and hotspots from services on this machine, and a small project that asks them."""

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock
from urllib.request import urlopen

import fire_inputs

SERVER = Path(__file__).parent / "servers" / "feeds_server.py"
KEY = "canarykey0123456789abcdef0123456"
PLACES = """\
name: one
source: a test
licence: none
clock: {name: VLAT, utc_offset_hours: 10}
places:
  - {id: kraskino, kind: settlement, country: RUS, lat: 42.71, lon: 130.78, fuels: [grass],
     names: {en: Kraskino, ru: Краскино, zh: 克拉斯基诺}}
"""


class Frozen(datetime):
    """A clock that stands at six in the morning of the day of the other inputs."""

    @classmethod
    def now(cls, tz=None):
        return fire_inputs.SIX.astimezone(tz or UTC)


class Later(datetime):
    """The same half an hour later."""

    @classmethod
    def now(cls, tz=None):
        return (fire_inputs.SIX + timedelta(minutes=30)).astimezone(tz or UTC)


def frozen_clock(clock: type[datetime] = Frozen):
    """Stop the clock of the command line."""
    return mock.patch("habitat.cli.fire_risk.datetime", clock)


@contextmanager
def serving():
    """Serve both; give the root."""
    command = [sys.executable, str(SERVER), str(fire_inputs.SIX.date()), KEY]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


def asked(url: str) -> list[str]:
    """Return the paths that were asked for so far."""
    with urlopen(f"{url}/_log", timeout=10) as answer:
        return json.load(answer)


def weather(url: str) -> dict:
    return {
        "kind": "open-meteo", "url": f"{url}/v1/forecast", "archive_url": f"{url}/v1/archive"
    }  # fmt: skip


def hotspots(url: str) -> dict:
    return {"kind": "firms", "url": url, "sources": ["VIIRS_NOAA20_NRT", "VIIRS_SNPP_NRT"]}


def early_hotspots(url: str) -> dict:
    return {"kind": "firms", "url": url}


def project(folder: Path, **step) -> Path:
    """Write a project of one place; return its pipeline file."""
    ring = [[130.7, 42.6], [130.8, 42.6], [130.8, 42.7], [130.7, 42.7], [130.7, 42.6]]
    feature = {
        "type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}
    }  # fmt: skip
    for name, text in (
        ("aoi/tiny.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]})),
        ("places/one.yaml", PLACES),
        ("weather.json", json.dumps(fire_inputs.gale())),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    fire_inputs.write_weather(folder / "weather.json", fire_inputs.gale())
    content = {
        "name": "fires",
        "aoi": "aoi/tiny.geojson",
        "grid": {"epsg": 32652, "pixel_m": 500, "tile_px": 64},
        "source": {"kind": "simulated", "seed": 7},
        "steps": [
            {"step": "fire_risk", "places": "places/one.yaml", "fuels": "border-zone", **step}
        ],
    }
    path = folder / "pipelines" / "fires.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def forget(folder: Path) -> None:
    """Drop what was downloaded."""
    shutil.rmtree(folder / "outputs" / ".downloads", ignore_errors=True)
