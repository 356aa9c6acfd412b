"""One stage on one tile: what a worker thread, process or machine runs."""

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from habitat.domain.errors import HabitatError, PartialError
from habitat.domain.grid import Grid, Tile, Window
from habitat.io.release.tile_store import TileStore
from habitat.io.scenes.radar_reader import RadarSource
from habitat.io.scenes.source import SceneSource
from habitat.io.settings import return_freed_memory
from habitat.io.vector.aoi import Aoi, covered_window, rasterise
from habitat.pipeline.digest import digest
from habitat.pipeline.ops import Arrays, SceneSet, TileInputs, TileOp
from habitat.pipeline.scenes import SceneReader
from habitat.pipeline.stages import Stage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StageWork:
    """What all tiles of a stage share.

    ``mark_failed``: read no scene; the tile is stored as "not observed", reason ``failed``, under
    a key of its own, so that it is never taken for the real result.
    """

    stage: Stage
    grid: Grid
    aoi: Aoi
    source: SceneSource
    scene_sets: Mapping[str, SceneSet]
    globals: Mapping[str, Any]
    store_root: Path
    project: Path
    mark_failed: bool = False
    radar: RadarSource | None = None


@dataclass(frozen=True, slots=True)
class TileTask:
    """One tile of a stage.

    Attributes
    ----------
    tile : Tile
        Which.
    key : str
        Under which the results are stored.
    upstream : mapping of (result name, Tile) to str
        Keys of stored results, of this tile and, where a halo is needed, of its neighbours.
    """

    tile: Tile
    key: str
    upstream: Mapping[tuple[str, Tile], str]


#: Faults that another attempt cannot mend: configuration, input, quota, credentials, policy.
_NEVER_AGAIN = (2, 3, 4, 7, 8, 13)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task: ``fault`` is empty when it went well.

    Attributes
    ----------
    tile : Tile
        Which.
    key : str
        Under which the results were stored; empty where there are none.
    seconds : float
        Wall time of the last attempt [s].
    fault : str
        What went wrong in the last attempt.
    exit_code : int
        Kind of the fault, as in :mod:`habitat.domain.errors`; 0 for none.
    attempts : int
        How often it was tried.
    again : bool
        Whether another attempt may go better.
    """

    tile: Tile
    key: str
    seconds: float
    fault: str = ""
    exit_code: int = 0
    attempts: int = 1
    again: bool = False


def failed_key(key: str) -> str:
    """Return the key under which a failed tile is stored as not observed."""
    return digest("failed", key)


def run_tile(work: StageWork, task: TileTask) -> Outcome:
    """Run the operations of a stage on one tile and store what others read.

    Never raises for a fault of the tile: it comes back in the outcome, so that one tile cannot
    stop the others.
    """
    started = time.monotonic()
    key = failed_key(task.key) if work.mark_failed else task.key
    try:
        TileStore(work.store_root).write(key, _compute(work, task, failed=work.mark_failed))
    except HabitatError as fault:
        return _failed(task, started, str(fault), fault.exit_code)
    except MemoryError as fault:
        text = f"out of memory: {fault or 'no more could be had'}. Use fewer workers"
        return _failed(task, started, text, PartialError.exit_code)
    except Exception as fault:  # whatever it is, it is the fault of this tile
        log.debug("tile %s", task.tile.name, exc_info=True)
        return _failed(task, started, f"{type(fault).__name__}: {fault}", 1)
    finally:
        return_freed_memory()
    return Outcome(task.tile, key, time.monotonic() - started)


def _failed(task: TileTask, started: float, fault: str, exit_code: int) -> Outcome:
    again = exit_code not in _NEVER_AGAIN
    return Outcome(task.tile, "", time.monotonic() - started, fault, exit_code, again=again)


def _compute(work: StageWork, task: TileTask, *, failed: bool = False) -> dict[str, np.ndarray]:
    window = covered_window(work.aoi, work.grid, task.tile)
    inside = rasterise(work.aoi.geometry, work.grid, window)
    reader = SceneReader(
        work.source,
        work.grid,
        window,
        max((op.scene_halo_px for op in work.stage.tile_ops), default=0),
        {name: (found.items, found.bands) for name, found in work.scene_sets.items()},
        stage_bands=_stage_bands(work),
        keep=_scenes_meet(work.stage),
        failed=failed,
        radar=work.radar,
    )
    made: dict[str, Arrays] = {}
    store = TileStore(work.store_root)
    for op in work.stage.tile_ops:
        arrays = {
            name: made[name] if name in made else _load(work, task, store, name, op)
            for name in op.needs
        }
        made[op.result] = op.function(
            TileInputs(
                config=op.config,
                grid=work.grid,
                window=window,
                inside=inside,
                arrays=arrays,
                globals={name: work.globals[name] for name in op.uses},
                scenes=reader,
                source=work.source,
                project=work.project,
                aoi=work.aoi,
            )
        )
    return {
        f"{result}/{name}": array
        for result in work.stage.stored
        for name, array in made[result].items()
    }


def _stage_bands(work: StageWork) -> tuple[str, ...]:
    """Return the bands that the operations of the stage ask for together."""
    asked: dict[str, None] = {}
    for op in work.stage.tile_ops:
        for name in op.scenes:
            asked.update(dict.fromkeys(op.bands or work.scene_sets[name].bands))
    return tuple(asked)


def _scenes_meet(stage: Stage) -> bool:
    """Say whether two operations of a stage read one scene set: else a scene is read once."""
    asked = [name for op in stage.tile_ops for name in op.scenes]
    return len(set(asked)) < len(asked)


def _load(work: StageWork, task: TileTask, store: TileStore, result: str, op: TileOp) -> Arrays:
    """Return a stored result of the tile, grown by the operation's halo."""
    if not op.halo_px:
        return read_result(store, task.upstream[result, task.tile], result)
    core = covered_window(work.aoi, work.grid, task.tile)
    padded = core.pad(op.halo_px)
    out: Arrays = {}
    for tile in work.grid.tiles(padded):
        key = task.upstream.get((result, tile))
        if key is None:
            continue
        window = covered_window(work.aoi, work.grid, tile)
        part = window.intersect(padded)
        if part is None:
            continue
        for name, array in read_result(store, key, result).items():
            if array.shape[-2:] != window.shape:
                continue  # a table beside the rasters has no halo
            target = out.setdefault(name, np.zeros((*array.shape[:-2], *padded.shape), array.dtype))
            target[(..., *part.slices_in(padded))] = array[(..., *part.slices_in(window))]
    return out


def read_result(
    store: TileStore, key: str, result: str, names: Collection[str] | None = None
) -> Arrays:
    """Return the arrays of one result from a stored stage, all or those that are named."""
    prefix = f"{result}/"
    return {name.removeprefix(prefix): a for name, a in store.read(key, prefix, names).items()}


def crop(array: np.ndarray, core: Window, halo_px: int) -> np.ndarray:
    """Return the part of a padded array that covers the tile."""
    return array[(..., *core.slices_in(core.pad(halo_px)))]
