"""The ``train`` step: samples from every tile, one model, chosen by spatial cross-validation."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from habitat.algorithms.features import compute, feature_set
from habitat.algorithms.sampling import (
    SamplePoints,
    cap_per_class,
    draw_per_class,
    join_points,
)
from habitat.algorithms.training import train
from habitat.algorithms.training_table import TrainingSettings, training_table
from habitat.domain.legend import Legend
from habitat.domain.model import CrossValidation, FeatureSet, ModelSet
from habitat.domain.radar import RADAR_BANDS
from habitat.pipeline.config_steps import Train
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import Arrays, GlobalInputs, GlobalOp, StepResult, TileInputs, TileOp
from habitat.pipeline.steps.forest import common_bands, season_of_map, with_radar
from habitat.pipeline.steps.reference import ReferenceTask, holdout, labels, plan_reference

#: A raster or truth covers the land, so its class shares are those of the land; polygons and
#: points lie where somebody drew them.
_DEFAULT_ALLOCATION = {
    "truth": "proportional",
    "raster": "proportional",
    "polygons": "equal",
    "points": "equal",
}
#: No class of many takes more than this share of all samples; of two or three it may take more.
_LARGEST_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Allocation:
    """How many samples each class gets.

    Equal numbers make a map that shows rare classes too often: the classifier then believes that
    all classes are equally common. Proportional numbers keep the areas in balance, with a floor
    for rare classes (Olofsson et al. 2014, doi:10.1016/j.rse.2014.02.015, on both).

    Attributes
    ----------
    mean : int
        Samples per class on average.
    floor : int
        Fewest samples of a class.
    proportional : bool
        By the share of the class, else the same for each.
    leave_out : bool
        Leave classes below the floor out, else training refuses them.
    """

    mean: int
    floor: int
    proportional: bool
    leave_out: bool

    def largest(self, n_classes: int) -> int:
        """Return the largest number that a class can get."""
        if not self.proportional:
            return self.mean
        share = max(_LARGEST_SHARE, min(1.0, 2 / n_classes))
        return max(self.floor, round(self.mean * n_classes * share))

    def numbers(self, available: np.ndarray, codes: Sequence[int]) -> dict[int, int]:
        """Return the number of samples by class code, from the pixels there are of each."""
        known = [c for c in codes if available[c] >= (self.floor if self.leave_out else 1)]
        if not self.proportional:
            return dict.fromkeys(known, self.mean)
        total = float(available[known].sum())
        wanted = {c: self.mean * len(known) * float(available[c]) / total for c in known}
        floor = min(self.mean, max(self.floor, self.mean // 4))
        top = self.largest(len(codes))
        return {c: min(top, max(floor, round(n))) for c, n in wanted.items()}


@dataclass(frozen=True, slots=True)
class TrainTask:
    """What a model is trained from.

    Attributes
    ----------
    variants : tuple of FeatureSet
        All seasons, then without the last, and so on to the first alone: for pixels that were not
        seen in every season. The order of the composites in the file is the order of weight.
    composites : tuple of (season, result)
        Where the features come from.
    reference : ReferenceTask
        Where the classes come from.
    holdout_block_m : int
        Edge of the blocks of which every second is kept for the accuracy [m]; 0 keeps none.
    name : str
        Of the model.
    radar : tuple of (season, result)
        Backscatter of the same seasons; a variant without it stands after each with it.
    """

    variants: tuple[FeatureSet, ...]
    composites: tuple[tuple[str, str], ...]
    reference: ReferenceTask
    legend: Legend
    settings: TrainingSettings
    allocation: Allocation
    holdout_block_m: int
    name: str
    radar: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and how it was chosen."""

    name: str
    model: ModelSet
    validation: CrossValidation
    legend: Legend = field(repr=False)

    def text(self) -> str:
        """Return the cross-validation for a person."""
        v = self.validation
        lines = [
            f"classifier: {v.chosen}, {v.reason}",
            f"  {v.folds}-fold cross-validation over {v.n_blocks} blocks of {v.block_m} m, "
            f"{v.n_samples} samples",
        ]
        lines += [
            f"  {c.algorithm:6s} accuracy {c.accuracy:.3f} "
            f"({c.accuracy_lo:.3f}–{c.accuracy_hi:.3f}), calibration error "
            f"{c.calibration_error_before:.3f} → {c.calibration_error_after:.3f}"
            for c in v.candidates
        ]
        if v.left_out:
            lines.append(f"  {self._left_out_text()}")
        return "\n".join(lines)

    @property
    def accuracy(self) -> dict[str, Any]:
        """The cross-validation for the run record, by the name of the model."""
        v = self.validation
        best = v.of_chosen()
        found = {
            "algorithm": v.chosen,
            "cross_validated": {
                "accuracy": best.accuracy,
                "lo": best.accuracy_lo,
                "hi": best.accuracy_hi,
                "what": v.interval,
            },
            "left_out": [
                {"code": code, "class": self._class_name(code), "pixels": pixels}
                for code, pixels in v.left_out
            ],
        }
        return {f"model {self.name}": found}

    def _left_out_text(self) -> str:
        named = ", ".join(
            f"{code} {self._class_name(code)} ({pixels} px)"
            for code, pixels in self.validation.left_out
        )
        return f"left out, too few samples, so never mapped and not in these figures: {named}"

    def _class_name(self, code: int) -> str:
        return next(entry.name for entry in self.legend.classes if entry.code == code)


def plan(step: Train, ctx: PlanContext) -> StepResult:
    """Plan the samples of every tile and the training."""
    bands = common_bands(step.composites, ctx)
    period = season_of_map(step.composites, ctx)
    seasons = tuple(step.composites)
    variants = [
        feature_set(seasons[:n], wanted)
        for n in range(len(seasons), 0, -1)
        for wanted in dict.fromkeys((with_radar(bands, step.radar), bands))
    ]
    middle = date.fromordinal((period.start.toordinal() + period.end.toordinal()) // 2)
    reference = plan_reference(step.reference, ctx, middle)
    task = TrainTask(
        tuple(variants),
        tuple(step.composites.items()),
        reference,
        ctx.legend,
        TrainingSettings(
            description=_description(reference, ctx),
            simulated=ctx.simulated,
            candidates=tuple(step.candidates),
            seed=step.seed,
            block_m=step.block_m,
            folds=step.folds,
            min_per_class=step.min_per_class,
        ),
        Allocation(
            step.samples_per_class,
            step.min_per_class,
            (step.allocation or _DEFAULT_ALLOCATION[reference.kind]) == "proportional",
            step.rare_classes == "leave_out",
        ),
        step.block_m if step.holdout else 0,
        step.save_as,
        tuple(step.radar.items()),
    )
    ctx.models[step.save_as] = f"trained on {task.settings.description}"
    samples = f"{step.save_as}.samples"
    return StepResult(
        "model",
        period,
        ops=(
            TileOp(
                samples,
                draw_samples,
                task,
                needs=(*step.composites.values(), *step.radar.values()),
            ),
            GlobalOp(step.save_as, fit_model, task, partials=(samples,)),
        ),
        detail=task,
    )


def _description(reference: ReferenceTask, ctx: PlanContext) -> str:
    where = f"in {ctx.aoi.name}"
    if reference.kind == "truth":
        return f"truth of a SIMULATED landscape on {reference.day} {where}"
    return f"{reference.kind} of {reference.path} {where}"


def draw_samples(inputs: TileInputs) -> Arrays:
    """Return the samples of a tile: row, col, code and features."""
    task: TrainTask = inputs.config
    code = np.where(inputs.inside & _complete(task, inputs), labels(task.reference, inputs), 0)
    if task.holdout_block_m:
        kept = holdout(
            inputs.grid,
            inputs.window,
            block_m=task.holdout_block_m,
            seed=task.settings.seed,
        )
        code = np.where(kept, 0, code)
    points = draw_per_class(
        code.astype(np.uint8),
        inputs.window,
        codes=task.legend.codes,
        n_max=task.allocation.largest(len(task.legend.codes)),
        seed=task.settings.seed,
    )
    rows, cols = points.row - inputs.window.row, points.col - inputs.window.col
    # (band, 1, n): features are pixel by pixel, so only the samples are computed
    at_points = {
        season: {
            band: inputs.arrays[name][band][rows, cols][None, :] for band in task.variants[-1].bands
        }
        for season, name in task.composites
    }
    for season, name in task.radar:
        at_points[season] |= {
            band: inputs.arrays[name][band][rows, cols][None, :] for band in RADAR_BANDS
        }
    return {
        "row": points.row,
        "col": points.col,
        "code": points.code,
        "features": compute(task.variants[0], at_points)[:, 0, :].T,
        "available": np.bincount(code.ravel(), minlength=256).astype(np.int64),
    }


def _complete(task: TrainTask, inputs: TileInputs) -> np.ndarray:
    """Return the pixels that were observed in every season, bool (y, x)."""
    seen = [inputs.arrays[name]["n_valid"] > 0 for _, name in task.composites]
    seen += [inputs.arrays[name]["n_looks"] > 0 for _, name in task.radar]
    return np.asarray(np.all(seen, axis=0))


def fit_model(inputs: GlobalInputs) -> Trained:
    """Join the samples of all tiles, cap them per class, and train."""
    task: TrainTask = inputs.config
    (partials,) = inputs.partials.values()
    row, col, code, features = (
        np.concatenate([partial[name] for partial in partials])
        for name in ("row", "col", "code", "features")
    )
    points = SamplePoints(row, col, code)
    available = np.sum([partial["available"] for partial in partials], axis=0)
    numbers = task.allocation.numbers(available, task.legend.codes)
    left_out = tuple((c, int(available[c])) for c in task.legend.codes if c not in numbers)
    kept = _allocated(points, task, numbers)
    features = features[_places(points, kept)]
    table = training_table(
        task.variants[0].names,
        features,
        kept.code,
        x_m=(kept.col + 0.5) * inputs.grid.pixel_m,
        y_m=-(kept.row + 0.5) * inputs.grid.pixel_m,
        block_m=task.settings.block_m,
    )
    settings = replace(task.settings, left_out=left_out)
    model, validation = train(table, task.variants, task.legend, settings)
    return Trained(task.name, model, validation, task.legend)


def _allocated(points: SamplePoints, task: TrainTask, numbers: dict[int, int]) -> SamplePoints:
    """Return the samples with the smallest hashes, so many of each class."""
    parts = [
        cap_per_class(
            points.take(np.flatnonzero(points.code == code)),
            n_max=number,
            seed=task.settings.seed,
        )
        for code, number in numbers.items()
    ]
    return join_points(parts)


def _places(points: SamplePoints, kept: SamplePoints) -> np.ndarray:
    """Return the index in ``points`` of each kept point."""
    place = {
        pixel: i
        for i, pixel in enumerate(zip(points.row.tolist(), points.col.tolist(), strict=True))
    }
    pixels = zip(kept.row.tolist(), kept.col.tolist(), strict=True)
    return np.array([place[pixel] for pixel in pixels], dtype=np.int64)
