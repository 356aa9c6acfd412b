"""A disk that is full or failing, at every write, sync, close and change of names."""

import errno
from collections.abc import Iterator

from . import project
from .trials import CORRUPT, DONE, GOOD, RESOURCE, WRONG_CODE, Bench, Group, Trial, settled

FULL, FAILING, LYING = "full disk", "failing disk", "lost write"
TILES = "full or failing disk under the tile store"
#: Data, syncs and closes, and names of the interposer.
ALL_CALLS = "dsn"


def trial(bench: Bench, group: str, case: str) -> Trial:
    """Fail one call, or all from one on: ``errno[+] calls number``."""
    kind, calls, at = case.split()
    tiles = group == TILES
    folder, log = bench.spoilt("fresh" if tiles else "computed"), bench.fired()
    root = project.outputs(folder) / ("state/tiles" if tiles else "")
    ended = bench.run(folder, root=str(root), at=int(at), kind=kind, calls=calls, log=str(log))
    fired = log.exists()
    what = log.read_text().strip().replace(str(folder), "") if fired else "none"
    note = f"exit {ended.code} after {what}"
    seen = bench.base.seen(folder)
    verdict, detail = settled(bench, folder, seen, note)
    if verdict == GOOD and fired:
        verdict, detail = _code_verdict(ended.code, seen, detail)
    return Trial(group, case, fired, verdict, detail)


def _code_verdict(code: int, seen: str, detail: str) -> tuple[str, str]:
    """A run that says that it has published must have; one that has not must say why."""
    if code == DONE and seen != "new":
        return CORRUPT, f"{detail}; but it said that all is well"
    return (GOOD if code in {DONE, RESOURCE} else WRONG_CODE), detail


def count(bench: Bench, calls: str, *, tiles: bool = False) -> int:
    """Return how many calls of some kinds a run makes."""
    folder, log = bench.spoilt("fresh" if tiles else "computed"), bench.fired()
    root = project.outputs(folder) / ("state/tiles" if tiles else "")
    bench.run(folder, root=str(root), calls=calls, log=str(log))
    return len(log.read_text().splitlines())


def _every(kinds: tuple[str, ...], calls: str, number: int) -> Iterator[str]:
    for at in range(1, number + 1):
        for kind in kinds:
            yield f"{kind} {calls} {at}"


_NO_SPACE, _IO = str(errno.ENOSPC), str(errno.EIO)


def _group(name: str, kinds: tuple[str, ...], calls: str) -> Group:
    tiles = name == TILES
    return Group(
        name,
        lambda bench: _every(kinds, calls, count(bench, calls, tiles=tiles)),
        lambda bench, case: trial(bench, name, case),
    )


GROUPS = (
    _group(FULL, (f"{_NO_SPACE}+", _NO_SPACE), "d"),
    _group(FAILING, (_IO,), ALL_CALLS),
    _group(TILES, (f"{_NO_SPACE}+", _IO), ALL_CALLS),
    _group(LYING, ("lie",), "d"),
)
