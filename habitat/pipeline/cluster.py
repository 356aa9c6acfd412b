"""Tiles on workers of Dask: processes of this machine, or any cluster by address.

Imported when such workers are asked for: Dask's cluster takes longer to import than many a run has
work.
"""

import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import partial
from typing import Any

import distributed
from distributed.protocol import pickle

from habitat.domain.errors import PartialError, RemoteError
from habitat.domain.grid import Tile
from habitat.io.settings import scrub_environment
from habitat.pipeline.tile_queue import (
    Executor,
    Progress,
    Watch,
    in_pairs_of_rows,
    next_ended,
)
from habitat.pipeline.tiles import Outcome, StageWork, TileTask, run_tile

log = logging.getLogger(__name__)

#: So long may a worker take to restart [s].
_RESTART_S = 60
#: Lost workers are asked back so often [s]; without any for so long the run ends.
_REVIVE_S, _NO_WORKER_S = 20.0, 180.0


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
        shared, watch = pickle.dumps(work), Watch(self._tile_s)
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
                future = next_ended(ended)
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
        self, future: Any, running: Mapping[str, tuple[Any, TileTask]], watch: Watch
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
def local_processes(count: int, tile_s: float) -> Iterator[Executor]:
    """Yield an executor on processes of this machine, which end with it."""
    # all on loopback, on free ports: not reachable from outside, and two runs do not collide
    with (
        distributed.LocalCluster(
            n_workers=count,
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
        yield _ClusterExecutor(client, tile_s, partial(cluster.scale, count))


@contextmanager
def cluster_at(address: str, tile_s: float) -> Iterator[Executor]:
    """Yield an executor on a cluster, which stays.

    Raises
    ------
    RemoteError
        If no scheduler answers at the address.
    """
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, TimeoutError, ValueError) as fault:
        raise RemoteError(
            f"--scheduler: expected a running Dask scheduler at {address!r}, "
            f"got {fault}. Start one, or leave the option out."
        ) from fault
    with client:
        yield _ClusterExecutor(client, tile_s)
