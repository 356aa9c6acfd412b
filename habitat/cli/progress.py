"""How a run shows that it goes on: a live bar on a terminal, log lines elsewhere."""

import logging
import sys
import time
from typing import Any

import click

from habitat.pipeline.runner import stage_names
from habitat.pipeline.stages import Stage
from habitat.pipeline.tiles import Outcome

log = logging.getLogger("habitat.run")
_LINE_EVERY = 10


class RunProgress:
    """Tells of stages and tiles."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._live = sys.stderr.isatty()
        self._done = self._todo = 0
        self._started = time.monotonic()

    def stage(self, stage: Stage, stages: int, todo: int, reused: int) -> None:
        """Announce a stage."""
        self.close()
        self._done, self._todo = 0, todo
        log.info(
            "stage %d of %d: %d tiles to compute, %d reused",
            stage.index + 1, stages, todo, reused,
            extra={"fields": {"stage": stage.index + 1, "stages": stages, "tiles": todo,
                              "reused": reused, "results": stage_names(stage)}},
        )  # fmt: skip
        if self._live and todo:
            self._bar = click.progressbar(length=todo, label="tiles", file=sys.stderr)
            self._bar.__enter__()

    def tile(self, outcome: Outcome) -> None:
        """Count a tile; name it where it failed."""
        self._done += 1
        if outcome.fault:
            log.error(
                "tile %s failed: %s", outcome.tile.name, outcome.fault,
                extra={"fields": {"tile": outcome.tile.name, "fault": outcome.fault}},
            )  # fmt: skip
        if self._bar is not None:
            self._bar.update(1)
        elif self._done % _LINE_EVERY == 0 or self._done == self._todo:
            log.info(
                "%d of %d tiles", self._done, self._todo,
                extra={"fields": {"done": self._done, "tiles": self._todo}},
            )  # fmt: skip

    def note(self, text: str) -> None:
        """Log a line."""
        self.close()
        log.info(
            "%s", text, extra={"fields": {"elapsed_s": round(time.monotonic() - self._started, 1)}}
        )

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
