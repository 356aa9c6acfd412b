"""The ``classify_forest`` and ``forest_change`` steps."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from habitat.algorithms import change
from habitat.algorithms.classifier import classify_composites
from habitat.algorithms.features import feature_set
from habitat.domain.layers import (
    CLASS_CONFIDENCE,
    FOREST_CHANGE_LAYER,
    FOREST_CLASS,
    FOREST_PROBABILITY,
)
from habitat.domain.legend import OUTSIDE
from habitat.domain.model import ModelSet
from habitat.domain.period import Period
from habitat.domain.radar import RADAR_BANDS
from habitat.io.model.model_file import check_fits, read_model
from habitat.pipeline.config_steps import ClassifyForest, ForestChange
from habitat.pipeline.context import PlanContext, compared_periods
from habitat.pipeline.ops import (
    Arrays,
    GlobalInputs,
    GlobalOp,
    PublishedLayer,
    StepResult,
    TileInputs,
    TileOp,
)


@dataclass(frozen=True, slots=True)
class ClassifyTask:
    """What a forest map is made from: composites by season, model, forest codes, backscatter."""

    composites: tuple[tuple[str, str], ...]
    bands: tuple[str, ...]
    model: str
    forest_codes: tuple[int, ...]
    radar: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeTask:
    """Names of the two maps, and the forest codes."""

    before: str
    after: str
    forest_codes: tuple[int, ...]


def season_of_map(composites: dict[str, str], ctx: PlanContext) -> Period:
    """Return the period that a map speaks of: the leaf-on season where it has one."""
    name = composites.get("leaf_on") or next(iter(composites.values()))
    return ctx.results[name].period


def common_bands(composites: dict[str, str], ctx: PlanContext) -> tuple[str, ...]:
    """Return the bands that all composites have, in the order of the first."""
    bands = [ctx.results[name].detail for name in composites.values()]
    return tuple(band for band in bands[0] if all(band in other for other in bands))


def with_radar(bands: tuple[str, ...], radar: Mapping[str, str]) -> tuple[str, ...]:
    """Return the bands of a classifier, with the polarisations where there are any."""
    return (*bands, *RADAR_BANDS) if radar else bands


def plan(step: ClassifyForest, ctx: PlanContext) -> StepResult:
    """Plan a forest map; a model file is read and checked here, before any work."""
    bands = common_bands(step.composites, ctx)
    every = with_radar(bands, step.radar)
    period = season_of_map(step.composites, ctx)
    model = step.model
    ops: tuple[GlobalOp, ...] = ()
    if step.model.endswith(".json"):
        model = f"{step.save_as}.model"
        stored = read_model(ctx.project / step.model)
        names = feature_set(tuple(step.composites), every).names
        check_fits(stored, legend=ctx.legend, bands=every, feature_names=names)
        ops = (GlobalOp(model, given_model, stored),)
        ctx.models[model] = f"{step.model}, trained on {stored.description}"
    task = ClassifyTask(
        tuple(step.composites.items()),
        bands,
        model,
        ctx.legend.codes_of_kind("forest"),
        tuple(step.radar.items()),
    )
    layers = tuple(
        PublishedLayer(layer, period.name, step.save_as, (name,), period)
        for layer, name in (
            (FOREST_CLASS.with_legend(ctx.legend), "forest_class"),
            (FOREST_PROBABILITY, "forest_probability"),
            (CLASS_CONFIDENCE, "class_confidence"),
        )
    )
    return StepResult(
        "forest",
        period,
        layers,
        (
            *ops,
            TileOp(
                step.save_as,
                classify,
                task,
                needs=(*step.composites.values(), *step.radar.values()),
                uses=(model,),
            ),
        ),
        detail=task,
    )


def given_model(inputs: GlobalInputs) -> ModelSet:
    """Return the model of a file."""
    model: ModelSet = inputs.config
    return model


def classify(inputs: TileInputs) -> Arrays:
    """Return the class, its probability and that of forest, of a tile."""
    task: ClassifyTask = inputs.config
    composites = {
        season: {band: inputs.arrays[name][band] for band in task.bands}
        for season, name in task.composites
    }
    for season, name in task.radar:
        composites[season] |= {band: inputs.arrays[name][band] for band in RADAR_BANDS}
    model = inputs.globals[task.model]
    maps = classify_composites(
        getattr(model, "model", model), composites, forest_codes=task.forest_codes
    )
    # outside is set here and not when files are written: later steps look past a pixel
    return {
        name: np.where(inputs.inside, values, np.uint8(OUTSIDE))
        for name, values in (
            ("forest_class", maps.class_code),
            ("forest_probability", maps.forest_probability),
            ("class_confidence", maps.confidence),
        )
    }


def plan_change(step: ForestChange, ctx: PlanContext) -> StepResult:
    """Plan the comparison of two forest maps."""
    before, after = compared_periods(ctx, step)
    period = Period(before.start, after.end)
    task = ChangeTask(step.before, step.after, ctx.legend.codes_of_kind("forest"))
    layer = PublishedLayer(
        FOREST_CHANGE_LAYER,
        f"{before.name}_to_{after.name}",
        step.save_as,
        ("forest_change",),
        period,
    )
    return StepResult(
        "change",
        period,
        (layer,),
        (TileOp(step.save_as, forest_change, task, needs=(step.before, step.after)),),
        detail=task,
    )


def forest_change(inputs: TileInputs) -> Arrays:
    """Return the change between two maps of a tile."""
    task: ChangeTask = inputs.config
    before = inputs.arrays[task.before]["forest_class"]
    after = inputs.arrays[task.after]["forest_class"]
    return {"forest_change": change.forest_change(before, after, task.forest_codes)}
