"""Under which key a result is stored: the digest of all that it is made from."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from habitat.domain.grid import Tile
from habitat.domain.scene import SceneItem
from habitat.io.vector.aoi import covered_window
from habitat.pipeline.digest import digest
from habitat.pipeline.ops import GlobalOp, TileOp
from habitat.pipeline.plan import Plan
from habitat.pipeline.stages import Stage
from habitat.pipeline.tiles import TileTask
from habitat.pipeline.versions import code_digest, library_versions


class Made(Protocol):
    """What is known of earlier stages: keys of stored results, digests of merged ones."""

    @property
    def keys(self) -> Mapping[tuple[str, Tile], str]:
        """Keys by result and tile."""
        ...

    @property
    def digests(self) -> Mapping[str, str]:
        """Content digests by merged result."""
        ...


def base_key(plan: Plan) -> str:
    """Return the digest of what every tile of a plan depends on."""
    config = plan.ctx.config
    return digest(
        code_digest(),
        library_versions(),
        config.grid,
        config.source,
        config.radar,
        plan.ctx.aoi.sha256,
    )


def run_key(plan: Plan) -> str:
    """Return the digest of all inputs of a plan; known before any work."""
    ctx = plan.ctx
    scenes = {
        name: [(item.item_id, item.checksum) for item in found.items]
        for name, found in ctx.scene_sets.items()
    }
    ops = [(op.result, op.function.__qualname__, op.config) for op in plan.ops]
    published = [(layer.stem, layer.result, layer.arrays, layer.tags) for layer in plan.layers]
    said = (ctx.config.name, ctx.aoi.name, sorted(set(ctx.models.values())))
    return digest(
        base_key(plan), said, scenes, ops, published, plan.tables, ctx.legend, ctx.seasons
    )


def scene_names(stage: Stage) -> list[str]:
    """Return the names of the scene sets that a stage reads."""
    return sorted({name for op in stage.tile_ops for name in op.scenes})


def used_names(stage: Stage) -> list[str]:
    """Return the names of the merged results that the tiles of a stage read."""
    return sorted({name for op in stage.tile_ops for name in op.uses})


def scenes_of(plan: Plan, stage: Stage, tile: Tile) -> dict[str, list[SceneItem]]:
    """Return the scenes that touch a tile and what a stage looks at around it, by set."""
    window = covered_window(plan.ctx.aoi, plan.ctx.grid, tile)
    halo = max((op.scene_halo_px for op in stage.tile_ops), default=0)
    reach = plan.ctx.grid.bounds(window.pad(halo))
    return {
        name: [item for item in plan.ctx.scene_sets[name].items if _touch(item.bounds, reach)]
        for name in scene_names(stage)
    }


def task_of(plan: Plan, stage: Stage, tile: Tile, base: str, made: Made) -> TileTask:
    """Return a tile of a stage with its key and the keys of what it reads."""
    halo = max((op.halo_px for op in stage.tile_ops), default=0)
    window = covered_window(plan.ctx.aoi, plan.ctx.grid, tile)
    around = list(plan.ctx.grid.tiles(window.pad(halo))) if halo else [tile]
    upstream = {
        (name, near): made.keys[name, near]
        for name in stage.loaded
        for near in around
        if (name, near) in made.keys
    }
    scenes = {
        name: [item.checksum for item in items]
        for name, items in scenes_of(plan, stage, tile).items()
    }
    key = digest(
        base,
        tile,
        [_operation(op) for op in stage.tile_ops],
        stage.stored,
        scenes,
        [made.digests[name] for name in used_names(stage)],
        [(name, near, key) for (name, near), key in sorted(upstream.items())],
    )
    return TileTask(tile, key, upstream)


def merge_key(plan: Plan, op: GlobalOp, base: str, made: Made) -> str:
    """Return the digest of what a merged result is made from.

    Tiles go by the content of merged results and not by this key: a merge of other tiles may come
    out the same.
    """
    partials = [made.keys[name, tile] for name in op.partials for tile in plan.tiles]
    return digest(base, _operation(op), partials, [made.digests[name] for name in op.uses])


def _operation(op: TileOp | GlobalOp) -> tuple[str, str, object]:
    return op.result, op.function.__qualname__, op.config


def _touch(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
