"""Do the faults notice it when a guard is missing, and a writer that has none?

Each guard is removed in turn, and the faults that it is there for are made until one is noticed.
"""

import errno
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice

from . import damage, disk, kills, large, locks, mutants, naive, project
from .runs import Run
from .trials import CORRUPT, GOOD, SILENT, Bench, Cases, Group, Make, Trial

NAIVE = "naive writer"
#: Faults that are made at most to notice that a guard is missing.
TRIES = 60
_WRITES = {"write", "writev", "pwrite", "ftruncate", "fwrite", "fflush"}


def _lines(bench: Bench, part: str, calls: set[str] | None = None) -> list[int]:
    """Return the numbers of the calls of publishing, or of its writes alone, on some paths."""
    lines = kills.calls_of_publishing(bench)
    counted = [line for line in lines if calls is None or line.split()[1] in calls]
    return [number for number, line in enumerate(counted, 1) if re.search(part, line)]


def _writes(kind: str, part: str) -> Cases:
    return lambda bench: (f"{kind} d {number}" for number in _lines(bench, part, _WRITES))


def _calls(part: str) -> Cases:
    return lambda bench: map(str, _lines(bench, part))


def _named(name: str, how: str = "flip") -> Cases:
    return lambda _: (f"{name} {how} {number}" for number in range(TRIES))


@dataclass(frozen=True, slots=True)
class _Watch:
    """The faults that a guard is there for."""

    make: Make
    cases: Cases


def _disk(group: str) -> Make:
    return lambda bench, case: disk.trial(bench, group, case)


_FULL = str(errno.ENOSPC)
WATCHES: dict[str, _Watch] = {
    "rasters are not read back": _Watch(_disk(disk.LYING), _writes("lie", "forest_change")),
    "small files and tiles are not read back": _Watch(_disk(disk.LYING), _writes("lie", "/items/")),
    "the GeoPackage is not compared with its twin": _Watch(
        _disk(disk.FULL), _writes(_FULL, r"\d-cells.gpkg-journal")
    ),
    "current is replaced in two steps instead of one rename": _Watch(
        kills.at_call, _calls(r"tiny(/(\.tmp-\d+-)?current)?$")
    ),
    "the release is shown before its files are written and sealed": _Watch(
        kills.at_call, _calls("cells.gpkg")
    ),
    "the lock is not taken": _Watch(locks.race, lambda _: map(str, range(0, TRIES, 2))),
    "the digest of a stored tile is not checked": _Watch(damage.in_state, _named("tile")),
    "verify compares sizes and not hashes": _Watch(damage.in_release, _named("cells.gpkg")),
    "the checksum of a scene is not in the key": _Watch(
        damage.changed_scene, lambda _: map(str, range(TRIES))
    ),
    "a file is not compared with the checksum that its item declares": _Watch(
        damage.in_scene, _named("bands.tif")
    ),
    "blocks of overviews that lie on each other are not looked for": _Watch(
        large.trial, lambda bench: large.cases(bench, "mosaic")[::-1]
    ),
    "what a large raster says of itself is not compared": _Watch(large.trial, large.cases),
    "failed writes of a small file pass": _Watch(_disk(disk.FULL), _writes(_FULL, "/items/")),
}


def noticed(bench: Bench, name: str) -> Trial | None:
    """Remove a guard and make faults until one is noticed; None if none is."""
    watch = WATCHES[name]
    cases = list(watch.cases(bench))
    for case in islice(cases[:: max(1, len(cases) // TRIES)], TRIES):
        trial = watch.make(replace(bench, mutant=name), case)
        if trial.fired and trial.verdict != GOOD:
            return trial
    return None


def holds(bench: Bench, name: str, trial: Trial) -> bool:
    """Say whether the same fault does no harm with the guard in place."""
    return WATCHES[name].make(bench, trial.case).verdict == GOOD


def naive_trial(bench: Bench, case: str) -> Trial:
    """Put a fault into the naive writer, and run it again after it."""
    kind, at = case.split()
    folder, log = bench.work / "naive", bench.fired()
    project.remove(folder)
    folder.mkdir()
    fault = {"root": str(folder), "at": int(at), "kind": kind, "calls": "d", "log": str(log)}
    run = Run(("naive", str(folder)), output=str(bench.work / "output"))
    first = bench.server.run(replace(run, **fault))
    told = naive.state(folder)
    again = bench.server.run(run)
    after = naive.state(folder)
    detail = f"exit {first.code}, {told}; run again exit {again.code}, {after}"
    verdict = {"whole": GOOD, "wrong pixels": SILENT}.get(after, CORRUPT)
    return Trial(NAIVE, case, log.exists(), verdict, detail)


def _naive_cases(bench: Bench) -> Iterable[str]:
    folder, log = bench.work / "naive", bench.fired()
    project.remove(folder)
    folder.mkdir()
    bench.server.run(Run(("naive", str(folder)), root=str(folder), calls="d", log=str(log)))
    writes = len(log.read_text().splitlines())
    return [f"{kind} {at}" for at in range(1, writes + 1) for kind in ("kill", _FULL, f"{_FULL}+")]


NAIVE_GROUP = Group(NAIVE, _naive_cases, naive_trial)
Say = Callable[[str], None]


def guards_caught(
    bench: Bench, say: Say, names: Iterable[str] = tuple(mutants.MUTANTS)
) -> tuple[int, int]:
    """Remove each guard in turn; return how many were noticed, of how many."""
    caught, of = 0, 0
    for name in names:
        of += 1
        trial = noticed(bench, name)
        good = trial is not None and holds(bench, name, trial)
        caught += good
        say(f"{name}: {f'{trial.group} {trial.case}: {trial.detail}' if trial else 'not noticed'}")
    return caught, of
