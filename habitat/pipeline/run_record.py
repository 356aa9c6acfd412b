"""What the record of a run says: scenes and why some were not used, tiles, accuracy."""

from collections.abc import Iterable
from typing import Any

from habitat.domain.scene import RefusedScene
from habitat.pipeline.plan import Plan
from habitat.pipeline.runner import RunState
from habitat.pipeline.scene_search import unmasked
from habitat.pipeline.versions import library_versions


def record_of(plan: Plan, state: RunState) -> dict[str, Any]:
    """Return what a run record says of a plan and of what became of it."""
    return {
        "pipeline": plan.ctx.config.model_dump(mode="json"),
        "notes": [*plan.ctx.aoi.notes, *plan.ctx.notes],
        "versions": library_versions(),
        "newest_scene": _newest_scene(plan),
        "scenes": scenes_of(plan),
        "tiles": [
            {
                "stage": stage,
                "tile": outcome.tile.name,
                "seconds": round(outcome.seconds, 2),
                "fault": outcome.fault,
                "attempts": outcome.attempts,
            }
            for stage, outcome in state.outcomes
        ],
        "tiles_computed": state.computed,
        "tiles_reused": state.reused,
        "accuracy": accuracy_of(state),
    }


def scenes_of(plan: Plan) -> dict[str, Any]:
    """Return which scenes of each set are used, and why the others are not."""
    return {
        name: {
            "period": str(found.period),
            "used": [item.item_id for item in found.items],
            "without_mask": unmasked(found.items),
            "outside_aoi": _reasons(plan, (s for s in found.refused if s.kind == "outside")),
            "refused": _reasons(plan, (s for s in found.refused if s.kind != "outside")),
        }
        for name, found in plan.ctx.scene_sets.items()
    }


def _reasons(plan: Plan, refused: Iterable[RefusedScene]) -> list[dict[str, str]]:
    """Return why scenes are not used, with paths below the project: the same from any folder."""
    here = f"{plan.ctx.project}/"
    return [{"id": of.item_id, "reason": of.reason.replace(here, "")} for of in refused]


def _newest_scene(plan: Plan) -> dict[str, str] | None:
    items = [item for found in plan.ctx.scene_sets.values() for item in found.items]
    if not items:
        return None
    newest = max(items, key=lambda item: (item.acquired, item.item_id))
    return {"id": newest.item_id, "acquired": newest.acquired.isoformat()}


def accuracy_of(state: RunState) -> dict[str, Any]:
    """Return what all merged results say of their accuracy."""
    merged: dict[str, Any] = {}
    for value in state.globals.values():
        merged.update(getattr(value, "accuracy", {}))
    return merged


def texts_of(state: RunState) -> tuple[str, ...]:
    """Return what merged results have to say on the terminal: cross-validation, accuracy."""
    return tuple(value.text() for value in state.globals.values() if hasattr(value, "text"))
