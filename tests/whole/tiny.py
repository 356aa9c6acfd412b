"""A project of a few scenes on disk, 2 × 2 tiles of 64 px at 20 m: a run takes a second."""

import json
from pathlib import Path

import numpy as np
from scene_files import noise, write_item, write_tif

from habitat.algorithms.features import feature_set
from habitat.cli.main import run
from habitat.domain.legend import Legend
from habitat.domain.model import (
    CandidateReport,
    CrossValidation,
    MlpModel,
    ModelSet,
    Variant,
    legend_sha256,
)
from habitat.io.config.data_files import read_legend
from habitat.io.model.model_file import write_model

EPSG, PIXEL, SIDE = 32652, 20, 128
#: South-west corner of the scenes, on a corner of a tile [m].
EAST, NORTH = 520 * 1280, 3700 * 1280
BANDS = ("B03", "B04", "B8A", "B11", "B12")
VEGETATION, CLOUD, SHADOW, SNOW = 4, 9, 3, 11
DAYS = ("2021-06-10", "2021-07-10", "2024-06-10", "2024-07-10", "2024-08-10")


def ring(west=110.0, south=130.0, east=2450.0, north=2390.0):
    """Corners of an uneven AOI in all four tiles, in metres from the south-west corner."""
    corners = [(west, south), (east, south + 70), (east - 90, north), (west + 130, north - 50)]
    return [[EAST + x, NORTH + y] for x, y in [*corners, corners[0]]]


def write_aoi(folder: Path, geometry=None, *, crs=f"EPSG::{EPSG}", features=None, raw=None) -> Path:
    """Write the AOI; ``geometry`` replaces the polygon, ``raw`` the whole file."""
    geometry = geometry or {"type": "Polygon", "coordinates": [ring()]}
    if features is None:
        features = [{"type": "Feature", "properties": {}, "geometry": geometry}]
    document = {"type": "FeatureCollection", "features": features}
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs}"}}
    path = folder / "aoi" / "tiny.geojson"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document) if raw is None else raw)
    return path


def forest(side=SIDE) -> dict[str, np.ndarray]:
    """Pixels of clear summer forest, uint16 by band."""
    about = {"B03": 500, "B04": 300, "B8A": 3000, "B11": 1600, "B12": 700}
    return {b: noise((side, side), i, v - 100, v + 100) for i, (b, v) in enumerate(about.items())}


def write_scene(
    folder: Path, day: str, *, bands=None, scl=None, item_id=None, pixel=PIXEL, properties=(), **tif
) -> Path:
    """Write one scene and its item; return its folder."""
    name = item_id or f"scene_{day}"
    place = folder / "scenes" / name
    if bands is None:
        bands = forest()
    if scl is None:
        scl = np.full((SIDE, SIDE), VEGETATION, np.uint8)
    where = {"pixel": pixel, "x0": EAST, "y0": NORTH + SIDE * PIXEL, "crs": f"EPSG:{EPSG}"} | tif
    write_tif(place / "bands.tif", np.stack(list(bands.values())), names=list(bands), **where)
    options = {key: where[key] for key in ("pixel", "x0", "y0", "crs")}
    write_tif(place / "scl.tif", scl, **options)
    assets = {
        "bands": {"href": "bands.tif", "bands": [{"name": band} for band in bands]},
        "scl": {"href": "scl.tif"},
    }
    write_item(
        place / "item.json", assets, item_id=name, time=f"{day}T02:15:29Z", **dict(properties)
    )
    return place


def write_tiny_model(path: Path, legend: Legend | None = None, bands=BANDS, weights_seed=1) -> Path:
    """Write a classifier with weights by chance."""
    legend = legend or read_legend("border-zone", path.parent)
    features, rng = feature_set(("leaf_on",), bands), np.random.default_rng(weights_seed)
    codes = legend.codes[:4]
    mlp = MlpModel(
        codes,
        rng.normal(size=(len(features.names), 5)).astype(np.float32),
        rng.normal(size=5).astype(np.float32),
        rng.normal(size=(5, len(codes))).astype(np.float32),
        rng.normal(size=len(codes)).astype(np.float32),
    )
    report = CandidateReport("mlp", 0.9, 0.8, 1.0, (), 1.0, 0.0, 0.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_model(
        path,
        ModelSet(
            legend_name=legend.name,
            legend_codes=legend.codes,
            legend_sha256=legend_sha256(legend),
            bands=tuple(bands),
            dn_scale=10_000,
            variants=(Variant(features, mlp, 10),),
            description="weights by chance",
            simulated=False,
            seed=1,
            versions=(("numpy", "2"),),
            cross_validation=CrossValidation((report,), "mlp", "one", "none", 2, 2, 100, 10),
        ),
    )
    return path


def composites_only(period="2024-06-01/2024-09-15") -> list[dict]:
    """Return the steps of the shortest pipeline."""
    return [
        {"step": "scenes", "period": period, "bands": list(BANDS), "save_as": "scenes"},
        {"step": "composite", "scenes": "scenes", "period": period, "save_as": "image"},
        {"step": "publish", "layers": ["image"]},
    ]


def maps_and_tables() -> list[dict]:
    """Return the steps of two forest maps, their change and the tables of cells."""
    steps: list[dict] = []
    for name, year in (("before", 2021), ("after", 2024)):
        period = f"{year}-06-01/{year}-09-15"
        steps += [
            {"step": "scenes", "period": period, "bands": list(BANDS), "save_as": f"s_{name}"},
            {"step": "composite", "scenes": f"s_{name}", "period": period,
             "save_as": f"image_{name}"},
            {"step": "classify_forest", "composites": {"leaf_on": f"image_{name}"},
             "model": "models/tiny.json", "save_as": f"forest_{name}"},
        ]  # fmt: skip
    return [
        *steps,
        {"step": "forest_change", "before": "forest_before", "after": "forest_after",
         "save_as": "change"},
        {"step": "cells", "change": "change", "cell_m": 400, "save_as": "cells"},
        {"step": "publish", "layers": ["image_after", "forest_before", "forest_after", "change"],
         "tables": ["cells"]},
    ]  # fmt: skip


def content(**changes) -> dict:
    """Return a pipeline; changes replace top-level keys."""
    return {
        "name": "tiny",
        "aoi": "aoi/tiny.geojson",
        "grid": {"epsg": EPSG, "pixel_m": PIXEL, "tile_px": 64},
        "source": {"kind": "folder", "path": "scenes"},
        "steps": composites_only(),
    } | changes


def write_pipeline(folder: Path, pipeline: dict | str) -> Path:
    """Write a pipeline file; text is written as it is."""
    path = folder / "pipelines" / "tiny.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(pipeline if isinstance(pipeline, str) else json.dumps(pipeline, indent=1))
    return path


def write_project(folder: Path, days=DAYS, **changes) -> Path:
    """Write AOI, scenes, model and pipeline; return the pipeline file."""
    write_aoi(folder)
    for day in days:
        write_scene(folder, day)
    write_tiny_model(folder / "models" / "tiny.json")
    return write_pipeline(folder, content(**changes))


def run_it(folder: Path, *options: str, as_of="2025-01-01") -> int:
    """Run the pipeline of a project and return the exit code."""
    path = folder / "pipelines" / "tiny.yaml"
    return run(["--log", "text", "run", str(path), "--as-of", as_of, *options])


def current(folder: Path) -> Path:
    """Return the release that readers see."""
    return (folder / "outputs" / "tiny" / "current").resolve()


def releases(folder: Path) -> list[str]:
    """Return the names of all releases and of what a dead run left."""
    root = folder / "outputs" / "tiny" / "releases"
    return sorted(path.name for path in root.iterdir()) if root.is_dir() else []


def record(folder: Path) -> dict:
    """Return the run record of the current release."""
    return json.loads((current(folder) / "run.json").read_text())
