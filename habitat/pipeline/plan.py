"""A pipeline file to a plan: operations in stages, and the files of the release."""

from collections.abc import Sequence
from dataclasses import dataclass

from habitat.domain.errors import AoiError, ConfigError
from habitat.domain.grid import Tile
from habitat.io.aoi import tiles_inside
from habitat.pipeline.config_steps import Publish, Saved, Scenes
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import Op, PublishedLayer, StepResult
from habitat.pipeline.planners import planner_of
from habitat.pipeline.scene_search import find_scenes
from habitat.pipeline.stages import Stage, needed_for, plan_stages


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do.

    Attributes
    ----------
    ctx : PlanContext
        The bound pipeline, with the scenes found.
    ops : tuple of Op
        In pipeline order.
    stages : tuple of Stage
        The same, grouped.
    tiles : tuple of Tile
        Tiles that the AOI covers in part, by rows from the north.
    layers : tuple of PublishedLayer
        Raster files of the release.
    tables : tuple of str
        Results that hold tables of the release.
    """

    ctx: PlanContext
    ops: tuple[Op, ...]
    stages: tuple[Stage, ...]
    tiles: tuple[Tile, ...]
    layers: tuple[PublishedLayer, ...]
    tables: tuple[str, ...]


def plan_pipeline(ctx: PlanContext, *, goals: Sequence[str] | None = None) -> Plan:
    """Plan a bound pipeline; searches the scenes of every ``scenes`` step.

    Parameters
    ----------
    ctx : PlanContext
        Its ``results`` and ``scene_sets`` are filled.
    goals : sequence of str, optional
        Plan only what these results need (``habitat train``); nothing is published then.

    Raises
    ------
    AoiError
        If no pixel centre lies inside the AOI.
    ConfigError
        If two published layers would be one file.
    """
    tiles = tuple(tiles_inside(ctx.aoi, ctx.grid))
    if not tiles:
        raise AoiError(
            f"{ctx.aoi.source}: expected at least one pixel centre inside, got none: it has "
            f"{ctx.aoi.area_km2 * 1e6:.0f} m2, a pixel is {ctx.grid.pixel_m} m wide. "
            "Correct the AOI, or choose a smaller grid.pixel_m."
        )
    layers: list[PublishedLayer] = []
    tables: list[str] = []
    for step in ctx.config.steps:
        if isinstance(step, Scenes):
            found = find_scenes(ctx, step)
            ctx.scene_sets[step.save_as] = found
            ctx.results[step.save_as] = StepResult("scenes", found.period)
        elif isinstance(step, Publish):
            layers += [layer for name in step.layers for layer in ctx.results[name].layers]
            tables += [table for name in step.tables for table in ctx.results[name].tables]
        else:
            result = planner_of(step)(step, ctx)
            if isinstance(step, Saved):
                ctx.results[step.save_as] = result
    _check_names(layers)
    ops = [op for result in ctx.results.values() for op in result.ops]
    if goals is not None:
        layers, tables = [], []
    else:
        checks = [check for result in ctx.results.values() for check in result.checks]
        goals = [*(layer.result for layer in layers), *tables, *checks]
    ops = needed_for(ops, goals)
    return Plan(
        ctx,
        tuple(ops),
        tuple(plan_stages(ops, [layer.result for layer in layers])),
        tiles,
        tuple(layers),
        tuple(tables),
    )


def _check_names(layers: Sequence[PublishedLayer]) -> None:
    """Refuse two layers of one name: the second would overwrite the first."""
    results: dict[str, str] = {}
    for layer in layers:
        if layer.stem in results:
            raise ConfigError(
                f"publish: expected one result for {layer.stem}.tif, got "
                f"{results[layer.stem]!r} and {layer.result!r}. Publish one of them."
            )
        results[layer.stem] = layer.result
