"""Dask runs the tiles: threads, processes on this machine, or any cluster by address."""

import logging
import queue
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import dask
import distributed
from distributed.protocol import pickle

from habitat.domain.errors import PartialError, RemoteError, ResourceError, UsageError
from habitat.domain.grid import Tile
from habitat.io.settings import scrub_environment
from habitat.pipeline.limits import Limits
from habitat.pipeline.tiles import Outcome, StageWork, TileTask, run_tile

log = logging.getLogger(__name__)

#: So often is looked whether a tile takes too long [s], and so long may a worker take to restart.
_LOOK_EVERY_S, _RESTART_S = 0.5, 60
#: Lost workers are asked back so often [s]; without any for so long the run ends.
_REVIVE_S, _NO_WORKER_S = 20.0, 180.0
Progress = Callable[[Outcome], None]
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


class Executor(Protocol):
    """Runs one stage on many tiles."""

    def run(self, work: StageWork, tasks: Sequence[TileTask], progress: Progress) -> list[Outcome]:
        """Return one outcome per task, in task order; call ``progress`` as each ends."""
        ...


class _ThreadExecutor:
    """Dask's thread pool, watched from the main thread, which stays free to hear signals.

    A thread cannot be killed. So when a tile takes too long, no other is handed out, the tiles that
    run now may end, and the run stops.
    """

    def __init__(self, count: int, tile_s: float) -> None:
        self._count, self._tile_s = count, tile_s

    def run(self, work: StageWork, tasks: Sequence[TileTask], progress: Progress) -> list[Outcome]:
        watch, stop = _Watch(self._tile_s), threading.Event()
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
                outcome = _next(ended)
                if outcome is not None:
                    watch.ends(outcome.tile)
                    outcomes[outcome.tile] = outcome
                    progress(outcome)
                elif late := watch.late():
                    raise _stuck(late, self._tile_s)
        finally:
            stop.set()
        return [outcomes[task.tile] for task in tasks]


def in_pairs_of_rows(tasks: Sequence[TileTask]) -> list[TileTask]:
    """Return tasks column by column through two rows of tiles at a time.

    Blocks of scenes hardly ever end where tiles do. So tiles that are neighbours in both directions
    run one after the other, while the blocks that they share are still in memory.
    """
    return sorted(tasks, key=lambda task: (task.tile.iy // 2, task.tile.ix, task.tile.iy))


def _next(ended: "queue.SimpleQueue[Any]") -> Any:
    """Return what ended next, None if nothing does within an instant."""
    with suppress(queue.Empty):
        return ended.get(timeout=_LOOK_EVERY_S)
    return None


def _stuck(late: Sequence[TileTask], tile_s: float) -> ResourceError:
    names = ", ".join(sorted(task.tile.name for task in late))
    return ResourceError(
        f"tile {names}: expected an end within {tile_s:g} s (--tile-time), got none; a thread "
        "cannot be stopped, so the run stops and the old release stays. The same command goes on; "
        "with --processes only such a tile is given up."
    )


class _Watch:
    """Since when each tile runs."""

    def __init__(self, tile_s: float) -> None:
        self._tile_s = tile_s
        self._since: dict[Tile, tuple[float, TileTask]] = {}

    def begins(self, task: TileTask) -> None:
        self._since[task.tile] = (time.monotonic(), task)

    def ends(self, tile: Tile) -> None:
        self._since.pop(tile, None)

    def late(self) -> list[TileTask]:
        """Return the tiles that have run too long."""
        limit = time.monotonic() - self._tile_s
        return [task for since, task in list(self._since.values()) if since < limit]


class _ClusterExecutor:
    """No more tiles at the workers than they have threads.

    So when a worker dies, only the tiles that it was computing die with it. What all tiles share
    travels with each of them: scattered data would be lost with the worker that holds them. The
    worker of a tile that takes too long is killed and comes back empty. A worker that dies while
    it starts is not brought back by Dask; ``revive`` does.
    """

    def __init__(
        self, client: Any, tile_s: float, revive: Callable[[], object] = lambda: None
    ) -> None:
        self._client, self._tile_s, self._revive = client, tile_s, revive

    def run(self, work: StageWork, tasks: Sequence[TileTask], progress: Progress) -> list[Outcome]:
        shared, watch = pickle.dumps(work), _Watch(self._tile_s)
        outcomes: dict[Tile, Outcome] = {}
        waiting, running = deque(in_pairs_of_rows(tasks)), dict[str, tuple[Any, TileTask]]()
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        absence = _Absence(self._revive)
        try:
            while waiting or running:
                while waiting and len(running) < max(1, sum(self._client.nthreads().values())):
                    task = waiting.popleft()
                    future = self._client.submit(_run_pickled, shared, task, pure=False)
                    running[future.key] = future, task
                    watch.begins(task)
                    future.add_done_callback(ended.put)
                future = _next(ended)
                if future is None:
                    absence.look(self._client.nthreads())
                for key, outcome in self._found(future, running, watch):
                    del running[key]
                    watch.ends(outcome.tile)
                    outcomes[outcome.tile] = outcome
                    progress(outcome)
        finally:
            self._client.cancel([future for future, _ in running.values()])
        return [outcomes[task.tile] for task in tasks]

    def _found(
        self, future: Any, running: Mapping[str, tuple[Any, TileTask]], watch: "_Watch"
    ) -> list[tuple[str, Outcome]]:
        """Return what became of a future that ended, or where none did, of tiles that are late."""
        if future is not None:
            known = running.get(future.key)  # None: given up before
            return [(future.key, _outcome_of(future, known[1]))] if known else []
        late = {task.tile for task in watch.late()}
        return [
            (key, self._given_up(future, task))
            for key, (future, task) in running.items()
            if task.tile in late
        ]

    def _given_up(self, future: Any, task: TileTask) -> Outcome:
        """Kill the worker of a tile that takes too long."""
        key = future.key
        at = [who for who, keys in self._client.processing().items() if key in keys]
        future.cancel(force=True)
        try:
            self._client.restart_workers(at, timeout=_RESTART_S, raise_for_error=False)
        except (OSError, TimeoutError, ValueError) as error:
            log.warning("worker %s could not be restarted: %s", ", ".join(at), error)
        fault = f"no end within {self._tile_s:g} s (--tile-time); its worker was killed"
        return Outcome(task.tile, "", self._tile_s, fault, PartialError.exit_code, again=True)


class _Absence:
    """How long no worker has been there: they are asked back, and missed for good at last."""

    def __init__(self, revive: Callable[[], object]) -> None:
        self._revive = revive
        self._seen = self._asked = time.monotonic()

    def look(self, workers: Mapping[str, int]) -> None:
        """Take notice of the workers that are there."""
        now = time.monotonic()
        if workers:
            self._seen = self._asked = now
        elif now - self._seen > _NO_WORKER_S:
            raise RemoteError(
                f"Dask workers: expected at least one, got none for {_NO_WORKER_S:g} s; the old "
                "release stays. See why they die (memory?) or start some; the same command goes on."
            )
        elif now - self._asked > _REVIVE_S:
            self._asked = now
            log.warning("no worker is left; asking for new ones")
            self._revive()


def _run_pickled(shared: bytes, task: TileTask) -> Outcome:
    scrub_environment()  # a cluster by address has an environment of its own
    return run_tile(pickle.loads(shared), task)


def _outcome_of(future: Any, task: TileTask) -> Outcome:
    """Return what a task gave, also when its worker died under it."""
    try:
        outcome: Outcome = future.result()
    except distributed.KilledWorker:
        fault = "its worker died: crashed, was killed, or used more memory than it may"
    except (Exception, CancelledError) as error:  # noqa: BLE001  # a lost task is a failed tile
        fault = f"its worker or what it had was lost: {type(error).__name__}: {error}"
    else:
        return outcome
    return Outcome(task.tile, "", 0.0, fault, PartialError.exit_code, again=True)


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
        # all on loopback, on free ports: not reachable from outside, and two runs do not collide
        with (
            distributed.LocalCluster(
                n_workers=workers.count,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                worker_dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"allowed_failures": 0},  # attempts are counted in attempts.py
                silence_logs=logging.ERROR,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield _ClusterExecutor(client, tile_s, partial(cluster.scale, workers.count))
    else:
        try:
            client = distributed.Client(workers.address, timeout="10s")
        except (OSError, TimeoutError, ValueError) as fault:
            raise RemoteError(
                f"--scheduler: expected a running Dask scheduler at {workers.address!r}, "
                f"got {fault}. Start one, or leave the option out."
            ) from fault
        with client:
            yield _ClusterExecutor(client, tile_s)
