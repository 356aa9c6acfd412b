"""The ``assess`` step: maps against a reference, by class and season, by cover and days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from habitat.algorithms.accuracy import (
    block_bootstrap_interval,
    confusion_matrix,
    map_accuracy,
)
from habitat.algorithms.burn.inputs import BURN_BANDS
from habitat.algorithms.burn_accuracy import burn_accuracy, burn_confusion, day_bins
from habitat.algorithms.burn_history import BURNED, GAP, epoch_days
from habitat.algorithms.sampling import block_id
from habitat.domain.bands import State
from habitat.domain.errors import ConfigError
from habitat.domain.layers import (
    BURN_DATE,
    BURN_DATE_HI,
    BURN_DATE_LO,
    BURN_SCAR_LAYER,
    FOREST_CLASS,
)
from habitat.domain.legend import NOT_OBSERVED, OUTSIDE, Legend
from habitat.domain.period import Period
from habitat.pipeline.config_steps import Assess
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import Arrays, GlobalInputs, GlobalOp, StepResult, TileInputs, TileOp
from habitat.pipeline.simulation.source import SimulatedSource
from habitat.pipeline.steps import assess_text as text
from habitat.pipeline.steps.burns import BurnTask
from habitat.pipeline.steps.forest import ClassifyTask
from habitat.pipeline.steps.reference import ReferenceTask, holdout, labels, plan_reference
from habitat.pipeline.steps.train import TrainTask

#: Days from a fire to the first clear look at it: the bins of the burn accuracy.
DAY_EDGES = (9, 16, 36)
DAY_BINS = ("0–8 days", "9–15 days", "16–35 days", "36 days or more, or never seen again")
COVER_STRATA = ("forest", "shrub", "grass", "crop", "other")
_NEVER = 10_000
#: Assessed in blocks of this size where no training blocks are held out [m].
_BLOCK_M = 2_400
_SEED = 20_240_601


@dataclass(frozen=True, slots=True)
class ForestTarget:
    """A forest map, its composites, and the reference of its season."""

    name: str
    period: Period
    composites: tuple[tuple[str, str], ...]
    reference: ReferenceTask


@dataclass(frozen=True, slots=True)
class AssessTask:
    """What is assessed against what."""

    forest: tuple[ForestTarget, ...]
    burns: tuple[BurnTask, ...]
    legend: Legend
    simulated: bool
    holdout_block_m: int
    holdout_seed: int


def plan(step: Assess, ctx: PlanContext) -> StepResult:
    """Plan the counts of every tile and the statement."""
    targets = []
    for name in step.forest:
        period, detail = ctx.results[name].period, ctx.results[name].detail
        middle = date.fromordinal((period.start.toordinal() + period.end.toordinal()) // 2)
        classify: ClassifyTask = detail
        reference = plan_reference(step.reference, ctx, middle)
        targets.append(ForestTarget(name, period, classify.composites, reference))
    burns = tuple(ctx.results[name].detail for name in step.burns)
    if burns and not isinstance(ctx.source, SimulatedSource):
        raise ConfigError(
            f"assess {step.save_as!r}: expected source 'simulated' for the burns, got "
            f"{ctx.config.source.kind!r}; leave burns out, there is no reference for them"
        )
    block_m, seed = _BLOCK_M, 0
    if step.holdout_of:
        trained: TrainTask = ctx.results[step.holdout_of].detail
        block_m, seed = trained.holdout_block_m, trained.settings.seed
    task = AssessTask(
        tuple(targets),
        burns,
        ctx.legend,
        ctx.source.simulated,
        block_m if step.holdout_of else 0,
        seed,
    )
    counts = f"{step.save_as}.counts"
    needs = [
        *step.forest, *step.burns,
        *(name for target in targets for _, name in target.composites),
    ]  # fmt: skip
    ops = (
        TileOp(
            counts,
            count_tile,
            task,
            needs=tuple(dict.fromkeys(needs)),
            scenes=tuple(dict.fromkeys(burn.scenes for burn in burns)),
            bands=BURN_BANDS,
        ),
        GlobalOp(step.save_as, summarise, task, partials=(counts,)),
    )
    periods = [target.period for target in targets] + [burn.year for burn in burns]
    whole = Period(min(p.start for p in periods), max(p.end for p in periods))
    return StepResult("accuracy", whole, ops=ops, detail=task, checks=(step.save_as,))


def count_tile(inputs: TileInputs) -> Arrays:
    """Count the agreement of every map in a tile."""
    task: AssessTask = inputs.config
    out: Arrays = {}
    for target in task.forest:
        out.update(_count_forest(task, target, inputs))
    for burn in task.burns:
        out.update(_count_burns(task, burn, inputs))
    return out


def _count_forest(task: AssessTask, target: ForestTarget, inputs: TileInputs) -> Arrays:
    """Confusion matrices by block, and by how many seasons were seen."""
    mapped = inputs.arrays[target.name]["forest_class"]
    reference = labels(target.reference, inputs)
    use = inputs.inside.copy()
    block_m = task.holdout_block_m or _BLOCK_M
    if task.holdout_block_m:
        use &= holdout(inputs.grid, inputs.window, block_m=block_m, seed=task.holdout_seed)
    reference = np.where(use, reference, NOT_OBSERVED)
    y, x = np.meshgrid(inputs.grid.y(inputs.window), inputs.grid.x(inputs.window), indexing="ij")
    block = np.where(use, block_id(x, y, block_m=block_m), np.iinfo(np.int64).min)
    codes = task.legend.codes
    ids = np.unique(block[use])
    matrices = np.stack(
        [confusion_matrix(mapped[block == i], reference[block == i], codes) for i in ids]
        or [np.zeros((len(codes), len(codes)), np.int64)]
    )
    seasons = np.sum([inputs.arrays[name]["n_valid"] > 0 for _, name in target.composites], axis=0)
    full = seasons == len(target.composites)
    by_season = [
        confusion_matrix(mapped[where], reference[where], codes) for where in (full, ~full)
    ]
    return {
        f"{target.name}.blocks": ids if len(ids) else np.array([np.iinfo(np.int64).min]),
        f"{target.name}.matrices": matrices,
        f"{target.name}.by_season": np.stack(by_season),
    }


def _count_burns(task: AssessTask, burn: BurnTask, inputs: TileInputs) -> Arrays:
    """Agreement of a burn map by cover, and of what burned by days to the first clear look."""
    assert isinstance(inputs.source, SimulatedSource), "plan refuses other sources"
    truth = inputs.source.truth_burns(inputs.window, burn.year)
    scar = inputs.arrays[burn.name]["burn_scar"]
    mapped, burned = scar == BURNED, truth.burn_date > 1
    seen = inputs.inside & (scar != NOT_OBSERVED)
    judged = seen & (scar != GAP)
    cover = _cover_strata(task.legend)[inputs.source.truth_class(inputs.window, burn.year.start)]
    stratum = np.where(judged, cover, OUTSIDE).astype(np.uint8)
    days = _days_to_look(burn, inputs, epoch_days(truth.burn_date))
    waited = np.where(judged & burned, days, -1).astype(np.int32)
    dated = mapped & burned & seen
    day, lo, hi = (
        epoch_days(inputs.arrays[burn.name][name])[dated]
        for name in (BURN_DATE.name, BURN_DATE_LO.name, BURN_DATE_HI.name)
    )
    true_day = epoch_days(truth.burn_date)[dated]
    error = np.abs(day - true_day)
    return {
        f"{burn.name}.cover": burn_confusion(mapped, burned, stratum, len(COVER_STRATA)),
        f"{burn.name}.days": burn_confusion(
            mapped, burned, day_bins(waited, DAY_EDGES), len(DAY_BINS)
        ),
        f"{burn.name}.unjudged": np.bincount(
            cover[seen & burned & ~judged], minlength=len(COVER_STRATA)
        ).astype(np.int64),
        f"{burn.name}.scars": np.bincount(scar[inputs.inside], minlength=256).astype(np.int64),
        f"{burn.name}.date_error": np.bincount(
            np.minimum(error, 366).astype(np.int64), minlength=367
        ).astype(np.int64),
        f"{burn.name}.in_window": np.array([((lo <= true_day) & (true_day <= hi)).sum()], np.int64),
    }


def _cover_strata(legend: Legend) -> np.ndarray:
    table = np.full(256, COVER_STRATA.index("other"), dtype=np.uint8)
    for entry in legend.classes:
        if entry.kind in COVER_STRATA:
            table[entry.code] = COVER_STRATA.index(entry.kind)
    return table


def _days_to_look(burn: BurnTask, inputs: TileInputs, burn_day: np.ndarray) -> np.ndarray:
    """Return days from the fire to the first clear look after it, int32 (y, x)."""
    looks = inputs.scenes.looks(burn.scenes, (burn.looks,), bands=BURN_BANDS)
    waited = np.full(burn_day.shape, _NEVER, dtype=np.int32)
    for day, state in zip(looks.days[::-1].tolist(), looks.state[::-1], strict=True):
        after = (state == State.CLEAR) & (burn_day > 0) & (day >= burn_day)
        waited[after] = day - burn_day[after]
    return waited


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """The accuracy of the maps of a run.

    Attributes
    ----------
    statements : dict of (result, layer) to str
        One sentence for each layer that was assessed, as its file carries it.
    accuracy : dict
        All figures, for machines.
    lines : tuple of str
        All figures, for people.
    """

    statements: Mapping[tuple[str, str], str] = field(default_factory=dict)
    accuracy: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the figures for a person."""
        return "\n".join(self.lines)

    def digest_parts(self) -> tuple[Any, ...]:
        """Return what the content digest covers."""
        return (self.statements, self.lines)


def summarise(inputs: GlobalInputs) -> Assessment:
    """Add the counts of all tiles and state the accuracy."""
    task: AssessTask = inputs.config
    (partials,) = inputs.partials.values()
    statements: dict[tuple[str, str], str] = {}
    figures: dict[str, Any] = {}
    lines: list[str] = []
    for target in task.forest:
        found = _forest_figures(task, target, partials)
        figures[target.name] = found
        against = _against(task, target)
        statements[target.name, FOREST_CLASS.name] = text.forest_statement(found, against)
        lines += text.forest_lines(f"{target.name} ({target.period})", found, against)
    for burn in task.burns:
        found = _burn_figures(burn, partials)
        figures[burn.name] = found
        windows = text.window_statement(found)
        statements |= {
            (burn.name, BURN_SCAR_LAYER.name): text.burn_statement(found),
            (burn.name, BURN_DATE.name): text.date_statement(found),
            (burn.name, BURN_DATE_LO.name): windows,
            (burn.name, BURN_DATE_HI.name): windows,
        }
        lines += text.burn_lines(f"{burn.name} ({burn.year})", found)
    return Assessment(statements, figures, tuple(lines))


def _against(task: AssessTask, target: ForestTarget) -> str:
    if target.reference.kind == "truth":
        where = "held-out blocks" if task.holdout_block_m else "blocks"
        return f"the truth of the SIMULATED landscape in {where}"
    where = "held-out blocks" if task.holdout_block_m else "all blocks"
    return f"{target.reference.kind} {target.reference.path} in {where}"


def _forest_figures(
    task: AssessTask, target: ForestTarget, partials: Sequence[Arrays]
) -> dict[str, Any]:
    blocks = np.concatenate([part[f"{target.name}.blocks"] for part in partials])
    stacked = np.concatenate([part[f"{target.name}.matrices"] for part in partials])
    ids, place = np.unique(blocks, return_inverse=True)
    matrices = np.zeros((len(ids), *stacked.shape[1:]), np.int64)
    np.add.at(matrices, place, stacked)
    matrices = matrices[matrices.sum(axis=(1, 2)) > 0]
    total = matrices.sum(axis=0)
    overall = map_accuracy(total)
    # held-out blocks are a random half of all: an interval says what the other half may hold;
    # where every pixel is compared there is nothing to infer, and no interval
    low, high = (
        block_bootstrap_interval(matrices, np.random.default_rng(_SEED), design="simple_random")
        if task.holdout_block_m
        else (None, None)
    )
    seasons = np.sum([part[f"{target.name}.by_season"] for part in partials], axis=0)
    return {
        "n": overall.n,
        "blocks": len(matrices),
        "overall": overall.overall,
        "overall_lo": low,
        "overall_hi": high,
        "all_seasons": _season(seasons[0]),
        "fewer_seasons": _season(seasons[1]),
        "classes": {
            str(entry.code): {
                "name": entry.name,
                "prevalence": _plain(total[:, i].sum() / max(overall.n, 1)),
                "users": _plain(overall.users[i]),
                "producers": _plain(overall.producers[i]),
                "f1": _plain(overall.f1[i]),
                "area_bias": _plain(overall.area_bias[i]),
            }
            for i, entry in enumerate(task.legend.classes)
        },
    }


def _season(matrix: np.ndarray) -> dict[str, Any]:
    found = map_accuracy(matrix)
    return {"n": found.n, "overall": _plain(found.overall)}


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def _burn_figures(burn: BurnTask, partials: Sequence[Arrays]) -> dict[str, Any]:
    cover, days, scars, errors, unjudged, in_window = (
        np.sum([part[f"{burn.name}.{name}"] for part in partials], axis=0)
        for name in ("cover", "days", "scars", "date_error", "unjudged", "in_window")
    )
    true = cover[:, :, 1].sum(axis=1)
    by_cover, by_days = burn_accuracy(cover), burn_accuracy(days)
    whole = burn_accuracy(cover.sum(axis=0, keepdims=True))
    observed = scars[1:5].sum()
    return {
        "all": _burn_row(whole, 0, true.sum(), unjudged.sum()),
        "cover": {
            name: _burn_row(by_cover, i, true[i], unjudged[i])
            for i, name in enumerate(COVER_STRATA)
        },
        "days": {
            name: {"n": int(by_days.n[i]), "omission": _plain(by_days.omission[i])}
            for i, name in enumerate(DAY_BINS)
        },
        "dated_px": int(errors.sum()),
        "date_error_median_days": _median(errors),
        "date_in_window": _plain(in_window[0] / errors.sum()) if errors.sum() else None,
        "possible_share": _plain(scars[3] / max(observed, 1)),
        "gap_share": _plain(scars[4] / max(observed, 1)),
    }


def _burn_row(found: Any, i: int, true: int, unjudged: int) -> dict[str, Any]:
    """Return one line: the agreement where the map says yes or no, how often it says neither."""
    return {
        "n": int(found.n[i]),
        "burned_px": int(true + unjudged),
        "unjudged": _plain(unjudged / (true + unjudged)) if true + unjudged else None,
        "dice": _plain(found.dice[i]) if true else None,  # of nothing, no agreement
        "omission": _plain(found.omission[i]),
        "commission": _plain(found.commission[i]),
        "area_bias": _plain(found.bias[i]),
    }


def _median(counts: np.ndarray) -> int | None:
    total = int(counts.sum())
    return int(np.searchsorted(np.cumsum(counts), (total + 1) // 2)) if total else None
