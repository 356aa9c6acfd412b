"""The table of steps: which function plans which step."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from habitat.domain.errors import NotBuiltError
from habitat.pipeline.config_base import StepConfig
from habitat.pipeline.config_radar import RadarComposite
from habitat.pipeline.config_steps import (
    Assess,
    BurnScars,
    Cells,
    ClassifyForest,
    Composite,
    FireRisk,
    ForestChange,
    Habitat,
    Train,
)
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import StepResult

Planner = Callable[[Any, PlanContext], StepResult]

#: Steps that make results, each with the module of ``habitat.pipeline.steps`` and the function
#: that plan it; ``scenes`` and ``publish`` are the plan's own, and nothing plans what is not built.
PLANNERS: dict[type[StepConfig], tuple[str, str]] = {
    Composite: ("composite", "plan"),
    RadarComposite: ("radar", "plan"),
    Train: ("train", "plan"),
    ClassifyForest: ("forest", "plan"),
    BurnScars: ("burns", "plan"),
    ForestChange: ("forest", "plan_change"),
    Habitat: ("habitat", "plan"),
    Cells: ("cells", "plan"),
    Assess: ("assess", "plan"),
    FireRisk: ("", ""),
}


def planner_of(step: Any) -> Planner:
    """Return the function that plans a step.

    Its module is imported here and not before: training alone brings scikit-learn, whose import
    takes longer than many a run has work.

    Raises
    ------
    NotBuiltError
        For a step that this version does not have.
    """
    module, function = PLANNERS[type(step)]
    if not module:
        raise NotBuiltError(
            f"step {step.step!r}: this version publishes no release of it; nothing was computed. "
            "For the brief run: habitat fire-risk FILE"
        )
    planner: Planner = getattr(import_module(f"habitat.pipeline.steps.{module}"), function)
    return planner
