"""From operations to stages: which tile operations run back to back, and where all tiles meet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from habitat.pipeline.ops import GlobalOp, Op, TileOp

#: Place of an operation: the wave between two meetings of all tiles, then the part of the wave in
#: which the scenes of one set are read.
_Level = tuple[int, int]


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
    tile (the neighbours must be finished) or uses a merged result. Operations that read different
    scenes never share a stage: memory is needed for the scenes of one only, whose blocks are then
    decoded once for all tiles around.

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
    level: dict[str, _Level] = {}
    scenes_of: dict[_Level, tuple[str, ...]] = {}
    for op in ops:
        level[op.result] = _earliest(op, level)
        if isinstance(op, TileOp) and op.scenes:
            while scenes_of.setdefault(level[op.result], op.scenes) != op.scenes:
                wave, part = level[op.result]
                level[op.result] = wave, part + 1
    readers = _readers(ops, level, set(published))
    stages = []
    for index, at in enumerate(sorted(set(level.values()))):
        mine = [op for op in ops if level[op.result] == at]
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


def _earliest(op: Op, level: Mapping[str, _Level]) -> _Level:
    """Return the first place at which all that an operation reads is there."""
    if isinstance(op, TileOp):
        waits = [_after(level[name]) if op.halo_px else level[name] for name in op.needs]
        waits += [_after(level[name]) for name in op.uses]
    else:
        waits = [level[name] for name in (*op.partials, *op.uses)]
    return max(waits, default=(0, 0))


def _after(level: _Level) -> _Level:
    return level[0] + 1, 0


def _readers(ops: Sequence[Op], level: Mapping[str, _Level], published: set[str]) -> set[str]:
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
