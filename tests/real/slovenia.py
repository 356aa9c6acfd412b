"""Slovenia: land use from three dates of Sentinel-2 L1C with cloud probabilities, 10 m."""

from pathlib import Path
from typing import Any

import yaml
from converters import slovenia
from converters.romania import Converted

from real.project import Finished, run_pipeline, write_rectangle

BANDS = ["B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"]
BLOCK_M = 120
CODES = (1, 2, 3, 4, 8)
NAMES = ("cultivated", "forest", "grassland", "shrubland", "artificial")
SUMMER, JULY, AUGUST = "20150701-20150831", "20150711-20150711", "20150830-20150830"
CHANGE = f"forest_change_{JULY}_to_{AUGUST}"

#: Made-up rules: forest, and shrub within 50 m of it.
SPECIES = {
    "name": "woodland", "scientific_name": "none (made-up rules)", "habitat_classes": [2],
    "conditional_classes": [4], "cover_distance_m": 50, "canopy_killing_severity": 4,
    "canopy_recovery_years": 10, "recent_burn_years": 1, "repeat_burns": 3, "repeat_years": 5,
    "min_patch_km2": 0.05, "core_edge_m": 40, "min_change": 0.05,
}  # fmt: skip


def prepare(shared_data: Path, project: Path) -> Converted:
    """Write scenes, reference, AOI, legend and species into a project."""
    converted = slovenia.convert(shared_data, project / "scenes")
    bounds = converted.grid.bounds(converted.window)
    write_rectangle(project / "aoi" / "patch.geojson", converted.grid, bounds)
    (project / "legends").mkdir()
    (project / "legends" / "slovenia.yaml").write_text(converted.legend.read_text())
    (project / "species").mkdir()
    (project / "species" / "woodland.yaml").write_text(yaml.safe_dump(SPECIES))
    return converted


def pipeline(**train: Any) -> dict[str, Any]:
    """Return the pipeline; arguments replace keys of its train step."""
    periods = {
        "summer": "2015-07-01/2015-08-31",
        "july": "2015-07-11/2015-07-11",
        "august": "2015-08-30/2015-08-30",
    }
    composites = [
        {"step": "composite", "scenes": "scenes", "period": period, "save_as": f"seen_{name}"}
        for name, period in periods.items()
    ]
    maps = [
        {"step": "classify_forest", "composites": {"leaf_on": f"seen_{name}"},
         "model": "classifier", "save_as": name}
        for name in periods
    ]  # fmt: skip
    reference = {"raster": "scenes/reference.tif"}
    return {
        "name": "slovenia",
        "aoi": "aoi/patch.geojson",
        "grid": {"epsg": 32633, "pixel_m": 10, "tile_px": 64},
        "source": {"kind": "folder", "path": "scenes"},
        "legend": "slovenia",
        "steps": [
            {"step": "scenes", "period": periods["summer"], "bands": BANDS, "save_as": "scenes"},
            *composites,
            {"step": "train", "composites": {"leaf_on": "seen_summer"}, "reference": reference,
             "samples_per_class": 800, "rare_classes": "leave_out", "block_m": BLOCK_M,
             "save_as": "classifier", **train},
            *maps,
            {"step": "forest_change", "before": "july", "after": "august", "save_as": "change"},
            {"step": "habitat", "species": "woodland", "before": "july", "after": "august",
             "save_as": "woodland"},
            {"step": "cells", "change": "change", "habitats": ["woodland"], "cell_m": 120,
             "save_as": "cells"},
            {"step": "assess", "forest": list(periods), "reference": reference,
             "holdout_of": "classifier", "save_as": "accuracy"},
            {"step": "publish", "layers": [*(f"seen_{n}" for n in periods), *periods, "change",
             "woodland"], "tables": ["cells"]},
        ],
    }  # fmt: skip


def finish(project: Path, converted: Converted, **train: Any) -> Finished:
    """Run the pipeline in a prepared project."""
    release = run_pipeline(project, pipeline(**train))
    seed = train.get("seed", 0)
    block_m = train.get("block_m", BLOCK_M)
    return Finished(release, converted, block_m, seed, CODES, forest_code=2)
