"""A pipeline whose tiles run in a plain loop of the main thread, to hold Dask against.

    python -m benchmarks.plain PIPELINE

Everything else is that of ``habitat run --workers 1``: plan, store, merges, release.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from habitat.io.settings import return_freed_memory, scrub_environment
from habitat.pipeline import job
from habitat.pipeline.executor import Workers
from habitat.pipeline.tile_queue import in_pairs_of_rows
from habitat.pipeline.tiles import Outcome, StageWork, TileTask, run_tile


class _Loop:
    """One tile after the other."""

    def run(
        self, work: StageWork, tasks: Sequence[TileTask], progress: Callable[[Outcome], None]
    ) -> list[Outcome]:
        outcomes = {}
        for task in in_pairs_of_rows(tasks):
            outcomes[task.tile] = run_tile(work, task)
            progress(outcomes[task.tile])
        return [outcomes[task.tile] for task in tasks]


@contextmanager
def _loop(*_: Any) -> Iterator[_Loop]:
    yield _Loop()


class _Silent:
    """A reporter that says nothing."""

    def stage(self, *_: Any) -> None:
        """Say nothing of a stage."""

    def tile(self, *_: Any) -> None:
        """Say nothing of a tile."""

    def note(self, *_: Any) -> None:
        """Say nothing of a step."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pipeline", type=Path)
    args = parser.parse_args()
    return_freed_memory()
    scrub_environment()
    job.executor = _loop
    now = datetime(2023, 1, 1, tzinfo=UTC)
    work = job.Job(args.pipeline, None, date(2022, 12, 31), Workers(1), now)
    job.run_job(work, _Silent())


if __name__ == "__main__":
    main()
