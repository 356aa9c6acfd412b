"""Run a plan: stage by stage over tiles, resumable, then one release."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from habitat.domain.errors import (
    CredentialsError,
    HabitatError,
    PartialError,
    QuotaError,
    RemoteError,
    ResourceError,
)
from habitat.domain.grid import Tile
from habitat.io.aoi import covered_window
from habitat.io.tile_store import TileStore
from habitat.pipeline.attempts import run_tiles
from habitat.pipeline.digest import digest
from habitat.pipeline.executor import Executor
from habitat.pipeline.ops import GlobalInputs, GlobalOp, TileOp
from habitat.pipeline.plan import Plan
from habitat.pipeline.stages import Stage
from habitat.pipeline.tiles import Outcome, StageWork, TileTask, read_result
from habitat.pipeline.versions import code_digest, library_versions

log = logging.getLogger(__name__)


class Reporter(Protocol):
    """Who is told how a run goes on."""

    def stage(self, stage: Stage, stages: int, todo: int, reused: int) -> None:
        """Hear that a stage starts, with this many tiles to compute and to reuse."""
        ...

    def tile(self, outcome: Outcome) -> None:
        """Hear that a tile ended."""
        ...

    def note(self, text: str) -> None:
        """Hear something worth a line."""
        ...


@dataclass(slots=True)
class RunState:
    """What a run has made so far.

    Attributes
    ----------
    keys : dict of (result, Tile) to str
        Keys of stored tile results.
    globals : dict of str to Any
        Merged results.
    digests : dict of str to str
        Their content digests.
    failed : dict of Tile to Outcome
        Tiles that failed in this run and count as not observed.
    outcomes : list of (int, Outcome)
        Stage and outcome of every tile that was computed.
    used : set of str
        Keys of all stored results that this run wrote or read.
    computed, reused : int
        Tile-stages.
    """

    keys: dict[tuple[str, Tile], str] = field(default_factory=dict)
    globals: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    failed: dict[Tile, Outcome] = field(default_factory=dict)
    outcomes: list[tuple[int, Outcome]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    computed: int = 0
    reused: int = 0


def base_key(plan: Plan) -> str:
    """Return the digest of what every tile of a plan depends on."""
    config = plan.ctx.config
    return digest(
        code_digest(), library_versions(), config.grid, config.source, plan.ctx.aoi.sha256
    )


def run_key(plan: Plan) -> str:
    """Return the digest of all inputs of a plan; known before any work."""
    ctx = plan.ctx
    scenes = {
        name: [(item.item_id, item.checksum) for item in found.items]
        for name, found in ctx.scene_sets.items()
    }
    ops = [(op.result, op.function.__qualname__, op.config) for op in plan.ops]
    return digest(base_key(plan), ctx.config.name, scenes, ops, ctx.legend, ctx.seasons)


def run_stages(
    plan: Plan,
    state_dir: Path,
    executor: Executor,
    reporter: Reporter,
    state: RunState | None = None,
) -> RunState:
    """Compute every stage; what is stored under the same key is reused.

    ``state``, where given, is filled as the run goes on, so that it says how far a run came that
    failed.

    Raises
    ------
    HabitatError
        With ``on_failed_tile: keep_old``, after the other tiles of the stage have ended; else
        only if every tile failed, or one for another reason than its scenes. A
        :class:`PartialError`, unless all failed for one cause that has an exit code of its own.
    """
    store = TileStore(state_dir / "tiles")
    state = RunState() if state is None else state
    base = base_key(plan)
    for stage in plan.stages:
        if stage.tile_ops:
            _run_tiles(plan, stage, base, store, state, executor, reporter)
        for op in stage.global_ops:
            reporter.note(f"merge {op.result}")
            state.globals[op.result] = _merge(plan, op, store, state)
            state.digests[op.result] = digest(state.globals[op.result])
    return state


def _run_tiles(
    plan: Plan,
    stage: Stage,
    base: str,
    store: TileStore,
    state: RunState,
    executor: Executor,
    reporter: Reporter,
) -> None:
    tasks = [_task(plan, stage, tile, base, state) for tile in plan.tiles]
    state.used.update(task.key for task in tasks)
    todo = [task for task in tasks if not store.has(task.key)]
    reporter.stage(stage, len(plan.stages), len(todo), len(tasks) - len(todo))
    used = {name for op in stage.tile_ops for name in op.uses}
    work = StageWork(
        stage,
        plan.ctx.grid,
        plan.ctx.aoi,
        plan.ctx.source,
        {name: plan.ctx.scene_sets[name] for name in _scene_names(stage)},
        {name: state.globals[name] for name in used},
        store.root,
        plan.ctx.project,
        mark_failed=plan.ctx.config.on_failed_tile == "publish",
    )
    outcomes = run_tiles(executor, work, todo, reporter.tile) if todo else []
    state.computed += len(todo)
    state.reused += len(tasks) - len(todo)
    state.outcomes += [(stage.index, outcome) for outcome in outcomes]
    failed = {outcome.tile: outcome for outcome in outcomes if outcome.fault}
    state.failed.update(failed)
    marked = all(outcome.key for outcome in failed.values())
    if failed and (len(failed) == len(tasks) or not marked):
        raise _failure(failed, len(tasks))
    for task in tasks:
        key = failed[task.tile].key if task.tile in failed else task.key
        state.keys.update({(name, task.tile): key for name in stage.stored})


#: Faults that are not those of single tiles keep their own exit code, where all failed so.
_ONE_CAUSE: dict[int, type[HabitatError]] = {
    fault.exit_code: fault for fault in (RemoteError, QuotaError, CredentialsError, ResourceError)
}


def _failure(failed: Mapping[Tile, Outcome], tiles: int) -> HabitatError:
    """Return what to raise: the common cause, or that a part failed."""
    codes = {outcome.exit_code for outcome in failed.values()}
    text = _failure_text(failed, tiles)
    common = _ONE_CAUSE.get(codes.pop()) if len(codes) == 1 else None
    return common(text) if common else PartialError(text)


def _failure_text(failed: Mapping[Tile, Outcome], tiles: int) -> str:
    lines = [
        f"  tile {tile.name}: {outcome.fault} (attempts: {outcome.attempts})"
        for tile, outcome in sorted(failed.items())
    ]
    return "\n".join(
        [
            f"{len(failed)} of {tiles} tiles failed; the old release stays. "
            "The same command later computes only these:",
            *lines,
        ]
    )


def _scene_names(stage: Stage) -> list[str]:
    return sorted({name for op in stage.tile_ops for name in op.scenes})


def _task(plan: Plan, stage: Stage, tile: Tile, base: str, state: RunState) -> TileTask:
    halo = max((op.halo_px for op in stage.tile_ops), default=0)
    window = covered_window(plan.ctx.aoi, plan.ctx.grid, tile)
    around = list(plan.ctx.grid.tiles(window.pad(halo))) if halo else [tile]
    upstream = {
        (name, near): state.keys[name, near]
        for name in stage.loaded
        for near in around
        if (name, near) in state.keys
    }
    reach = plan.ctx.grid.bounds(
        window.pad(max((op.scene_halo_px for op in stage.tile_ops), default=0))
    )
    scenes = {
        name: [
            item.checksum for item in plan.ctx.scene_sets[name].items if _touch(item.bounds, reach)
        ]
        for name in _scene_names(stage)
    }
    used = sorted({name for op in stage.tile_ops for name in op.uses})
    key = digest(
        base,
        tile,
        [(op.result, op.function.__qualname__, op.config) for op in stage.tile_ops],
        stage.stored,
        scenes,
        [state.digests[name] for name in used],
        [(name, near, key) for (name, near), key in sorted(upstream.items())],
    )
    return TileTask(tile, key, upstream)


def _touch(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _merge(plan: Plan, op: GlobalOp, store: TileStore, state: RunState) -> Any:
    return op.function(
        GlobalInputs(
            op.config,
            plan.ctx.grid,
            tuple(covered_window(plan.ctx.aoi, plan.ctx.grid, tile) for tile in plan.tiles),
            {
                name: [read_result(store, state.keys[name, tile], name) for tile in plan.tiles]
                for name in op.partials
            },
            {name: state.globals[name] for name in op.uses},
            plan.ctx.source,
            plan.ctx.project,
            plan.ctx.aoi,
        )
    )


def stage_names(stage: Stage) -> str:
    """Return the results of a stage for a person."""
    return ", ".join(op.result for op in stage.tile_ops if isinstance(op, TileOp))
