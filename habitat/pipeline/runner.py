"""Run a plan: stage by stage over tiles, resumable, then one release."""

import logging
from collections.abc import Mapping
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
from habitat.io.release.tile_store import TileStore
from habitat.io.vector.aoi import covered_window
from habitat.pipeline.attempts import run_tiles
from habitat.pipeline.digest import digest
from habitat.pipeline.keys import base_key, scene_names, task_of
from habitat.pipeline.ledger import LEDGER, Ledger
from habitat.pipeline.ops import GlobalInputs, GlobalOp, TileOp
from habitat.pipeline.plan import Plan
from habitat.pipeline.stages import Stage
from habitat.pipeline.tile_queue import Executor
from habitat.pipeline.tiles import Outcome, StageWork, read_result

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
    ledger = Ledger(state_dir / LEDGER)
    for stage in plan.stages:
        if stage.tile_ops:
            ledger.note_stage(plan, stage, base, state)
            _run_tiles(plan, stage, base, store, state, executor, reporter)
        for op in stage.global_ops:
            reporter.note(f"merge {op.result}")
            state.globals[op.result] = _merge(plan, op, store, state)
            state.digests[op.result] = digest(state.globals[op.result])
            ledger.note_merge(plan, op, base, state)
    ledger.write()
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
    tasks = [task_of(plan, stage, tile, base, state) for tile in plan.tiles]
    state.used.update(task.key for task in tasks)
    todo = [task for task in tasks if not store.has(task.key)]
    reporter.stage(stage, len(plan.stages), len(todo), len(tasks) - len(todo))
    used = {name for op in stage.tile_ops for name in op.uses}
    work = StageWork(
        stage,
        plan.ctx.grid,
        plan.ctx.aoi,
        plan.ctx.source,
        {name: plan.ctx.scene_sets[name] for name in scene_names(stage)},
        {name: state.globals[name] for name in used},
        store.root,
        plan.ctx.project,
        mark_failed=plan.ctx.config.on_failed_tile == "publish",
        radar=plan.ctx.radar,
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
