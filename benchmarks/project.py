"""A habitat project on the scenes of the referee: two periods of one place, a model, pipelines.

    python -m benchmarks.project DIR --referee FOLDER [--size 2048] [--dates 12]

FOLDER holds ``synth.py`` and ``b7_e2e.py``: the generator and the naive baseline. What it writes is
what every contestant reads: ``scenes/all`` the files, ``scenes/before`` and ``scenes/after`` the
lists of one period each, for the baseline as one JSON list and for habitat as STAC items. The
near infrared is the 10 m band B08 for the baseline; habitat knows the same file as B8A, since its
indices are defined on that band.
"""

import argparse
import hashlib
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import from_origin

BANDS = ("B02", "B03", "B04", "B8A", "B11", "B12")
PERIODS = {"before": 2020, "after": 2021}
_CLASSES = (
    ("forest", "#0b5d3b", "forest"),
    ("woodland", "#5aa02c", "forest"),
    ("grass", "#e6e58a", "grass"),
    ("crop", "#f0a8d0", "crop"),
    ("water", "#2b6cb0", "water"),
    ("bare", "#b8aca0", "bare"),
)


def write_project(folder: Path, referee: Path, *, size: int, dates: int) -> None:
    """Write scenes, AOI, legend, reference, pipelines, and train the model."""
    sys.path.insert(0, str(referee))
    synth = importlib.import_module("synth")
    files = folder / "scenes" / "all"
    if not (files / "items.json").is_file():
        synth.generate(str(files), size, dates, len(PERIODS), 1)
    corner = (synth.X0, synth.Y0)
    write_items(folder)
    x, y, size_m = *corner, size * 10
    ring = [[x, y - size_m], [x + size_m, y - size_m], [x + size_m, y], [x, y], [x, y - size_m]]
    write_aoi(folder / "aoi" / "bench.geojson", synth.EPSG, ring)
    _write_legend(folder / "legends" / "bench.yaml")
    _write_truth(folder / "reference" / "truth.tif", files / "truth.npz", synth.EPSG, corner)
    for name, steps in (("train", _training()), ("chain", chain()), ("burns", with_burns())):
        path = folder / "pipelines" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(pipeline(name, synth.EPSG, steps), indent=1))
    model = folder / "models" / "bench.json"
    if not model.is_file():
        model.parent.mkdir(exist_ok=True)
        train = [sys.executable, "-m", "habitat", "train", str(folder / "pipelines" / "train.yaml")]
        subprocess.run([*train, "--out", str(model)], check=True)


def write_items(folder: Path) -> None:
    """Write the scenes of each period as a list for the baseline and as STAC items for habitat."""
    files = folder / "scenes" / "all"
    items = json.loads((files / "items.json").read_text())
    for number, period in enumerate(PERIODS):
        place = folder / "scenes" / period
        place.mkdir(parents=True, exist_ok=True)
        mine = [item for item in items if item["properties"]["period"] == number]
        for item in mine:
            for asset in item["assets"].values():
                name = Path(asset["href"]).name
                asset["href"] = f"../all/{name}"
                asset["file:checksum"] = f"1220{_sha256(files / name)}"  # as habitat index does
        (place / "items.json").write_text(json.dumps(mine))
        (place / "train.npz").write_bytes((files / "train.npz").read_bytes())
        for item in mine:
            item["assets"]["B8A"] = item["assets"].pop("B08")
            (place / f"{item['id']}.json").write_text(json.dumps(item))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_aoi(path: Path, epsg: int, ring: list[list[float]]) -> None:
    """Write a polygon, closed, in metres of a projected CRS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}},
                "features": [
                    {
                        "type": "Feature",
                        "properties": {},
                        "geometry": {"type": "Polygon", "coordinates": [ring]},
                    }
                ],
            }
        )
    )


def _write_legend(path: Path) -> None:
    classes = [
        {"code": code, "name": name, "colour": colour, "kind": kind}
        for code, (name, colour, kind) in enumerate(_CLASSES, start=1)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": "bench", "classes": classes}))


def _write_truth(path: Path, source: Path, epsg: int, corner: tuple[float, float]) -> None:
    codes = np.load(source)["cls"] + np.uint8(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    profile: dict[str, Any] = {
        "driver": "GTiff", "count": 1, "height": codes.shape[0], "width": codes.shape[1],
        "dtype": "uint8", "nodata": 255, "crs": f"EPSG:{epsg}", "tiled": True,
        "compress": "DEFLATE", "transform": from_origin(*corner, 10, 10),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(codes, 1)


def pipeline(name: str, epsg: int, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a pipeline file of the project."""
    return {
        "name": name,
        "aoi": "aoi/bench.geojson",
        "grid": {"epsg": epsg, "pixel_m": 10},
        "source": {"kind": "folder", "path": "scenes"},
        "legend": "bench",
        "steps": steps,
    }


def composites(periods: dict[str, int], bands: tuple[str, ...] = BANDS) -> list[dict[str, Any]]:
    """Return the steps of one median composite for each period."""
    steps: list[dict[str, Any]] = []
    for name, year in periods.items():
        period = f"{year}-01-01/{year}-12-31"
        steps += [
            {"step": "scenes", "period": period, "bands": list(bands), "save_as": f"s_{name}"},
            {"step": "composite", "scenes": f"s_{name}", "period": period,
             "save_as": f"image_{name}"},
        ]  # fmt: skip
    return steps


def _training() -> list[dict[str, Any]]:
    return [
        *composites({"before": PERIODS["before"]}),
        {"step": "train", "composites": {"leaf_on": "image_before"},
         "reference": {"raster": "reference/truth.tif"}, "candidates": ["mlp"],
         "samples_per_class": 3000, "save_as": "model"},
        {"step": "publish", "layers": ["image_before"]},
    ]  # fmt: skip


def chain(
    periods: dict[str, int] = PERIODS, bands: tuple[str, ...] = BANDS, model: str = "bench"
) -> list[dict[str, Any]]:
    """Return the whole chain: composites, two maps, change, cells, files."""
    steps = composites(periods, bands)
    for name in periods:
        steps.append(
            {"step": "classify_forest", "composites": {"leaf_on": f"image_{name}"},
             "model": f"models/{model}.json", "save_as": f"forest_{name}"}
        )  # fmt: skip
    before, after = periods
    return [
        *steps,
        {"step": "forest_change", "before": f"forest_{before}", "after": f"forest_{after}",
         "save_as": "change"},
        {"step": "cells", "change": "change", "cell_m": 1200, "save_as": "cells"},
        {"step": "publish",
         "layers": [*(f"image_{n}" for n in periods), *(f"forest_{n}" for n in periods), "change"],
         "tables": ["cells"]},
    ]  # fmt: skip


def with_burns() -> list[dict[str, Any]]:
    """Return the chain with the burn scars of both fire years."""
    steps = chain()
    burns = [f"burns_{name}" for name in PERIODS]
    for name, year in PERIODS.items():
        steps.insert(
            -3,
            {"step": "burn_scars", "scenes": f"s_{name}", "cover": "forest_before",
             "fire_year": year, "save_as": f"burns_{name}"},
        )  # fmt: skip
    steps[-2]["burns"] = burns
    steps[-1]["layers"] += burns
    steps[-1]["tables"] += burns
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--referee", type=Path, required=True)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--dates", type=int, default=12)
    args = parser.parse_args()
    if not (args.referee / "synth.py").is_file():
        parser.error(f"--referee: expected a folder with synth.py, got {args.referee}")
    write_project(args.folder, args.referee, size=args.size, dates=args.dates)


if __name__ == "__main__":
    main()
