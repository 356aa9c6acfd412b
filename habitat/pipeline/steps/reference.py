"""Reference classes of a tile: for training, and for saying how accurate a map is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from habitat.algorithms.sampling import pixel_hash
from habitat.domain.errors import ConfigError
from habitat.domain.grid import Grid, Window
from habitat.domain.legend import Legend
from habitat.io.durable import sha256_file
from habitat.io.scenes.source import SceneSource
from habitat.io.vector.reference import point_labels, polygon_labels, raster_labels
from habitat.pipeline.config_steps import Reference
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import TileInputs
from habitat.pipeline.simulation.source import SimulatedSource


@dataclass(frozen=True, slots=True)
class ReferenceTask:
    """Where reference classes come from.

    Attributes
    ----------
    kind : str
        ``truth``, ``raster``, ``polygons`` or ``points``.
    path : str
        File, relative to the project; empty for the truth.
    sha256 : str
        Of the file, so that a changed file is another input.
    class_field : str
        Column of the class code.
    day : date
        Day of the simulated truth.
    codes : tuple of int
        Codes of the legend.
    """

    kind: str
    path: str
    sha256: str
    class_field: str
    day: date
    codes: tuple[int, ...]


def plan_reference(reference: Reference, ctx: PlanContext, day: date) -> ReferenceTask:
    """Bind a reference to its file, or to the truth of a simulated source on a day.

    Raises
    ------
    ConfigError
        If the file is not there, or the source has no truth.
    """
    kind, path = next(
        (name, value)
        for name in ("truth", "raster", "polygons", "points")
        if (value := getattr(reference, name)) is not None
    )
    codes = ctx.legend.codes
    if kind == "truth":
        if not isinstance(ctx.source, SimulatedSource):
            raise ConfigError(
                "reference: expected source 'simulated' for truth: simulated, "
                f"got {ctx.config.source.kind!r}. Name a raster, polygons or points instead."
            )
        return ReferenceTask(kind, "", "", "", reference.day or day, codes)
    file = ctx.project / path
    if not file.is_file():
        raise ConfigError(f"reference: expected a file at {file}, found none")
    return ReferenceTask(kind, path, sha256_file(file), reference.class_field, day, codes)


_READERS: dict[str, Callable[[Path, str, Grid, Window], np.ndarray]] = {
    "raster": lambda path, _field, grid, window: raster_labels(path, grid=grid, window=window),
    "polygons": lambda path, field, grid, window: polygon_labels(
        path, class_field=field, grid=grid, window=window
    ),
    "points": lambda path, field, grid, window: point_labels(
        path, class_field=field, grid=grid, window=window
    ),
}


def labels(task: ReferenceTask, inputs: TileInputs) -> np.ndarray:
    """Return the reference class of each pixel of a tile, uint8, 0 where there is none."""
    if task.kind == "truth":
        return _truth(inputs.source).truth_class(inputs.window, task.day)
    read = _READERS[task.kind](
        inputs.project / task.path, task.class_field, inputs.grid, inputs.window
    )
    return np.where(np.isin(read, task.codes), read, 0).astype(np.uint8)


def _truth(source: SceneSource) -> SimulatedSource:
    assert isinstance(source, SimulatedSource), "plan_reference refuses other sources"
    return source


def holdout(grid: Grid, window: Window, *, block_m: int, seed: int) -> np.ndarray:
    """Return which pixels lie in blocks that training never sees, bool (y, x).

    Half of the square blocks, chosen by a hash of their place, so that samples for training and
    for the accuracy lie apart in space (Roberts et al. 2017, doi:10.1111/ecog.02881).
    """
    north = np.floor(grid.y(window) / block_m).astype(np.int64)
    east = np.floor(grid.x(window) / block_m).astype(np.int64)
    rows, cols = np.broadcast_arrays(north[:, None], east[None, :])
    odd: np.ndarray = pixel_hash(rows, cols, seed=seed) % np.uint64(2) == 1
    return odd


def legend_names(legend: Legend) -> dict[int, str]:
    """Return class names by code."""
    return {entry.code: entry.name for entry in legend.classes}
