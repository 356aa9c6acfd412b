"""Elevation and slope, of the model that the pipeline key ``terrain`` names."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from habitat.algorithms.terrain import slope_deg
from habitat.domain.errors import ConfigError, InputError
from habitat.domain.layers import ELEVATION, ELEVATION_NODATA, SLOPE, SLOPE_NODATA
from habitat.domain.period import Period
from habitat.io.durable import sha256_file
from habitat.io.scenes.ancillary import raster_files
from habitat.io.scenes.elevation import elevation_header, read_elevation
from habitat.pipeline.config import TERRAIN
from habitat.pipeline.config_terrain import TerrainFilesConfig
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


def plan_terrain(ctx: PlanContext) -> StepResult | None:
    """Plan the two layers; None where the pipeline names no model.

    Raises
    ------
    ConfigError
        If there are no files, or the simulated relief is named beside real scenes.
    InputError
        If a file is no elevation model.
    """
    config = ctx.config.terrain
    if config is None:
        return None
    task, day, licence = TerrainTask(()), _SIMULATED_DAY, "that of this program"
    if isinstance(config, TerrainFilesConfig):
        task, day, licence = _of_files(ctx.project, config.path), config.date, config.licence
    elif not isinstance(ctx.source, SimulatedSource):
        raise ConfigError(
            "terrain: expected the files of an elevation model beside real scenes, got simulated"
        )
    period = Period(day, day)
    tags = (("TERRAIN_SOURCES", task.source), ("LICENCE", licence))
    layers = tuple(
        PublishedLayer(layer, period.name, TERRAIN, (layer.name,), period, tags)
        for layer in (ELEVATION, SLOPE)
    )
    return StepResult(TERRAIN, period, layers, (TileOp(TERRAIN, relief, task),))


def _of_files(project: Path, named: str) -> TerrainTask:
    paths = raster_files(project / named)
    if not paths:
        raise ConfigError(f"terrain: expected GeoTIFFs in {project / named}, found none")
    for path in paths:
        elevation_header(path)
    return TerrainTask(
        tuple((path.relative_to(project).as_posix(), sha256_file(path)) for path in paths)
    )


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
