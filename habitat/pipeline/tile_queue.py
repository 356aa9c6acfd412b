"""What all ways to run tiles share: their order, what ended next, which take too long."""

import queue
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from habitat.domain.grid import Tile
from habitat.pipeline.tiles import Outcome, StageWork, TileTask

#: So often is looked whether a tile takes too long [s].
_LOOK_EVERY_S = 0.5
Progress = Callable[[Outcome], None]


class Executor(Protocol):
    """Runs one stage on many tiles."""

    def run(self, work: StageWork, tasks: Sequence[TileTask], progress: Progress) -> list[Outcome]:
        """Return one outcome per task, in task order; call ``progress`` as each ends."""
        ...


def in_pairs_of_rows(tasks: Sequence[TileTask]) -> list[TileTask]:
    """Return tasks column by column through two rows of tiles at a time.

    Blocks of scenes hardly ever end where tiles do. So tiles that are neighbours in both directions
    run one after the other, while the blocks that they share are still in memory.
    """
    return sorted(tasks, key=lambda task: (task.tile.iy // 2, task.tile.ix, task.tile.iy))


def next_ended(ended: "queue.SimpleQueue[Any]") -> Any:
    """Return what ended next, None if nothing does within an instant."""
    with suppress(queue.Empty):
        return ended.get(timeout=_LOOK_EVERY_S)
    return None


class Watch:
    """Since when each tile runs.

    Parameters
    ----------
    tile_s : float
        More than this is too long [s].
    """

    def __init__(self, tile_s: float) -> None:
        self._tile_s = tile_s
        self._since: dict[Tile, tuple[float, TileTask]] = {}

    def begins(self, task: TileTask) -> None:
        """Note that a tile runs from now on."""
        self._since[task.tile] = (time.monotonic(), task)

    def ends(self, tile: Tile) -> None:
        """Forget a tile."""
        self._since.pop(tile, None)

    def late(self) -> list[TileTask]:
        """Return the tiles that have run too long."""
        limit = time.monotonic() - self._tile_s
        return [task for since, task in list(self._since.values()) if since < limit]
