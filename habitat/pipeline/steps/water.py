"""Surface water of past decades, which the pipeline key ``water`` names."""

from dataclasses import dataclass

import numpy as np

from habitat.domain.errors import ConfigError
from habitat.domain.layers import WATER_OCCURRENCE
from habitat.domain.period import Period
from habitat.io.durable import sha256_file
from habitat.io.scenes.ancillary import Values, check_values_file, raster_files, read_values
from habitat.pipeline.config import WATER
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import Arrays, PublishedLayer, StepResult, TileInputs, TileOp

#: Percent of the looks that saw water; 255 is no data (Pekel et al. 2016,
#: doi:10.1038/nature20584).
OCCURRENCE = Values(0, 100, missing=255)


@dataclass(frozen=True, slots=True)
class WaterTask:
    """Files relative to the project, each with its SHA-256."""

    files: tuple[tuple[str, str], ...]


def plan_water(ctx: PlanContext) -> StepResult | None:
    """Plan the layer; None where the pipeline names no water.

    Raises
    ------
    ConfigError
        If there are no files, or InputError if one is refused.
    """
    named = ctx.config.water
    if named is None:
        return None
    paths = raster_files(ctx.project / named.path)
    if not paths:
        raise ConfigError(f"water: expected GeoTIFFs in {ctx.project / named.path}, found none")
    for path in paths:
        check_values_file(path)
    task = WaterTask(
        tuple((path.relative_to(ctx.project).as_posix(), sha256_file(path)) for path in paths)
    )
    sources = "; ".join(f"{name} sha256 {sha256}" for name, sha256 in task.files)
    tags = (("WATER_SOURCES", sources), ("LICENCE", named.licence))
    period = Period.parse(named.period)
    layer = PublishedLayer(
        WATER_OCCURRENCE, period.name, WATER, (WATER_OCCURRENCE.name,), period, tags
    )
    return StepResult(WATER, period, (layer,), (TileOp(WATER, water, task),))


def water(inputs: TileInputs) -> Arrays:
    """Return the occurrence of water in a tile."""
    task: WaterTask = inputs.config
    paths = [inputs.project / name for name, _ in task.files]
    found = read_values(paths, OCCURRENCE, grid=inputs.grid, window=inputs.window)
    return {WATER_OCCURRENCE.name: np.where(inputs.inside, found, np.uint8(OCCURRENCE.missing))}
