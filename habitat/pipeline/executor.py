"""Dask runs the tiles: threads, processes on this machine, or any cluster by address."""

import queue
import re
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Literal

import dask

from habitat.domain.errors import ResourceError, UsageError
from habitat.domain.grid import Tile
from habitat.pipeline.limits import Limits
from habitat.pipeline.tile_queue import Executor, Progress, Watch, in_pairs_of_rows, next_ended
from habitat.pipeline.tiles import Outcome, StageWork, TileTask, run_tile

#: Imported when asked for: it brings all of Dask's cluster.
_CLUSTER = "habitat.pipeline.cluster"
WorkerKind = Literal["threads", "processes", "cluster"]
_ADDRESS = re.compile(r"(tcp|tls)://[^/\s]+:\d{1,5}")


@dataclass(frozen=True, slots=True)
class Workers:
    """How tiles run.

    Attributes
    ----------
    count : int
        Threads or processes.
    kind : str
        ``threads``, ``processes``, or ``cluster`` by address.
    address : str
        Of the scheduler, ``tcp://…``, for ``cluster``.

    Raises
    ------
    UsageError
        If the address of a cluster is none.
    """

    count: int = 2
    kind: WorkerKind = "threads"
    address: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be an address before any work."""
        if self.kind == "cluster" and not _ADDRESS.fullmatch(self.address):
            raise UsageError(
                f"--scheduler: expected an address such as tcp://127.0.0.1:8786, "
                f"got {self.address!r}"
            )


class _ThreadExecutor:
    """Dask's thread pool, watched from the main thread, which stays free to hear signals.

    A thread cannot be killed. So when a tile takes too long, no other is handed out, the tiles that
    run now may end, and the run stops.
    """

    def __init__(self, count: int, tile_s: float) -> None:
        self._count, self._tile_s = count, tile_s

    def run(self, work: StageWork, tasks: Sequence[TileTask], progress: Progress) -> list[Outcome]:
        watch, stop = Watch(self._tile_s), threading.Event()
        ended: queue.SimpleQueue[Outcome] = queue.SimpleQueue()

        waiting = deque(in_pairs_of_rows(tasks))

        def one() -> None:
            task = waiting.popleft()  # Dask promises no order
            if not stop.is_set():
                watch.begins(task)
                ended.put(run_tile(work, task))

        lazy = [dask.delayed(one, pure=False)() for _ in tasks]
        compute = partial(dask.compute, *lazy, scheduler="threads", num_workers=self._count)
        threading.Thread(target=compute, name="habitat-tiles", daemon=True).start()
        outcomes: dict[Tile, Outcome] = {}
        try:
            while len(outcomes) < len(tasks):
                outcome = next_ended(ended)
                if outcome is not None:
                    watch.ends(outcome.tile)
                    outcomes[outcome.tile] = outcome
                    progress(outcome)
                elif late := watch.late():
                    raise _stuck(late, self._tile_s)
        finally:
            stop.set()
        return [outcomes[task.tile] for task in tasks]


def _stuck(late: Sequence[TileTask], tile_s: float) -> ResourceError:
    names = ", ".join(sorted(task.tile.name for task in late))
    return ResourceError(
        f"tile {names}: expected an end within {tile_s:g} s (--tile-time), got none; a thread "
        "cannot be stopped, so the run stops and the old release stays. The same command goes on; "
        "with --processes only such a tile is given up."
    )


@contextmanager
def executor(workers: Workers, tile_s: float = Limits.tile_s) -> Iterator[Executor]:
    """Yield an executor; local processes end with it, a cluster by address stays.

    Parameters
    ----------
    workers : Workers
        How tiles run.
    tile_s : float
        Most that one attempt of one tile may take [s].

    Raises
    ------
    RemoteError
        If no scheduler answers at the address.
    """
    if workers.kind == "threads":
        yield _ThreadExecutor(workers.count, tile_s)
    elif workers.kind == "processes":
        with import_module(_CLUSTER).local_processes(workers.count, tile_s) as running:
            yield running
    else:
        with import_module(_CLUSTER).cluster_at(workers.address, tile_s) as running:
            yield running
