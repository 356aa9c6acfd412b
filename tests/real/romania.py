"""Romania: the shipped pipeline ``demo-real.yaml`` on the cube of 74 dates."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml
from converters import romania

from habitat.io.config.data_files import read_seasons
from real.project import Finished, run_pipeline

ROOT = Path(__file__).parents[2]
PIPELINE = ROOT / "pipelines" / "demo-real.yaml"
BEFORE, AFTER = "20160601-20160915", "20180601-20180915"
LEAF_OFF = ("20151101-20160420", "20171101-20180420")
CHANGE = f"forest_change_{BEFORE}_to_{AFTER}"
CODES = (1, 2)


def prepare(shared_data: Path, project: Path) -> romania.Converted:
    """Write scenes, reference and AOI into a project."""
    (project / "aoi").mkdir(parents=True)
    shutil.copy(ROOT / "aoi" / "romania-example.geojson", project / "aoi")
    return romania.convert(shared_data, project / "scenes" / "romania")


def pipeline(*, summer_only: bool = False, **train: Any) -> dict[str, Any]:
    """Return the shipped pipeline, whole or without leaf-off; arguments change its training."""
    content: dict[str, Any] = yaml.safe_load(PIPELINE.read_text())
    for step in content["steps"]:
        if summer_only and "composites" in step:
            step["composites"] = {"leaf_on": step["composites"]["leaf_on"]}
        if step["step"] == "train":
            step.update(train)
    return content


def finish(project: Path, converted: romania.Converted, **train: Any) -> Finished:
    """Run the pipeline in a prepared project; arguments as of :func:`pipeline`."""
    content = pipeline(**train)
    settings = next(step for step in content["steps"] if step["step"] == "train")
    release = run_pipeline(project, content)
    seed = settings.get("seed", 0)
    return Finished(release, converted, settings["block_m"], seed, CODES, forest_code=1)


@dataclass(frozen=True)
class Looks:
    """Observations of one composite."""

    period: str
    n_valid: np.ndarray
    gap_days: np.ndarray


def looks(found: Finished) -> Iterator[Looks]:
    """Yield how often each composite saw its pixels."""
    for period in (BEFORE, LEAF_OFF[0], AFTER, LEAF_OFF[1]):
        (n_valid,), (gap,) = found.layer(f"n_valid_{period}"), found.layer(f"max_gap_days_{period}")
        yield Looks(period, n_valid, gap)


def open_cube(shared_data: Path) -> xr.Dataset:
    """Return the cube with its stored numbers."""
    path = shared_data / romania.FOLDER / romania.CUBE
    return xr.open_dataset(path, engine="netcdf4", mask_and_scale=False)


def summer_ndvi(cube: xr.Dataset, year: int) -> np.ndarray:
    """Median NDVI of each pixel of the clear looks (SCL 4, 5) of June to September."""
    time = cube.indexes["time"]
    days = np.flatnonzero((time.year == year) & (time.month >= 6) & (time.month <= 9))
    nir, red = (cube[band][days].to_numpy().astype(np.float64) for band in ("B8A", "B4"))
    clear = np.isin(cube["SCL"][days].to_numpy(), (4, 5))
    # pixel by pixel: a pixel without a clear look has no median, and no warning either
    ndvi = np.where(clear, (nir - red) / np.where(clear, nir + red, 1.0), np.nan)
    out = np.full(ndvi.shape[1:], np.nan)
    seen = clear.any(axis=0)
    out[seen] = np.nanmedian(ndvi[:, seen], axis=0)
    return out


def in_season(days: Any, period: str) -> np.ndarray:
    """Return which dates (``YYYYMMDD``) lie in the parts of a season of the shipped table."""
    year = int(period[9:13])
    parts = [
        part
        for season in read_seasons("romania-example", ROOT).seasons.values()
        for part in season.periods(year)
        if period[:8] <= f"{part.start:%Y%m%d}" and f"{part.end:%Y%m%d}" <= period[9:]
    ]
    return np.array(
        [any(f"{p.start:%Y%m%d}" <= d <= f"{p.end:%Y%m%d}" for p in parts) for d in days]
    )
