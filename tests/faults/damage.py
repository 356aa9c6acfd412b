"""Files cut short and bits flipped: what was published, what is stored, what is read."""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tiny

from . import project
from .runs import Run
from .trials import DONE, GOOD, LOST, SILENT, UNSOUND, WRONG_CODE, Bench, Group, Trial, chance

RELEASE, STATE = "damaged release", "damaged tile, journal or CURRENT"
SCENE, OTHER_INPUT = "damaged scene", "damaged item, model or area"
CHANGED = "replaced scene"
_TIMES = 400
#: Documented exit codes of a refused input: configuration, input, failed tiles, nothing seen.
REFUSED = {3, 4, 5, 11}


def spoil(path: Path, how: str, rng: random.Random) -> str:
    """Cut a file short or flip one of its bits; return what was done."""
    content = bytearray(path.read_bytes())
    at = rng.randrange(len(content))
    if how == "cut":
        del content[at:]
        done = f"cut to {at} bytes"
    else:
        bit = rng.randrange(8)
        content[at] ^= 1 << bit
        done = f"bit {bit} of byte {at} flipped"
    mode = path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(mode)
    return f"{path.name} {done}"


def _cases(names: Sequence[str]) -> Iterator[str]:
    return (f"{name} {how} {n}" for n in range(_TIMES) for name in names for how in ("flip", "cut"))


def in_release(bench: Bench, case: str) -> Trial:
    """Damage a published file: ``verify`` says so, and the same run publishes it anew."""
    name, how, _ = case.split()
    folder = bench.spoilt("done")
    release = project.read_current(folder)
    assert release is not None
    done = spoil(release / name, how, chance(RELEASE, case))
    verify = Run(("verify", str(release)), mutant=bench.mutant, output=str(bench.work / "output"))
    code = bench.server.run(verify).code
    again = bench.run(folder)
    seen = bench.base.seen(folder)
    detail = f"{done}; verify exit {code}; run again exit {again.code}, {seen}"
    if code != UNSOUND:
        return Trial(RELEASE, case, True, SILENT if code == DONE else WRONG_CODE, detail)
    whole = again.code == DONE and seen == "new"
    return Trial(RELEASE, case, True, GOOD if whole else LOST, detail)


def _release_cases(bench: Bench) -> Iterator[str]:
    return _cases([*bench.base.new])


def in_state(bench: Bench, case: str) -> Trial:
    """Damage what a run would reuse: it is found and made anew."""
    kind, how, _ = case.split()
    folder = bench.spoilt("computed" if kind == "tile" else "done")
    rng = chance(STATE, case)
    patterns = {
        "tile": "state/tiles/*/*.tile",
        "journal": "state/runs/*.json",
        "CURRENT": "CURRENT",
    }
    paths = sorted(project.outputs(folder).glob(patterns[kind]))
    done = spoil(rng.choice(paths), how, rng)
    ended = bench.run(folder)
    seen = bench.base.seen(folder)
    detail = f"{done}; exit {ended.code}, {seen}"
    if ended.code != DONE:
        return Trial(STATE, case, True, WRONG_CODE, detail)
    return Trial(STATE, case, True, GOOD if seen == "new" else SILENT, detail)


def in_scene(bench: Bench, case: str) -> Trial:
    """Damage a scene file whose item has its checksum: the scene is refused, by name.

    The old release was made without this scene, so it is what must come out, to the byte.
    """
    name, how, _ = case.split()
    folder = bench.spoilt("fresh")
    project.remove(folder / "outputs")
    declare_checksums(folder)
    done = spoil(folder / "scenes" / f"scene_{project.NEW_DAY}" / name, how, chance(SCENE, case))
    return refused_scene(bench, folder, SCENE, case, done)


def refused_scene(bench: Bench, folder: Path, group: str, case: str, done: str) -> Trial:
    """Run a project whose newest scene is not as it should be: as if it were not there."""
    ended = bench.run(folder)
    if ended.code in REFUSED and project.read_current(folder) is None:
        return Trial(group, case, True, GOOD, f"{done}; exit {ended.code}, nothing published")
    if ended.code != DONE:
        return Trial(group, case, True, WRONG_CODE, f"{done}; exit {ended.code}")
    seen, refused = bench.base.seen(folder), project.record(folder)["scenes"]["s_after"]["refused"]
    detail = f"{done}; exit 0, {seen}; refused: {[r['reason'][:60] for r in refused]}"
    good = seen == "old" and refused
    return Trial(group, case, True, GOOD if good else SILENT, detail)


def changed_scene(bench: Bench, case: str) -> Trial:
    """Put clouds into the scenes of a year under the same names: the release follows."""
    folder = bench.spoilt("done")
    bench.run(folder)  # nothing to do, but for keys that a removed guard makes
    scl = np.full((tiny.SIDE, tiny.SIDE), tiny.VEGETATION, np.uint8)
    scl[80 + int(case) % 40 :] = tiny.CLOUD
    for day in tiny.DAYS[2:]:
        tiny.write_scene(folder, day, scl=scl)
    ended = bench.run(folder)
    release = project.read_current(folder)
    assert release is not None
    found = project.hashes(release)
    project.remove(folder / "outputs")
    truth = bench.server.run(Run(project.command(folder), output=str(bench.work / "output")))
    release = project.read_current(folder)
    assert truth.code == DONE
    assert release is not None
    good = found == project.hashes(release) != bench.base.new
    return Trial(CHANGED, case, True, GOOD if good else SILENT, f"exit {ended.code}")


def declare_checksums(folder: Path) -> None:
    """Write the checksum of every scene file into its item, as ``habitat index`` does."""
    for path in (folder / "scenes").glob("*/item.json"):
        item = json.loads(path.read_text())
        for asset in item["assets"].values():
            digest = hashlib.sha256((path.parent / asset["href"]).read_bytes()).hexdigest()
            asset["file:checksum"] = f"1220{digest}"
        path.write_text(json.dumps(item))


def in_other(bench: Bench, case: str) -> Trial:
    """Damage an input that has no checksum of its own, or a model, which has.

    What still is a valid item or area is another input: it may give another release, if the
    record says so, but never the pixels of one input under the name of another.
    """
    name, how, _ = case.split()
    folder = bench.spoilt("fresh")
    project.remove(folder / "outputs")
    paths = {
        "item": folder / "scenes" / f"scene_{project.NEW_DAY}" / "item.json",
        "model": folder / "models" / "tiny.json",
        "area": folder / "aoi" / "tiny.geojson",
    }
    done = spoil(paths[name], how, chance(OTHER_INPUT, case))
    ended = bench.run(folder)
    if ended.code in REFUSED and project.read_current(folder) is None:
        return Trial(OTHER_INPUT, case, True, GOOD, f"{done}; exit {ended.code}")
    if ended.code != DONE:
        return Trial(OTHER_INPUT, case, True, WRONG_CODE, f"{done}; exit {ended.code}")
    seen, scenes = bench.base.seen(folder), project.record(folder)["scenes"]["s_after"]
    days = [f"scene_{day}" for day in tiny.DAYS[2:]]
    on_record = scenes["used"] != days or scenes["refused"] or name == "area"
    detail = f"{done}; exit 0, {seen}; used {len(scenes['used'])}, refused {len(scenes['refused'])}"
    good = seen == "new" or on_record
    return Trial(OTHER_INPUT, case, True, GOOD if good else SILENT, detail)


GROUPS = (
    Group(RELEASE, _release_cases, in_release),
    Group(STATE, lambda _: _cases(["tile", "journal", "CURRENT"]), in_state),
    Group(SCENE, lambda _: _cases(["bands.tif", "scl.tif"]), in_scene),
    Group(CHANGED, lambda _: map(str, range(_TIMES)), changed_scene),
    Group(OTHER_INPUT, lambda _: _cases(["item", "model", "area"]), in_other),
)
