"""Fires of many parts, and the least area of what is published: the last pass of ``burn_scars``."""

from dataclasses import dataclass, fields

import numpy as np

from habitat.algorithms.burn.events import (
    BurnEvents,
    Runs,
    in_small_patches,
    join_events,
    published,
    settled,
)
from habitat.algorithms.burn.inputs import BurnParams
from habitat.algorithms.burn.scars import BurnLayers
from habitat.algorithms.burn_history import epoch_days
from habitat.domain.grid import Window
from habitat.domain.hotspots import Hotspots
from habitat.io.raster.vectorise import PixelRuns, near_pairs, outlines
from habitat.pipeline.ops import Arrays, GlobalInputs, TileInputs


@dataclass(frozen=True, slots=True)
class FireTask:
    """Which burns are joined, and how."""

    name: str
    params: BurnParams


@dataclass(frozen=True, slots=True)
class Fires:
    """The fires of the AOI, and the pixels of patches that are too small to be published."""

    events: BurnEvents
    small: Runs


def _layers(arrays: Arrays) -> BurnLayers:
    return BurnLayers(**{entry.name: arrays[entry.name] for entry in fields(BurnLayers)})


def list_runs(inputs: TileInputs) -> Arrays:
    """List the pixels of a tile that would be published, as runs, with their days."""
    task: FireTask = inputs.config
    arrays = inputs.arrays[f"{task.name}.seen"]
    ids = np.where(inputs.inside, published(_layers(arrays)), 0)
    runs = PixelRuns.of_labels(ids, inputs.window)
    first = (runs.row - inputs.window.row) * ids.shape[1] + runs.col - inputs.window.col
    covered = np.repeat(np.arange(len(first)), runs.length)
    offset = np.arange(len(covered)) - np.repeat(np.cumsum(runs.length) - runs.length, runs.length)
    at = first[covered] + offset
    starts = np.flatnonzero(offset == 0)
    lo, hi = arrays["burn_day_lo"].ravel()[at], arrays["burn_day_hi"].ravel()[at]
    return {
        "object_id": runs.object_id,
        "row": runs.row,
        "col": runs.col,
        "length": runs.length,
        "day_lo": np.minimum.reduceat(lo, starts).astype(np.int64) if len(at) else runs.row,
        "day_hi": np.maximum.reduceat(hi, starts).astype(np.int64) if len(at) else runs.row,
    }


def join_fires(inputs: GlobalInputs) -> Fires:
    """Drop patches that are too small, and join the rest into fires."""
    task: FireTask = inputs.config
    (partials,) = inputs.partials.values()
    names = [entry.name for entry in fields(Runs)]
    runs = Runs(**{name: np.concatenate([part[name] for part in partials]) for name in names})
    small = in_small_patches(runs, task.params.min_px(inputs.grid.pixel_m))
    kept = runs.take(~small)
    shapes = outlines(PixelRuns(kept.object_id, kept.row, kept.col, kept.length), inputs.grid)
    objects = inputs.globals[f"{task.name}.objects"].objects
    hotspots: Hotspots = inputs.globals[f"{task.name}.hotspots"]
    near = near_pairs(shapes, task.params.event_m)
    return Fires(join_events(kept, near, objects, hotspots, task.params), runs.take(small))


def settle(inputs: TileInputs) -> Arrays:
    """Return the layers of a tile as they are published."""
    task: FireTask = inputs.config
    arrays = inputs.arrays[f"{task.name}.seen"]
    fires: Fires = inputs.globals[f"{task.name}.fires"]
    dropped = _covered(fires.small, inputs.window)
    layers = settled(_layers(arrays), dropped, fires.events)
    out = {entry.name: getattr(layers, entry.name) for entry in fields(layers)}
    passed = {name: arrays[name] for name in ("cover", "reason")}
    return out | passed | {"burn_day": epoch_days(layers.burn_date)}


def _covered(runs: Runs, window: Window) -> np.ndarray:
    """Return the pixels of a window that lie in runs, bool ``(y, x)``."""
    covered = np.zeros(window.shape, dtype=bool)
    row, col = runs.row - window.row, runs.col - window.col
    here = (row >= 0) & (row < window.height) & (col < window.width) & (col + runs.length > 0)
    for r, c, n in zip(row[here], col[here], runs.length[here], strict=True):
        covered[r, max(c, 0) : c + n] = True
    return covered
