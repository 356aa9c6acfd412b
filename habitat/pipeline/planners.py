"""The table of steps: which function plans which step."""

from collections.abc import Callable
from typing import Any

from habitat.domain.errors import NotBuiltError
from habitat.pipeline.config import (
    Assess,
    BurnScars,
    Cells,
    ClassifyForest,
    Composite,
    FireRisk,
    ForestChange,
    Habitat,
    StepConfig,
    Train,
)
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import StepResult
from habitat.pipeline.steps import assess, burns, cells, composite, forest, habitat, train


def _not_built(step: FireRisk, ctx: PlanContext) -> StepResult:  # noqa: ARG001  # a planner's form
    raise NotBuiltError(
        f"step {step.step!r}: this version publishes no release of it; nothing was computed. "
        "For the brief run: habitat fire-risk FILE"
    )


#: Steps that make results; ``scenes`` and ``publish`` are the plan's own.
PLANNERS: dict[type[StepConfig], Callable[[Any, PlanContext], StepResult]] = {
    Composite: composite.plan,
    Train: train.plan,
    ClassifyForest: forest.plan,
    BurnScars: burns.plan,
    ForestChange: forest.plan_change,
    Habitat: habitat.plan,
    Cells: cells.plan,
    Assess: assess.plan,
    FireRisk: _not_built,
}
