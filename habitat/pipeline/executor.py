"""Dask runs the tiles: threads, processes on this machine, or any cluster by address."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import dask
import distributed
from dask.callbacks import Callback

from habitat.domain.errors import ResourceError
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
    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, work: StageWork, tasks: Sequence[TileTask], progress: Progress) -> list[Outcome]:
        shared = self._client.scatter(work, broadcast=True, hash=False)
        futures = {
            self._client.submit(run_tile, shared, task, pure=False): i
            for i, task in enumerate(tasks)
        }
        outcomes: dict[int, Outcome] = {}
        for future in distributed.as_completed(list(futures)):
            i = futures[future]
            outcomes[i] = _outcome_of(future, tasks[i])
            progress(outcomes[i])
        return [outcomes[i] for i in range(len(tasks))]


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
    fault = future.exception()
    if fault is None:
        outcome: Outcome = future.result()
        return outcome
    return Outcome(task.tile, task.key, 0.0, f"{type(fault).__name__}: {fault}", 1)


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
