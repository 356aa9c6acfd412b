"""The ``terrain`` step: elevation and slope, which do not change with the scenes."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from habitat.algorithms.terrain import slope_deg
from habitat.domain.errors import ConfigError, InputError
from habitat.domain.layers import ELEVATION, ELEVATION_NODATA, SLOPE, SLOPE_NODATA
from habitat.domain.period import Period
from habitat.io.durable import sha256_file
from habitat.io.scenes.elevation import elevation_header, read_elevation
from habitat.pipeline.config_terrain import Terrain, TerrainFilesConfig
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import Arrays, PublishedLayer, StepResult, TileInputs, TileOp
from habitat.pipeline.simulation.source import SimulatedSource

#: The relief of the simulated landscape has always been there.
_SIMULATED_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class TerrainTask:
    """The files of the model with their hashes; none for the simulated relief."""

    files: tuple[tuple[str, str], ...]

    @property
    def source(self) -> str:
        """Return where the heights come from."""
        named = [f"{path} sha256 {sha256}" for path, sha256 in self.files]
        return "; ".join(named) or "relief of the SIMULATED landscape"


def plan(step: Terrain, ctx: PlanContext) -> StepResult:
    """Plan the two layers.

    Raises
    ------
    ConfigError
        If the pipeline names no model, or the simulated one beside real scenes.
    InputError
        If a file is no elevation model.
    """
    config = ctx.config.terrain
    if config is None:
        raise ConfigError(
            f"step terrain {step.save_as!r}: expected the key terrain at the head of the pipeline, "
            "got none; name an elevation model there"
        )
    task, day, licence = TerrainTask(()), _SIMULATED_DAY, ""
    if isinstance(config, TerrainFilesConfig):
        day, licence = config.date, config.licence
        for name in config.paths:
            elevation_header(ctx.project / name)
        task = TerrainTask(
            tuple((name, sha256_file(ctx.project / name)) for name in sorted(config.paths))
        )
    elif not isinstance(ctx.source, SimulatedSource):
        raise ConfigError(
            "terrain: expected the files of an elevation model beside real scenes, got simulated"
        )
    period = Period(day, day)
    tags = (("TERRAIN", f"{task.source}; licence {licence or 'not stated'}"),)
    layers = tuple(
        PublishedLayer(layer, period.name, step.save_as, (layer.name,), period, tags)
        for layer in (ELEVATION, SLOPE)
    )
    return StepResult("terrain", period, layers, (TileOp(step.save_as, relief, task),))


def relief(inputs: TileInputs) -> Arrays:
    """Return ``elevation`` and ``slope`` of a tile, stored values."""
    task: TerrainTask = inputs.config
    window = inputs.window.pad(1)
    if task.files:
        files = [(inputs.project / path, sha256) for path, sha256 in task.files]
        heights = read_elevation(files, inputs.grid, window)
    else:
        assert isinstance(inputs.source, SimulatedSource), "plan refuses other sources"
        heights = inputs.source.terrain(window)
    if not np.isfinite(heights).any() and inputs.inside.any():
        raise InputError(
            f"terrain: expected heights at {inputs.grid.bounds(inputs.window)} of "
            f"EPSG:{inputs.grid.epsg}, got none from {task.source}; add the file that covers it"
        )
    slope = slope_deg(heights, inputs.grid.pixel_m)
    return {
        ELEVATION.name: _stored(heights[1:-1, 1:-1], ELEVATION.dtype, ELEVATION_NODATA),
        SLOPE.name: _stored(slope, SLOPE.dtype, SLOPE_NODATA),
    }


def _stored(values: np.ndarray, dtype: str, nodata: int) -> np.ndarray:
    known = np.isfinite(values)
    stored = np.full(values.shape, nodata, dtype)
    stored[known] = np.floor(values[known] + 0.5)
    return stored
