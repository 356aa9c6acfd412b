"""Try a stage's tiles, then once more those that failed, within a budget."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from habitat.domain.grid import Tile
from habitat.pipeline.tile_queue import Executor
from habitat.pipeline.tiles import Outcome, StageWork, TileTask

log = logging.getLogger(__name__)

#: Attempts per tile.
ATTEMPTS = 3
#: Further attempts per stage: this many, or a tenth of its tiles. Where more fail, the fault is
#: not one of single tiles, and trying again only loses time.
MIN_BUDGET = 10


def run_tiles(
    executor: Executor,
    work: StageWork,
    tasks: Sequence[TileTask],
    progress: Callable[[Outcome], None],
) -> list[Outcome]:
    """Return one outcome per task, in task order; a failed tile never stops the others.

    A fault that another attempt may mend is tried again after the other tiles have ended. With
    ``work.mark_failed``, tiles that fail for good are stored as not observed: their outcomes keep
    the fault and have the key of what was stored.
    """
    real = replace(work, mark_failed=False)
    outcomes: dict[Tile, Outcome] = {}
    budget = max(MIN_BUDGET, len(tasks) // 10)
    todo = list(tasks)
    for attempt in range(1, ATTEMPTS + 1):
        for outcome in executor.run(real, todo, progress):
            outcomes[outcome.tile] = replace(outcome, attempts=attempt)
        todo = [task for task in todo if outcomes[task.tile].again][:budget]
        budget -= len(todo)
        if not todo or attempt == ATTEMPTS:
            break
        log.warning(
            "%d tiles failed and are tried again: %s", len(todo), outcomes[todo[0].tile].fault
        )
    if work.mark_failed:
        _mark(executor, work, tasks, outcomes)
    return [outcomes[task.tile] for task in tasks]


def _mark(
    executor: Executor,
    work: StageWork,
    tasks: Sequence[TileTask],
    outcomes: dict[Tile, Outcome],
) -> None:
    """Store the failed tiles as not observed, where their fault was one of the scenes."""
    failed = [task for task in tasks if outcomes[task.tile].fault]
    for marked in executor.run(work, failed, lambda _: None) if failed else ():
        outcomes[marked.tile] = replace(outcomes[marked.tile], key=marked.key)
