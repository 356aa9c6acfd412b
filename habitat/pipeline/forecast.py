"""What a run would compute and why: the keys of a plan, against what is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from habitat.domain.grid import Tile
from habitat.domain.model import ModelSet
from habitat.io.release.tile_store import TileStore
from habitat.pipeline.keys import base_key, merge_key, task_of
from habitat.pipeline.ledger import LEDGER, Ledger, Record, operation, stage_record
from habitat.pipeline.ops import GlobalOp
from habitat.pipeline.plan import Plan
from habitat.pipeline.stages import Stage

#: Tiles and changed parameters that a line names.
_MAX_NAMED = 6


@dataclass(frozen=True, slots=True)
class Computation:
    """One tile of one stage that would be computed.

    Attributes
    ----------
    results : str
        What the stage makes.
    tile : str
        Name of the tile.
    reasons : tuple of str
        Why what is stored does not serve; at least one.
    """

    results: str
    tile: str
    reasons: tuple[str, ...]


@dataclass(slots=True)
class _Foreseen:
    """What is known without computing.

    ``anew`` holds the merged results whose content is not known before they are made, with the
    reason. Their digest is one that nothing stored has, so that what reads them is computed.
    """

    keys: dict[tuple[str, Tile], str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    anew: dict[str, tuple[str, ...]] = field(default_factory=dict)


def forecast(plan: Plan, state_dir: Path) -> list[Computation]:
    """Return what a run of the plan would compute; reads only.

    A merged result that must be made anew may come out as it was; then the run computes less.
    """
    store, ledger, base = TileStore(state_dir / "tiles"), Ledger(state_dir / LEDGER), base_key(plan)
    made, out = _Foreseen(), []
    for stage in plan.stages:
        if stage.tile_ops:
            now = stage_record(plan, stage, base, made)
            for tile in plan.tiles:
                key = task_of(plan, stage, tile, base, made).key
                if not store.sound(key):
                    why = _reasons(ledger.stage_of(stage), now, tile.name, made.anew)
                    out.append(Computation(", ".join(now["operations"]), tile.name, why))
            _foresee_tiles(plan, stage, base, made)
        for op in stage.global_ops:
            _foresee_merge(plan, op, base, ledger, made)
    return out


def _foresee_tiles(plan: Plan, stage: Stage, base: str, made: _Foreseen) -> None:
    tasks = [task_of(plan, stage, tile, base, made) for tile in plan.tiles]
    for task in tasks:
        made.keys.update({(name, task.tile): task.key for name in stage.stored})


def _foresee_merge(plan: Plan, op: GlobalOp, base: str, ledger: Ledger, made: _Foreseen) -> None:
    key, known = merge_key(plan, op, base, made), ledger.merges.get(op.result)
    if known is not None and known["key"] == key:
        made.digests[op.result] = known["digest"]
        return
    made.digests[op.result] = f"not known yet, of {key}"
    if known is None:
        made.anew[op.result] = ()
    elif known["operation"] == operation(op):
        made.anew[op.result] = (f"upstream changed: {op.result}",)
    elif isinstance(op.config, ModelSet):
        made.anew[op.result] = (f"changed model {op.result}",)
    else:
        made.anew[op.result] = tuple(_changed_operation(op.result, known["operation"], op))


def _changed_operation(result: str, before: Record, op: GlobalOp) -> list[str]:
    return _parameters(result, before["parameters"], operation(op)["parameters"])


def _reasons(
    before: Record | None, now: Record, tile: str, anew: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return why a tile of a stage is computed."""
    old = None if before is None else before["tiles"].get(tile)
    if before is None or old is None:
        return ("never computed",)
    if old["key"] == now["tiles"][tile]["key"]:
        return ("missing result",)
    found = [
        *_base_reasons(before["base"], now["base"]),
        *_operation_reasons(before, now),
        *_scene_reasons(before, now, tile),
        *_upstream_reasons(before, now, tile, anew),
    ]
    return tuple(dict.fromkeys(found)) or ("other inputs",)


def _base_reasons(before: Record, now: Record) -> Iterator[str]:
    if before["code"] != now["code"]:
        yield "changed code of habitat"
    for name, version in now["library"].items():
        if before["library"].get(name) != version:
            yield f"changed version of {name}: {before['library'].get(name)} -> {version}"
    for part in ("grid", "source"):
        yield from _parameters(part, before[part], now[part])
    if before["aoi"] != now["aoi"]:
        yield "changed area of interest"


def _operation_reasons(before: Record, now: Record) -> Iterator[str]:
    for result, op in now["operations"].items():
        old = before["operations"].get(result)
        if old is None:
            yield f"new result {result}"
        elif old != op:
            yield from _parameters(result, old["parameters"], op["parameters"])
    if set(before["operations"]) - set(now["operations"]) or before["stored"] != now["stored"]:
        yield "other results are kept of it"


def _parameters(name: str, before: Any, now: Any) -> list[str]:
    """Return the places in which parameters differ, as ``changed parameter name.a.b``."""
    places = list(dict.fromkeys(_differences(name, before, now)))
    lines = [f"changed parameter {place}" for place in places[:_MAX_NAMED]]
    more = len(places) - len(lines)
    return [*lines, *([f"{more} more changed parameters of {name}"] if more else [])]


def _differences(path: str, before: Any, now: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            yield from _differences(f"{path}.{key}", before.get(key), now.get(key))
    elif before != now:
        yield path


def _scene_reasons(before: Record, now: Record, tile: str) -> Iterator[str]:
    """Yield the scenes of a tile that came, went or are others under the same name."""
    old_sets, new_sets = before["tiles"][tile]["scenes"], now["tiles"][tile]["scenes"]
    for name, ids in new_sets.items():
        old_ids = old_sets.get(name, [])
        old_of, new_of = before["scenes"].get(name, {}), now["scenes"][name]
        gone = {old_of[i]["view"]: i for i in old_ids if i not in ids}
        for scene in ids:
            if scene not in old_ids:
                previous = gone.pop(new_of[scene]["view"], None)
                yield (
                    f"re-processed scene {previous} -> {scene}"
                    if previous
                    else (f"new scene {scene}")
                )
            elif old_of[scene]["checksum"] != new_of[scene]["checksum"]:
                yield f"re-processed scene {scene}" + _baselines(old_of[scene], new_of[scene])
        yield from (f"withdrawn scene {scene}" for scene in gone)


def _baselines(before: Record, now: Record) -> str:
    same = before["baseline"] == now["baseline"]
    return "" if same else f" (baseline {before['baseline']} -> {now['baseline']})"


def _upstream_reasons(
    before: Record, now: Record, tile: str, anew: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    old, new = before["tiles"][tile]["upstream"], now["tiles"][tile]["upstream"]
    changed = {place.split()[0] for place in {*old, *new} if old.get(place) != new.get(place)}
    yield from (f"upstream changed: {name}" for name in sorted(changed))
    for name, content in now["uses"].items():
        if before["uses"].get(name) != content:
            yield from anew.get(name) or (f"upstream changed: {name}",)


def totals(computations: Sequence[Computation]) -> list[str]:
    """Return how many tile-stages each reason has, the most frequent first."""
    counts: dict[str, int] = {}
    for one in computations:
        for reason in one.reasons:
            counts[reason] = counts.get(reason, 0) + 1
    ranked = sorted(counts.items(), key=lambda of: (-of[1], of[0]))
    return [f"{reason}: {count} tile-stages" for reason, count in ranked]


def by_stage(computations: Sequence[Computation]) -> list[str]:
    """Return lines for a person: the results, the tiles that share their reasons, the reasons."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in computations:
        groups.setdefault((one.results, one.reasons), []).append(one.tile)
    lines = []
    for (results, reasons), tiles in groups.items():
        more = len(tiles) - _MAX_NAMED
        named = " ".join(tiles[:_MAX_NAMED]) + (f" and {more} more (--json)" if more > 0 else "")
        lines += [f"  {results}", f"    {named}", *(f"      {reason}" for reason in reasons)]
    return lines
