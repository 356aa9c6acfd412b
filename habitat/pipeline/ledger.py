"""What stored results were made from, in words: lets a dry run say why a tile is computed.

``state/ledger.json`` is no part of any key. If it is lost or damaged, a dry run knows fewer
reasons; what is computed stays the same.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from pydantic import BaseModel

from habitat.domain.scene import SceneItem
from habitat.io.durable import atomic_write_bytes
from habitat.pipeline.digest import digest
from habitat.pipeline.keys import (
    Made,
    merge_key,
    scene_names,
    scenes_of,
    task_of,
    used_names,
)
from habitat.pipeline.ops import GlobalOp, Op
from habitat.pipeline.plan import Plan
from habitat.pipeline.stages import Stage
from habitat.pipeline.versions import code_digest, library_versions

LEDGER = "ledger.json"
_MAX_BYTES = 500_000_000
#: Longer sequences are told by their digest.
_MAX_LISTED = 100
#: Hex digits of an upstream key: enough to see that it is another.
_SHORT = 16

Record = dict[str, Any]


class Ledger:
    """The ingredients of the last run, by stage, and the digests of merged results.

    Attributes
    ----------
    stages : dict of str to dict
        By the names of the results of a stage; :func:`stage_record` says what is in one.
    merges : dict of str to dict
        By merged result: ``key`` of its inputs, ``digest`` of its content, ``operation``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        document = _read(path)
        self.stages: dict[str, Record] = document.get("stages", {})
        self.merges: dict[str, Record] = document.get("merges", {})

    def note_stage(self, plan: Plan, stage: Stage, base: str, made: Made) -> None:
        """Note what the tiles of a stage are made from, before they are."""
        mine = {op.result for op in stage.tile_ops}
        self.stages = {
            name: of for name, of in self.stages.items() if not mine & set(of["operations"])
        }
        self.stages[", ".join(sorted(mine))] = stage_record(plan, stage, base, made)
        self.write()

    def note_merge(self, plan: Plan, op: GlobalOp, base: str, made: Made) -> None:
        """Note what a merged result was made from, and what came out."""
        self.merges[op.result] = {
            "key": merge_key(plan, op, base, made),
            "digest": made.digests[op.result],
            "operation": operation(op),
        }

    def write(self) -> None:
        """Replace the file."""
        document = {"stages": self.stages, "merges": self.merges}
        atomic_write_bytes(self._path, (json.dumps(document, sort_keys=True) + "\n").encode())

    def stage_of(self, stage: Stage) -> Record | None:
        """Return the record of the stage that last made a result of this one."""
        mine = {op.result for op in stage.tile_ops}
        return next((of for of in self.stages.values() if mine & set(of["operations"])), None)


def _read(path: Path) -> Record:
    """Return the document, empty where it is missing or not one of ours."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return {}
        document = json.loads(path.read_bytes())
        sound = all(
            {"base", "operations", "stored", "uses", "scenes", "tiles"} <= set(of)
            for of in document["stages"].values()
        ) and all({"key", "digest", "operation"} <= set(of) for of in document["merges"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return document if sound else {}


def stage_record(plan: Plan, stage: Stage, base: str, made: Made) -> Record:
    """Return what the tiles of a stage are made from.

    Returns
    -------
    dict
        ``base`` (code, libraries, grid, source, AOI), ``operations`` and ``uses`` by result,
        ``stored``, ``scenes`` (checksum, baseline and view by set and item id), and ``tiles``:
        key, ids of the scenes and keys of the upstream results, by name of the tile.
    """
    tiles = {}
    for tile in plan.tiles:
        task = task_of(plan, stage, tile, base, made)
        tiles[tile.name] = {
            "key": task.key,
            "scenes": {
                name: [item.item_id for item in items]
                for name, items in scenes_of(plan, stage, tile).items()
            },
            "upstream": {
                f"{name} {near.name}": key[:_SHORT] for (name, near), key in task.upstream.items()
            },
        }
    return {
        "base": _base(plan),
        "operations": {op.result: operation(op) for op in stage.tile_ops},
        "stored": sorted(stage.stored),
        "uses": {name: made.digests[name] for name in used_names(stage)},
        "scenes": {
            name: {item.item_id: _scene(item) for item in plan.ctx.scene_sets[name].items}
            for name in scene_names(stage)
        },
        "tiles": tiles,
    }


def _base(plan: Plan) -> Record:
    config = plan.ctx.config
    return {
        "code": code_digest(),
        "library": library_versions(),
        "grid": plain(config.grid),
        "source": plain(config.source),
        "aoi": plan.ctx.aoi.sha256,
    }


def _scene(item: SceneItem) -> Record:
    return {
        "checksum": item.checksum,
        "baseline": item.baseline,
        "view": " ".join(item.view).strip(),
    }


def operation(op: Op) -> Record:
    """Return the function and the parameters of an operation."""
    return {"function": op.function.__qualname__, "parameters": plain(op.config)}


def plain(value: Any) -> Any:
    """Return parameters as JSON values; arrays and long lists by their digest."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value, key=repr)}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value] if len(value) <= _MAX_LISTED else _short(value)
    if is_dataclass(value) and not isinstance(value, type) and not hasattr(value, "digest_parts"):
        return {entry.name: plain(getattr(value, entry.name)) for entry in fields(value)}
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, date):
        return value.isoformat()
    return value.as_posix() if isinstance(value, PurePath) else _short(value)


def _short(value: Any) -> str:
    return f"digest {digest(value)[:_SHORT]}"
