"""SIGKILL at random instants of whole runs, and at every file call of publishing."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import project
from .project import Base
from .trials import GOOD, Bench, Group, Trial, chance, settled, worst

KILLED = -9
ANY_INSTANT, EVERY_CALL = "kill at a random instant", "kill at each call of publishing"
_INSTANTS = 100_000


@contextmanager
def reader(base: Base, folder: Path) -> Iterator[list[str]]:
    """Let a reader look at a project again and again; yield what it saw that was not whole."""
    wrong: list[str] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen = base.seen(folder)
            if worst(seen) != GOOD:
                wrong.append(seen)
            time.sleep(0.002)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        thread.join()


def at_random(bench: Bench, case: str) -> Trial:
    """Kill a whole run at an instant by chance while a reader looks on."""
    folder = bench.spoilt("fresh")
    instant = chance(ANY_INSTANT, case).uniform(0, bench.base.seconds)
    with reader(bench.base, folder) as wrong:
        ended = bench.run(folder, kill_after=max(instant, 0.001))
    seen = wrong[0] if wrong else bench.base.seen(folder)
    note = f"killed after {instant:.3f} s"
    return Trial(ANY_INSTANT, case, ended.code == KILLED, *settled(bench, folder, seen, note))


def calls_of_publishing(bench: Bench) -> list[str]:
    """Return the file calls of a run that only publishes, in order: number, call, path."""
    folder, log = bench.spoilt("computed"), bench.fired()
    ended = bench.run(folder, root=str(project.outputs(folder)), log=str(log))
    assert ended.code == 0, (bench.work / "output").read_text()
    return log.read_text().splitlines()


def at_call(bench: Bench, case: str) -> Trial:
    """Kill a run that publishes at its N-th file call."""
    folder, log = bench.spoilt("computed"), bench.fired()
    fault = {"root": str(project.outputs(folder)), "at": int(case), "kind": "kill"}
    ended = bench.run(folder, **fault, log=str(log))
    note = f"killed at call {log.read_text().strip() if log.exists() else 'none'}"
    verdict = settled(bench, folder, bench.base.seen(folder), note.replace(str(folder), ""))
    return Trial(EVERY_CALL, case, ended.code == KILLED and log.exists(), *verdict)


GROUPS = (
    Group(ANY_INSTANT, lambda _: map(str, range(_INSTANTS)), at_random),
    Group(
        EVERY_CALL,
        lambda bench: map(str, range(1, len(calls_of_publishing(bench)) + 1)),
        at_call,
    ),
)
