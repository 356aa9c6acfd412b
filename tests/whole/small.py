"""A small project with every step of the demo: 5 × 5 km at 20 m, two years, a few dates each."""

import json
from pathlib import Path

import rasterio

from habitat.cli.main import run

#: South-west corner of the tile of 256 px at 20 m that the AOI lies in [m].
EAST, NORTH = 137 * 5120, 927 * 5120
DAYS = {
    2021: "2020-07-10 2020-08-20 2020-10-08 2020-10-22 2020-11-02 2021-03-20 2021-03-30 2021-04-09 "
    "2021-04-16 2021-04-23 2021-04-30 2021-05-06 2021-06-10 2021-07-10 2021-08-10",
    2024: "2023-07-10 2023-08-20 2023-10-08 2023-10-22 2023-11-02 2024-03-20 2024-03-30 2024-04-09 "
    "2024-04-16 2024-04-23 2024-04-30 2024-05-06 2024-06-10 2024-07-10 2024-08-10",
}
BANDS = ["B02", "B03", "B04", "B8A", "B11", "B12"]


def aoi(folder: Path) -> None:
    """Write an irregular AOI inside one tile of 256 px, and inside 2 × 2 of 128 px."""
    e, n = EAST, NORTH
    ring = [(e + 330, n + 410), (e + 4790, n + 250), (e + 4930, n + 4810), (e + 210, n + 4870)]
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }
    collection = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32652"}},
        "features": [feature],
    }
    (folder / "aoi").mkdir(parents=True, exist_ok=True)
    (folder / "aoi" / "small.geojson").write_text(json.dumps(collection))


def pipeline(**changes) -> dict:
    """Return the pipeline of the small project; changes replace top-level keys."""
    days = [day for text in DAYS.values() for day in text.split()]
    steps: list[dict] = []
    for name, year in (("before", 2021), ("after", 2024)):
        period = f"{year - 1}-07-01/{year}-09-30"
        steps.append({"step": "scenes", "period": period, "bands": BANDS, "save_as": f"s_{name}"})
    steps += [composite("first", "before", 2021, season) for season in ("leaf_on", "leaf_off")]
    seasons = {"leaf_on": "first_leaf_on", "leaf_off": "first_leaf_off"}
    steps += [
        {
            "step": "train",
            "composites": seasons,
            "reference": {"truth": "simulated", "day": "2021-07-15"},
            "candidates": ["mlp"],
            "samples_per_class": 200,
            "rare_classes": "leave_out",
            "block_m": 600,
            "folds": 2,
            "save_as": "model",
        },
        {"step": "classify_forest", "composites": seasons, "model": "model", "save_as": "cover"},
    ]
    for name, year in (("before", 2021), ("after", 2024)):
        steps.append(
            {"step": "burn_scars", "scenes": f"s_{name}", "cover": "cover", "fire_year": year,
             "hotspots": "source", "save_as": f"burns_{name}"}
        )  # fmt: skip
        for season in ("leaf_on", "leaf_off"):
            steps.append(composite(name, name, year, season) | {"burns": f"burns_{name}"})
        steps.append(
            {"step": "classify_forest",
             "composites": {s: f"{name}_{s}" for s in ("leaf_on", "leaf_off")},
             "model": "model", "save_as": f"forest_{name}"}
        )  # fmt: skip
    steps += [
        {"step": "forest_change", "before": "forest_before", "after": "forest_after",
         "save_as": "change"},
        {"step": "habitat", "species": "tiger", "before": "forest_before",
         "after": "forest_after", "burns_before": ["burns_before"],
         "burns_after": ["burns_before", "burns_after"], "save_as": "tiger"},
        {"step": "cells", "change": "change", "habitats": ["tiger"],
         "burns": ["burns_before", "burns_after"], "cell_m": 400, "save_as": "cells"},
        {"step": "assess", "forest": ["forest_before"], "burns": ["burns_after"],
         "reference": {"truth": "simulated"}, "holdout_of": "model", "save_as": "accuracy"},
        {"step": "publish",
         "layers": ["after_leaf_on", "after_leaf_off", "forest_before", "forest_after", "change",
                    "burns_before", "burns_after", "tiger"],
         "tables": ["cells", "burns_before", "burns_after"]},
    ]  # fmt: skip
    return {
        "name": "small",
        "aoi": "aoi/small.geojson",
        "grid": {"epsg": 32652, "pixel_m": 20, "tile_px": 128},
        "source": {"kind": "simulated", "seed": 7, "days": days},
        "steps": steps,
    } | changes


def composite(prefix: str, scenes: str, year: int, season: str) -> dict:
    """Return a composite step."""
    return {
        "step": "composite",
        "scenes": f"s_{scenes}",
        "season": season,
        "year": year,
        "save_as": f"{prefix}_{season}",
    }


def write(folder: Path, content: dict) -> Path:
    """Write the project and return its pipeline file."""
    aoi(folder)
    path = folder / "pipelines" / "small.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1))  # JSON is YAML
    return path


def published(folder: Path, content: dict, *options: str) -> Path:
    """Run a pipeline in a project and return its release."""
    code = run(["--log", "json", "run", str(write(folder, content)), *options])
    assert code == 0, f"expected exit code 0, got {code}"
    return (folder / "outputs" / "small" / "current").resolve()


def hashes(release: Path) -> dict[str, str]:
    """Return the SHA-256 of every file but the run record."""
    files = json.loads((release / "manifest.json").read_text())["files"]
    return {path: entry["sha256"] for path, entry in files.items() if entry["role"] != "record"}


def pixels(path: Path):
    """Return all bands of a GeoTIFF."""
    with rasterio.open(path) as dataset:
        return dataset.read()
