"""The whole zone: 14,000 km² at 10 m, two periods × 12 dates × 6 bands + SCL, or a quarter of it.

    python -m benchmarks.zone make DIR --referee FOLDER [--part quarter]  # goes on where it stopped
    python -m benchmarks.zone run DIR [--part quarter] [--workers 2] [--processes]

FOLDER holds ``synth.py`` and ``b7_e2e.py`` as for ``benchmarks.project``. The generator renders a
few landscapes of 2048² pixels; the scenes of the zone are copies of their files in other places,
each with its own position, checksum and item. Their blocks of 1,024 px do not line up with the
tiles of the grid, as those of real scenes do not. A quarter takes 10 GB, the whole 34 GB.
"""

import argparse
import hashlib
import importlib
import json
import os
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rasterio.warp import transform_bounds

from benchmarks.measure import run
from benchmarks.project import PERIODS, chain, pipeline, write_aoi, write_project

SIZE_PX, DATES, PIXEL_M = 2048, 12, 10
EDGE_M = SIZE_PX * PIXEL_M
PATTERNS = 3
#: Width and height of a zone of 14,000 km², and what is cut off two corners [edges of a scene].
WIDTH, HEIGHT, CUT = 6.6, 5.5, 1.709
PARTS = {"quarter": 0.5, "whole": 1.0}
#: Pixels of all bands and the mask for one pixel of 10 m: four bands of 10 m, three of 20 m.
SOURCE_PX = 4 + 3 / 4


def ring(corner: tuple[float, float], part: str) -> list[list[float]]:
    """Return the outline of the AOI, closed: a rectangle without two of its corners [m]."""
    width, height, cut = (value * PARTS[part] for value in (WIDTH, HEIGHT, CUT))
    outline = [(cut, 0.0), (width, 0.0), (width, height - cut), (width - cut, height),
               (0.0, height), (0.0, cut), (cut, 0.0)]  # fmt: skip
    x0, y0 = corner[0] + 0.05 * EDGE_M, corner[1] - 0.05 * EDGE_M
    return [[round(x0 + x * EDGE_M, 2), round(y0 - y * EDGE_M, 2)] for x, y in outline]


def places(part: str) -> Iterator[tuple[int, int]]:
    """Yield row and column of the scenes that the AOI may touch."""
    scale = PARTS[part]
    for row in range(int(HEIGHT * scale + 0.05) + 1):
        for col in range(int(WIDTH * scale + 0.05) + 1):
            yield row, col


def make(folder: Path, referee: Path, part: str) -> None:
    """Write what is not there yet: patterns, scenes, project."""
    base = folder / "patterns"
    sys.path.insert(0, str(referee))
    synth = importlib.import_module("synth")
    write_project(base / "0", referee, size=SIZE_PX, dates=DATES)
    for number in range(1, PATTERNS):
        files = base / str(number) / "scenes" / "all"
        if not (files / "items.json").is_file():
            synth.generate(str(files), SIZE_PX, DATES, len(PERIODS), 1 + number)
    corner = (synth.X0, synth.Y0)
    for row, col in places(part):
        source = base / str((row * 5 + col) % PATTERNS) / "scenes" / "all"
        target = folder / "scenes" / f"r{row}c{col}"
        if not target.is_dir():
            _copy_scenes(source, target, corner, (row, col))
    _write_project(folder, corner, part, synth.EPSG)


def _copy_scenes(
    source: Path, target: Path, corner: tuple[float, float], place: tuple[int, int]
) -> None:
    """Copy the scenes of a pattern to a place; the folder gets its name when it is complete."""
    building = target.with_name(f".{target.name}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    here = corner[0] + place[1] * EDGE_M, corner[1] - place[0] * EDGE_M
    for item in json.loads((source / "items.json").read_text()):
        item["id"] = f"{item['id']}_{target.name}"
        _move_footprint(item, here)
        for asset in item["assets"].values():
            body = _moved(source / asset["href"], corner, here)
            (building / asset["href"]).write_bytes(body)
            asset["file:checksum"] = f"1220{hashlib.sha256(body).hexdigest()}"
            pixel_m = asset["proj:transform"][0]
            asset["proj:transform"] = [pixel_m, 0.0, here[0], 0.0, -pixel_m, here[1]]
        item["assets"]["B8A"] = item["assets"].pop("B08")
        (building / f"{item['id']}.json").write_text(json.dumps(item))
    building.rename(target)


def _moved(path: Path, corner: tuple[float, float], here: tuple[float, float]) -> bytes:
    """Return the bytes of a GeoTIFF with another tie point."""
    body = bytearray(path.read_bytes())
    old, new = (struct.pack("<6d", 0, 0, 0, *xy, 0) for xy in (corner, here))
    at = body.find(old)
    if at < 0:
        raise ValueError(f"{path}: expected the tie point {corner}, found none")
    body[at : at + len(new)] = new
    return bytes(body)


def _move_footprint(item: dict[str, Any], here: tuple[float, float]) -> None:
    x, y = here
    west, south, east, north = transform_bounds(
        f"EPSG:{item['properties']['proj:epsg']}", "EPSG:4326", x, y - EDGE_M, x + EDGE_M, y
    )
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    item["bbox"] = [west, south, east, north]
    item["geometry"] = {"type": "Polygon", "coordinates": [corners]}


def _write_project(folder: Path, corner: tuple[float, float], part: str, epsg: int) -> None:
    """Write AOI and pipeline of a part, and a folder with its scenes alone."""
    write_aoi(folder / "aoi" / f"{part}.geojson", epsg, ring(corner, part))
    for name in ("legends", "models"):
        shutil.copytree(folder / "patterns" / "0" / name, folder / name, dirs_exist_ok=True)
    mine = folder / "parts" / part
    for row, col in places(part):
        place = mine / f"r{row}c{col}"
        if not place.is_dir():
            shutil.copytree(folder / "scenes" / place.name, place, copy_function=os.link)
    document = pipeline(part, epsg, chain())
    document["aoi"], document["source"]["path"] = f"aoi/{part}.geojson", f"parts/{part}"
    path = folder / "pipelines" / f"{part}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=1))


def measure(folder: Path, part: str, options: list[str]) -> dict[str, Any]:
    """Run a part from nothing and return what it cost."""
    outputs = folder / "outputs" / part
    if outputs.exists():
        for path in outputs.rglob("*"):
            path.chmod(0o755)
        shutil.rmtree(outputs)
    command = [sys.executable, "-m", "habitat", "--log", "text", "run"]
    path = folder / "pipelines" / f"{part}.yaml"
    log = folder / f"{part}.log"
    cost = run([*command, str(path), "--as-of", "2022-12-31", *options], log=log)
    mpx = area_km2(part) * (1000 / PIXEL_M) ** 2 * len(PERIODS) * DATES * SOURCE_PX / 1e6
    return {
        "part": part,
        "km2": round(area_km2(part)),
        "wall s": round(cost.wall_s, 1),
        "CPU s": round(cost.cpu_s, 1),
        "peak MiB": round(cost.peak_mib),
        "source Mpx in the AOI": round(mpx),
        "CPU s per 1000 Mpx": round(cost.cpu_s / mpx * 1000, 2),
    }


def area_km2(part: str) -> float:
    """Return the area of the AOI."""
    return (WIDTH * HEIGHT - CUT**2) * (PARTS[part] * EDGE_M / 1000) ** 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("make", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", choices=tuple(PARTS), default="quarter")
    parser.add_argument("--referee", type=Path, help="needed to make scenes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--processes", action="store_true")
    args = parser.parse_args()
    if args.what == "run":
        options = ["--workers", str(args.workers), *(["--processes"] if args.processes else [])]
        print(json.dumps(measure(args.folder, args.part, options)))
    elif args.referee is None or not (args.referee / "synth.py").is_file():
        parser.error("--referee: expected a folder with synth.py")
    else:
        make(args.folder, args.referee, args.part)


if __name__ == "__main__":
    main()
