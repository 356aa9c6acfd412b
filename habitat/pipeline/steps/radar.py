"""The ``radar_composite`` step: backscatter of a season, one image per orbit direction."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from habitat.algorithms.radar_looks import radar_composite
from habitat.algorithms.reasons import Reason
from habitat.domain.errors import NoObservationError
from habitat.domain.layers import RADAR_COMPOSITE
from habitat.domain.period import Period
from habitat.domain.radar import RADAR_BANDS, RADAR_RATIO
from habitat.pipeline.config_radar import RadarComposite
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import (
    Arrays,
    GlobalInputs,
    GlobalOp,
    PublishedLayer,
    StepResult,
    TileInputs,
    TileOp,
)
from habitat.pipeline.scene_search import no_scene, require_period
from habitat.pipeline.steps.composite import season_parts


@dataclass(frozen=True, slots=True)
class RadarTask:
    """What one composite is made from.

    Attributes
    ----------
    name, scenes : str
        The result and its scene set.
    parts : tuple of Period
        Looks of these periods enter.
    orbit : str
        ``ascending``, ``descending`` or ``mixed``.
    """

    name: str
    scenes: str
    parts: tuple[Period, ...]
    orbit: str


def plan(step: RadarComposite, ctx: PlanContext) -> StepResult:
    """Plan a composite and the count that refuses a period in which nothing was seen."""
    parts = season_parts(step, ctx)
    whole = Period(parts[0].start, parts[-1].end)
    what = f"radar_composite {step.save_as!r}"
    require_period(ctx, step.scenes, parts, what)
    task = RadarTask(step.save_as, step.scenes, parts, step.orbit)
    found = ctx.scene_sets[step.scenes]
    if found.searched:
        used = [i for i in found.items if enters(task, i.orbit, i.acquired.date())]
        if not used:
            raise no_scene(f"{what}, {step.orbit} passes", parts, found.refused)
        _note_mixed(ctx, step, {item.orbit.partition(" ")[0] for item in used})
    count, seen = f"{step.save_as}.count", f"{step.save_as}.seen"
    ops = (
        TileOp(step.save_as, composite, task, scenes=(step.scenes,), bands=RADAR_BANDS),
        TileOp(count, count_looks, task, needs=(step.save_as,)),
        GlobalOp(seen, refuse_unseen, task, partials=(count,)),
    )
    layer = PublishedLayer(
        RADAR_COMPOSITE,
        whole.name,
        step.save_as,
        (*RADAR_BANDS, RADAR_RATIO),
        whole,
        tags=(("ORBIT", step.orbit),),
    )
    return StepResult("radar", whole, (layer,), ops, detail=RADAR_BANDS, checks=(seen,))


def _note_mixed(ctx: PlanContext, step: RadarComposite, states: set[str]) -> None:
    if len(states) > 1:
        ctx.notes.append(
            f"radar_composite {step.save_as!r}: ascending and descending passes are mixed (orbit: "
            "mixed): what faces one side only may differ between places"
        )


def enters(task: RadarTask, orbit: str, day: date) -> bool:
    """Say whether a look of an orbit and day enters a composite."""
    wanted = task.orbit == "mixed" or orbit.startswith(task.orbit)
    return wanted and any(day in part for part in task.parts)


def composite(inputs: TileInputs) -> Arrays:
    """Return ``VV``, ``VH``, ``VH_VV``, ``n_looks`` and ``reason`` of a tile."""
    task: RadarTask = inputs.config
    looks = inputs.scenes.radar_looks(task.scenes, task.parts, task.orbit)
    out = radar_composite(looks["VV"], looks["VH"])
    if inputs.scenes.failed:
        out["reason"] = np.full(out["reason"].shape, Reason.FAILED, np.uint8)
    return out


def count_looks(inputs: TileInputs) -> Arrays:
    """Return how many pixels of the AOI were seen, int64 (1,)."""
    task: RadarTask = inputs.config
    seen = inputs.arrays[task.name]["n_looks"][inputs.inside] > 0
    return {"px": np.array([np.count_nonzero(seen)], np.int64)}


def refuse_unseen(inputs: GlobalInputs) -> dict[str, int]:
    """Sum the counts of all tiles.

    Raises
    ------
    NoObservationError
        If not one pixel of the AOI was seen.
    """
    task: RadarTask = inputs.config
    (partials,) = inputs.partials.values()
    seen = int(np.stack([partial["px"] for partial in partials]).sum())
    if not seen:
        raise NoObservationError(
            f"radar_composite {task.name!r}: expected at least one look at the AOI with VV and VH "
            f"above the noise, got none; {task.orbit} passes. Widen the period or check the "
            "scenes; the old release stays."
        )
    return {"observed_px": seen}
