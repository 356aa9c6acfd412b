"""Dask runs the tiles: threads, processes on this machine, or any cluster by address."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import dask
import distributed
from dask.callbacks import Callback
from distributed.protocol import pickle

from habitat.domain.errors import PartialError, ResourceError
from habitat.domain.grid import Tile
from habitat.io.settings import scrub_environment
from habitat.pipeline.tiles import Outcome, StageWork, TileTask, run_tile

Progress = Callable[[Outcome], None]
WorkerKind = Literal["threads", "processes", "cluster"]


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
    """

    count: int = 2
    kind: WorkerKind = "threads"
    address: str = ""


class Executor(Protocol):
    """Runs one stage on many tiles."""

    def run(self, work: StageWork, tasks: Sequence[TileTask], progress: Progress) -> list[Outcome]:
        """Return one outcome per task, in task order; call ``progress`` as each ends."""
        ...


class _ThreadExecutor:
    def __init__(self, count: int) -> None:
        self._count = count

    def run(self, work: StageWork, tasks: Sequence[TileTask], progress: Progress) -> list[Outcome]:
        # partial, so that Dask does not walk through the arguments in search of collections
        lazy = [dask.delayed(partial(run_tile, work, task), pure=False)() for task in tasks]
        with _EachOutcome(progress):
            return list(dask.compute(*lazy, scheduler="threads", num_workers=self._count))


class _ClusterExecutor:
    """No more tiles at the workers than they have threads.

    So when a worker dies, only the tiles that it was computing die with it. What all tiles share
    travels with each of them: scattered data would be lost with the worker that holds them.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, work: StageWork, tasks: Sequence[TileTask], progress: Progress) -> list[Outcome]:
        shared = pickle.dumps(work)
        outcomes: dict[Tile, Outcome] = {}
        waiting, running = deque(tasks), distributed.as_completed()
        of_future: dict[str, TileTask] = {}
        while waiting or of_future:
            while waiting and len(of_future) < max(1, sum(self._client.nthreads().values())):
                task = waiting.popleft()
                future = self._client.submit(_run_pickled, shared, task, pure=False)
                of_future[future.key] = task
                running.add(future)
            future = next(running)
            task = of_future.pop(future.key)
            outcomes[task.tile] = _outcome_of(future, task)
            progress(outcomes[task.tile])
        return [outcomes[task.tile] for task in tasks]


def _run_pickled(shared: bytes, task: TileTask) -> Outcome:
    scrub_environment()  # a cluster by address has an environment of its own
    return run_tile(pickle.loads(shared), task)


class _EachOutcome(Callback):
    """Tells the progress of each tile as its task ends."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        super().__init__(posttask=self._done)

    def _done(self, _key: Any, result: Any, *_rest: Any) -> None:
        if isinstance(result, Outcome):
            self._progress(result)


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
def executor(workers: Workers) -> Iterator[Executor]:
    """Yield an executor; local processes end with it, a cluster by address stays.

    Raises
    ------
    ResourceError
        If no scheduler answers at the address.
    """
    if workers.kind == "threads":
        yield _ThreadExecutor(workers.count)
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
            yield _ClusterExecutor(client)
    else:
        try:
            client = distributed.Client(workers.address, timeout="10s")
        except (OSError, TimeoutError, ValueError) as fault:
            raise ResourceError(
                f"--scheduler: expected a running Dask scheduler at {workers.address!r}, "
                f"got {fault}. Start one, or leave the option out."
            ) from fault
        with client:
            yield _ClusterExecutor(client)
