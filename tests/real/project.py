"""A project folder with real images, one run of it, and its maps beside simple rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from converters.romania import Converted

from habitat.algorithms.accuracy import block_bootstrap_interval, confusion_matrix, map_accuracy
from habitat.algorithms.sampling import block_id
from habitat.cli.main import run
from habitat.domain.grid import Grid, Window
from habitat.io.vector.reference import raster_labels
from habitat.pipeline.steps.reference import holdout

_THRESHOLDS = np.arange(0.0, 1.0, 0.005)


def run_pipeline(project: Path, pipeline: Mapping[str, Any]) -> Path:
    """Write a pipeline into a project, run it as the command line does; return its release."""
    path = project / "pipelines" / f"{pipeline['name']}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(pipeline, default=str))  # JSON is YAML
    code = run(["--log", "json", "run", str(path), "--as-of", "2019-01-01"])
    assert code == 0, f"expected exit code 0, got {code}"
    return (project / "outputs" / str(pipeline["name"]) / "current").resolve()


def write_rectangle(path: Path, grid: Grid, bounds: tuple[float, float, float, float]) -> None:
    """Write a rectangle in the CRS of the grid as GeoJSON."""
    w, s, e, n = bounds
    polygon = {"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]}
    crs = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{grid.epsg}"}}
    feature = {"type": "Feature", "properties": {}, "geometry": polygon}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}))


@dataclass(frozen=True)
class Binary:
    """Forest against the rest in the held-out blocks."""

    overall: float
    f1_forest: float
    f1_other: float


@dataclass(frozen=True)
class Finished:
    """One run, and what its release holds on the pixels of its layers.

    ``block_m`` and ``seed`` are those of the train step; they fix which blocks were held out.
    """

    release: Path
    converted: Converted
    block_m: int
    seed: int
    codes: tuple[int, ...]
    forest_code: int

    @cached_property
    def record(self) -> dict[str, Any]:
        """The run record."""
        found: dict[str, Any] = json.loads((self.release / "run.json").read_text())
        return found

    def layer(self, stem: str) -> np.ndarray:
        """All bands of a layer."""
        with rasterio.open(self.release / f"{stem}.tif") as dataset:
            return np.asarray(dataset.read())

    def tag(self, stem: str, name: str) -> str:
        """A tag of a layer."""
        with rasterio.open(self.release / f"{stem}.tif") as dataset:
            return str(dataset.tags()[name])

    def ndvi(self, stem: str) -> np.ndarray:
        """NDVI of a composite from its bands B8A and B04, NaN where not observed."""
        with rasterio.open(self.release / f"{stem}.tif") as dataset:
            place = {name: i for i, name in enumerate(dataset.descriptions, start=1)}
            nir, red = (dataset.read(place[b]).astype(np.float64) for b in ("B8A", "B04"))
        seen = (nir > 0) & (red > 0)
        return np.where(seen, (nir - red) / np.where(seen, nir + red, 1.0), np.nan)

    @cached_property
    def window(self) -> Window:
        """The pixels of the layers."""
        path = next(self.release.glob("forest_class_*.tif"))
        with rasterio.open(path) as dataset:
            return self.converted.grid.window_of_bounds(tuple(dataset.bounds))

    @cached_property
    def reference(self) -> np.ndarray:
        """Reference classes, 0 where there is none."""
        grid = self.converted.grid
        return raster_labels(self.converted.reference, grid=grid, window=self.window)

    @cached_property
    def held_out(self) -> np.ndarray:
        """Pixels of the blocks that training never saw."""
        grid = self.converted.grid
        return holdout(grid, self.window, block_m=self.block_m, seed=self.seed)

    @cached_property
    def block(self) -> np.ndarray:
        """Block of each pixel."""
        grid, window = self.converted.grid, self.window
        y, x = np.meshgrid(grid.y(window), grid.x(window), indexing="ij")
        return block_id(x, y, block_m=self.block_m)

    def confusion(self, stem: str) -> np.ndarray:
        """Confusion matrix of a class map in the held-out blocks: rows mapped."""
        (mapped,) = self.layer(stem)
        return confusion_matrix(mapped[self.held_out], self.reference[self.held_out], self.codes)

    def usable(self, *stems: str) -> np.ndarray:
        """Pixels with a reference class where these class maps were observed."""
        maps = [self.layer(stem)[0] for stem in stems]
        seen = np.all([(m > 0) & (m < 255) for m in maps], axis=0)
        return np.asarray(seen & (self.reference > 0))

    def binary(self, forest: np.ndarray, stem: str) -> Binary:
        """Agreement of a forest mask with the reference, where a class map was observed."""
        use = self.usable(stem) & self.held_out
        mapped, truth = (
            np.where(mask[use], 1, 2).astype(np.uint8)
            for mask in (forest, self.reference == self.forest_code)
        )
        found = map_accuracy(confusion_matrix(mapped, truth, (1, 2)))
        return Binary(found.overall, float(found.f1[0]), float(found.f1[1]))

    def mapped_forest(self, stem: str) -> np.ndarray:
        """Forest in a class map."""
        return np.asarray(self.layer(stem)[0] == self.forest_code)

    def threshold(self, composite: str, stem: str) -> float:
        """NDVI threshold that is most often right in the TRAINING blocks; the lowest of equals."""
        ndvi = self.ndvi(composite)
        use = self.usable(stem) & ~self.held_out & np.isfinite(ndvi)
        truth = self.reference[use] == self.forest_code
        right = [((ndvi[use] >= t) == truth).mean() for t in _THRESHOLDS]
        return float(_THRESHOLDS[int(np.argmax(right))])

    def ndvi_forest(self, composite: str, stem: str) -> np.ndarray:
        """Forest by the NDVI threshold."""
        return self.ndvi(composite) >= self.threshold(composite, stem)

    def gain_over(self, other: np.ndarray, stem: str) -> tuple[float, float, float]:
        """Overall accuracy (forest or not) of a map minus that of a rule, 95 % by blocks."""
        use = self.usable(stem) & self.held_out
        truth = self.reference == self.forest_code
        ours, theirs = ((m == truth)[use] for m in (self.mapped_forest(stem), other))
        row = np.unique(self.block[use], return_inverse=True)[1]
        n = np.bincount(row)
        gain = np.bincount(row, weights=ours.astype(float) - theirs)
        rng = np.random.default_rng(self.seed)
        draws = rng.multinomial(n.size, np.full(n.size, 1 / n.size), size=2_000)
        low, high = np.quantile(
            (draws * gain).sum(axis=1) / (draws * n).sum(axis=1), [0.025, 0.975]
        )
        return float(gain.sum() / n.sum()), float(low), float(high)

    def interval(self, forest: np.ndarray, stem: str) -> tuple[float, float]:
        """95 % interval of the overall accuracy of a forest mask, by blocks."""
        use = self.usable(stem) & self.held_out
        truth = np.where(self.reference == self.forest_code, 1, 2)
        mapped = np.where(forest, 1, 2).astype(np.uint8)
        matrices = np.stack(
            [
                confusion_matrix(mapped[at], truth[at], (1, 2))
                for b in np.unique(self.block[use])
                for at in [use & (self.block == b)]
            ]
        )
        rng = np.random.default_rng(self.seed)
        return block_bootstrap_interval(matrices, rng, design="simple_random")
