"""A pipeline file to a plan: operations in stages, and the files of the release."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from habitat.domain.errors import AoiError, ConfigError
from habitat.domain.grid import Tile
from habitat.io.vector.aoi import tiles_inside
from habitat.pipeline.config import WATER
from habitat.pipeline.config_base import Saved, StepConfig
from habitat.pipeline.config_radar import RadarScenes
from habitat.pipeline.config_steps import FireRisk, Publish, Scenes
from habitat.pipeline.context import PlanContext
from habitat.pipeline.faults import Faults
from habitat.pipeline.ops import Op, PublishedLayer, SceneSet, StepResult
from habitat.pipeline.planners import planner_of
from habitat.pipeline.scene_search import find_scenes
from habitat.pipeline.stages import Stage, needed_for, plan_stages
from habitat.pipeline.steps.water import plan_water


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


#: How a ``scenes`` step becomes a scene set.
SceneFinder = Callable[[PlanContext, Scenes | RadarScenes], SceneSet]


def plan_pipeline(
    ctx: PlanContext,
    *,
    goals: Sequence[str] | None = None,
    find: SceneFinder = find_scenes,
    leave: Callable[[StepConfig], bool] = lambda _: False,
) -> Plan:
    """Plan a bound pipeline; searches the scenes of every ``scenes`` step.

    Parameters
    ----------
    ctx : PlanContext
        Its ``results`` and ``scene_sets`` are filled.
    goals : sequence of str, optional
        Plan only what these results need (``habitat train``); nothing is published then.
    find : function
        Searches a step's scenes, or says only what would be searched.
    leave : function
        Says which steps, with all that needs their results, are left out.

    Raises
    ------
    AoiError
        If no pixel centre lies inside the AOI.
    HabitatError
        If steps are refused: with the faults of all of them. ConfigError if no step publishes, if
        two published layers would be one file, or if a table is published twice.
    """
    if goals is None:
        _check_publishes(ctx)
    tiles = tuple(tiles_inside(ctx.aoi, ctx.grid))
    if not tiles:
        raise AoiError(
            f"{ctx.aoi.source}: expected at least one pixel centre inside, got none: it has "
            f"{ctx.aoi.area_km2 * 1e6:.0f} m2, a pixel is {ctx.grid.pixel_m} m wide. "
            "Correct the AOI, or choose a smaller grid.pixel_m."
        )
    _plan_steps(ctx, find, leave)
    published = [step for step in ctx.config.steps if isinstance(step, Publish)]
    known = ctx.results
    layers = [a for step in published for n in step.layers if n in known for a in known[n].layers]
    tables = [a for step in published for n in step.tables if n in known for a in known[n].tables]
    _check_names(layers)
    _check_tables(tables)
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


def _plan_steps(ctx: PlanContext, find: SceneFinder, leave: Callable[[StepConfig], bool]) -> None:
    """Plan step by step, and go on after a fault with the steps that do not need its result."""
    faults, lost = Faults(), set[str]()
    with faults.collecting():
        if (found := plan_water(ctx)) is not None:
            ctx.results[WATER] = found
    for step in ctx.config.steps:
        needed = {name for _, name, _ in step.refs()}
        left = leave(step) or not lost.isdisjoint(needed)
        if (left or not faults.attempt(_plan_step, ctx, step, find)) and isinstance(step, Saved):
            lost.add(step.save_as)
    faults.raise_all()


def _plan_step(ctx: PlanContext, step: StepConfig, find: SceneFinder) -> None:
    """Fill in the result of a step; ``publish`` has none."""
    if isinstance(step, Scenes | RadarScenes):
        found = find(ctx, step)
        ctx.scene_sets[step.save_as] = found
        ctx.results[step.save_as] = StepResult(str(step.makes), found.period)
    elif not isinstance(step, Publish):
        result = planner_of(step)(step, ctx)
        if isinstance(step, Saved):
            ctx.results[step.save_as] = result


def _check_publishes(ctx: PlanContext) -> None:
    """Refuse a pipeline whose release would be empty; what a fire_risk step makes is no release."""
    if not any(isinstance(step, Publish | FireRisk) for step in ctx.config.steps):
        raise ConfigError(
            f"pipeline {ctx.config.name!r}: expected a publish step, found none: its release would "
            "be empty. Add one; habitat train reads a file without."
        )


def _check_tables(tables: Sequence[str]) -> None:
    """Refuse tables that two publish steps name: their rows would be there twice."""
    twice = sorted({name for name in tables if tables.count(name) > 1})
    if twice:
        raise ConfigError(f"publish: expected each table once, got {twice} more than once.")


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
