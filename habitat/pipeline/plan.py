"""A pipeline file to a plan: operations in stages, and the files of the release."""

from collections.abc import Sequence
from dataclasses import dataclass

from habitat.domain.grid import Tile
from habitat.io.aoi import tiles_inside
from habitat.pipeline.config import Publish, Saved, Scenes
from habitat.pipeline.context import PlanContext, find_scenes
from habitat.pipeline.ops import Op, PublishedLayer, StepResult
from habitat.pipeline.planners import PLANNERS
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
    """
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
            result = PLANNERS[type(step)](step, ctx)
            if isinstance(step, Saved):
                ctx.results[step.save_as] = result
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
        tuple(tiles_inside(ctx.aoi, ctx.grid)),
        tuple(layers),
        tuple(tables),
    )
