"""The ``composite`` step: one image of a season, how often each pixel was seen, and why not."""

from dataclasses import dataclass

import numpy as np

from habitat.algorithms import composite as verbs
from habitat.algorithms.reasons import N_REASON_CODES, Reason, reasons_of_looks
from habitat.domain.errors import NoObservationError
from habitat.domain.layers import COMPOSITE, MAX_GAP_DAYS, N_VALID
from habitat.domain.period import Period, days_since_epoch
from habitat.pipeline.config_radar import RadarComposite
from habitat.pipeline.config_steps import Composite
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
from habitat.pipeline.scene_search import require_looks


@dataclass(frozen=True, slots=True)
class CompositeTask:
    """What one composite is made from.

    Attributes
    ----------
    name : str
        Of the result, for messages.
    scenes : str
        Scene set.
    parts : tuple of Period
        Looks of these periods enter the composite.
    whole : Period
        From the first to the last part; gaps are counted in it.
    bands : tuple of str
        Bands of the composite.
    burns : str
        Burn layers whose looks until green-up are left out; empty for none. Those of any size: a
        patch too small to be mapped darkens a composite all the same.
    green_up_days : tuple of int
        Days since 1970-01-01.
    """

    name: str
    scenes: str
    parts: tuple[Period, ...]
    whole: Period
    bands: tuple[str, ...]
    burns: str
    green_up_days: tuple[int, ...]


def plan(step: Composite, ctx: PlanContext) -> StepResult:
    """Plan a composite and the count that refuses a period in which nothing was seen."""
    parts = season_parts(step, ctx)
    whole = Period(parts[0].start, parts[-1].end)
    require_looks(ctx, step.scenes, parts, f"composite {step.save_as!r}")
    bands = ctx.scene_sets[step.scenes].bands
    years = range(whole.start.year - 1, whole.end.year + 2)
    task = CompositeTask(
        step.save_as,
        step.scenes,
        parts,
        whole,
        bands,
        f"{step.burns}.seen" if step.burns else "",
        tuple(days_since_epoch(ctx.seasons.green_up.in_year(year)) for year in years),
    )
    count, seen = f"{step.save_as}.count", f"{step.save_as}.seen"
    ops = (
        TileOp(
            step.save_as,
            composite,
            task,
            needs=(task.burns,) if task.burns else (),
            scenes=(step.scenes,),
            bands=bands,
        ),
        TileOp(count, count_observed, task, needs=(step.save_as,)),
        GlobalOp(seen, refuse_unseen, task, partials=(count,)),
    )
    layers = (
        PublishedLayer(COMPOSITE, whole.name, step.save_as, bands, whole),
        PublishedLayer(N_VALID, whole.name, step.save_as, ("n_valid",), whole),
        PublishedLayer(MAX_GAP_DAYS, whole.name, step.save_as, ("max_gap_days",), whole),
    )
    return StepResult("composite", whole, layers, ops, detail=bands, checks=(seen,))


def season_parts(step: Composite | RadarComposite, ctx: PlanContext) -> tuple[Period, ...]:
    """Return the periods whose looks enter a composite, cut at the as-of date.

    Raises
    ------
    ConfigError, NoObservationError
        If none has begun by then.
    """
    if step.period is not None:
        return (ctx.period(step.period),)
    season = ctx.seasons.season(str(step.season))
    assert step.year is not None, "the model refuses a season without a year"
    parts = [part.until(ctx.as_of) for part in season.periods(ctx.year(step.year))]
    known = tuple(part for part in parts if part is not None)
    if not known:
        raise NoObservationError(
            f"{step.step} {step.save_as!r}: expected the season {step.season!r} to have begun by "
            f"the as-of date {ctx.as_of}. Give a later --as-of or an earlier year."
        )
    return known


def composite(inputs: TileInputs) -> Arrays:
    """Return the bands, ``n_valid``, ``max_gap_days`` and ``reason`` of a tile."""
    task: CompositeTask = inputs.config
    looks = inputs.scenes.looks(task.scenes, (task.whole,), bands=task.bands)
    in_parts = np.array(
        [any(_holds(part, day) for part in task.parts) for day in looks.days], dtype=bool
    )
    valid = verbs.clear(looks.state)
    if not in_parts.all():
        valid &= in_parts[:, None, None]
    if task.burns:
        burns = inputs.arrays[task.burns]
        burned = burns["burn_day_lo"], burns["burn_day_hi"]
        valid = verbs.exclude_burned(valid, looks.days, burned, task.green_up_days)
    used = (
        verbs.used_states(looks.state, valid) if task.burns or not in_parts.all() else looks.state
    )
    n_valid, max_gap = verbs.observation_counts(looks.days, used, task.whole)
    out = {band: verbs.median_composite(looks.bands[band], valid) for band in task.bands}
    out["n_valid"], out["max_gap_days"] = n_valid, max_gap
    in_season = used if in_parts.all() else used[in_parts]
    out["reason"] = reasons_of_looks(in_season, n_valid > 0)
    return out


def _holds(period: Period, day: int) -> bool:
    return days_since_epoch(period.start) <= day <= days_since_epoch(period.end)


def count_observed(inputs: TileInputs) -> Arrays:
    """Return how many pixels of the AOI there are of each reason, int64 (reason,)."""
    task: CompositeTask = inputs.config
    reason = inputs.arrays[task.name]["reason"][inputs.inside]
    return {"px": np.bincount(reason, minlength=N_REASON_CODES).astype(np.int64)}


def refuse_unseen(inputs: GlobalInputs) -> dict[str, int]:
    """Sum the counts of all tiles.

    Raises
    ------
    NoObservationError
        If not one pixel of the AOI was seen.
    """
    task: CompositeTask = inputs.config
    (partials,) = inputs.partials.values()
    pixels = np.stack([partial["px"] for partial in partials]).sum(axis=0).tolist()
    inside = sum(pixels)
    if not pixels[Reason.OBSERVED]:
        why = ", ".join(
            f"{reason.name.lower().replace('_', ' ')} {pixels[reason]}"
            for reason in Reason
            if pixels[reason]
        )
        raise NoObservationError(
            f"composite {task.name!r}: expected at least one clear look at the AOI in "
            f"{task.whole}, got none on {inside} pixels ({why}). "
            "Widen the period or check the scenes; the old release stays."
        )
    return {"observed_px": pixels[Reason.OBSERVED], "inside_px": inside}
