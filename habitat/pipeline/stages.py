"""From operations to stages: which tile operations run back to back, and where all tiles meet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from habitat.pipeline.ops import GlobalOp, Op, TileOp


@dataclass(frozen=True, slots=True)
class Stage:
    """Tile operations that run back to back, then the merges that wait for all tiles.

    Attributes
    ----------
    index : int
        Position, from 0.
    tile_ops : tuple of TileOp
        In pipeline order.
    global_ops : tuple of GlobalOp
        Merges of partials that this stage completes, in pipeline order.
    stored : tuple of str
        Results of this stage that a later stage, a merge or the release reads.
    loaded : tuple of str
        Results of earlier stages that this stage reads.
    """

    index: int
    tile_ops: tuple[TileOp, ...]
    global_ops: tuple[GlobalOp, ...]
    stored: tuple[str, ...]
    loaded: tuple[str, ...]


def plan_stages(ops: Sequence[Op], published: Iterable[str]) -> list[Stage]:
    """Give every operation the earliest stage in which all it reads is there.

    A tile operation runs in the stage of what it needs; one stage later where it looks past the
    tile (the neighbours must be finished) or uses a merged result.

    Parameters
    ----------
    ops : sequence of Op
        In pipeline order; an operation only names results of operations before it.
    published : iterable of str
        Tile results that the release reads.

    Returns
    -------
    list of Stage
    """
    level: dict[str, int] = {}
    for op in ops:
        if isinstance(op, TileOp):
            waits = [level[name] + (1 if op.halo_px else 0) for name in op.needs]
            waits += [level[name] + 1 for name in op.uses]
        else:
            waits = [level[name] for name in (*op.partials, *op.uses)]
        level[op.result] = max(waits, default=0)
    readers = _readers(ops, level, set(published))
    stages = []
    for index in range(max(level.values(), default=-1) + 1):
        mine = [op for op in ops if level[op.result] == index]
        tile_ops = tuple(op for op in mine if isinstance(op, TileOp))
        made = {op.result for op in tile_ops}
        needed = {name for op in tile_ops for name in op.needs}
        stages.append(
            Stage(
                index,
                tile_ops,
                tuple(op for op in mine if isinstance(op, GlobalOp)),
                tuple(op.result for op in tile_ops if op.result in readers),
                tuple(sorted(needed - made)),
            )
        )
    return stages


def _readers(ops: Sequence[Op], level: dict[str, int], published: set[str]) -> set[str]:
    """Names of tile results that are read outside the stage that makes them."""
    read = set(published)
    for op in ops:
        if isinstance(op, GlobalOp):
            read.update(op.partials)
        else:
            read.update(name for name in op.needs if level[name] < level[op.result])
    return read


def needed_for(ops: Sequence[Op], goals: Iterable[str]) -> list[Op]:
    """Return the operations, in order, without which the goals cannot be made."""
    wanted = set(goals)
    kept: list[Op] = []
    for op in reversed(ops):
        if op.result in wanted:
            kept.append(op)
            wanted.update(op.uses)
            wanted.update(op.needs if isinstance(op, TileOp) else op.partials)
    return kept[::-1]
