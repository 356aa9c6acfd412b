"""A tiny project that buys from a Sentinel Hub on this machine, in its own process."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import requests
import tiny

SERVER = Path(__file__).resolve().parents[1] / "servers" / "sentinelhub_server.py"
CLIENT, SECRET = "loopback-client", "canary-secret-7f3a"


def scenes(folder: Path, days=tiny.DAYS, clouds=0, scl=None, pixel=20) -> None:
    """Write scenes of 2.56 km with the offset of baseline 05.10 in them, partly cloudy."""
    for index, day in enumerate(days):
        side = tiny.SIDE * tiny.PIXEL // pixel
        mask = np.full((side, side), tiny.VEGETATION, np.uint8)
        mask[20 : 20 + clouds, 10 * index : 10 * index + clouds] = tiny.CLOUD
        bands = {name: values + np.uint16(1000) for name, values in tiny.forest(side).items()}
        tiny.write_scene(
            folder, day, pixel=pixel, bands=bands, scl=mask if scl is None else scl,
            properties={"s2:processing_baseline": "05.10", "platform": "sentinel-2a"},
        )  # fmt: skip


class Shop:
    """The service as tests see it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, document: dict) -> None:
        requests.post(self.url + path, json=document, timeout=20).raise_for_status()

    def reset(self, **account) -> None:
        self.post("/_account", account)
        self.post("/_faults", {})

    def faults(self, faults: dict) -> None:
        self.post("/_faults", faults)

    def log(self) -> list[dict]:
        return requests.get(f"{self.url}/_log", timeout=20).json()["log"]

    def spent(self) -> float:
        return requests.get(f"{self.url}/_log", timeout=20).json()["spent"]

    def calls(self, name: str) -> int:
        return sum(entry["path"] == name for entry in self.log())


@contextmanager
def serving(folder: Path):
    """Run the service over the scenes of a folder."""
    command = [sys.executable, str(SERVER), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Shop(f"http://127.0.0.1:{int(process.stdout.readline())}")
        process.stdin.close()


def source(shop: Shop, **changes) -> dict:
    return {"kind": "sentinelhub", "base_url": shop.url, "min_clear_percent": 0, **changes}


def project(folder: Path, shop: Shop, **changes) -> Path:
    """Write AOI, model and a pipeline that buys; no scenes."""
    tiny.write_aoi(folder)
    tiny.write_tiny_model(folder / "models" / "tiny.json")
    content = tiny.content(source=source(shop), steps=tiny.maps_and_tables()) | changes
    return tiny.write_pipeline(folder, content)


def maps(folder: Path) -> dict[str, bytes]:
    """Return the rasters of the current release."""
    return {path.name: path.read_bytes() for path in sorted(tiny.current(folder).glob("*.tif"))}


def ledger(folder: Path) -> list[dict]:
    path = folder / "outputs" / ".downloads" / "sentinelhub" / "units.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
