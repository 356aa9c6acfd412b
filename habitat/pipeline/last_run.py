"""The records of the last run and the last search, also where nothing was published."""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from habitat.domain.errors import HabitatError, ResourceError
from habitat.io.durable import atomic_write_bytes
from habitat.io.secrets import mask
from habitat.pipeline.runner import RunState

log = logging.getLogger(__name__)

_MAX_BYTES = 50_000_000
_KEYBOARD = 130
#: How a run can end after which nothing waits to be done.
SOUND = ("published", "nothing to do")


class LastRun:
    """``state/last_run.json``; written under the lock, and only by a run that did something.

    A run that finds nothing to do leaves it as it is, unless it says that the run before failed.

    Parameters
    ----------
    path : Path
        The file.
    started : datetime
        When the run began, timezone-aware.
    as_of : date
        Of the run.
    """

    def __init__(self, path: Path, started: datetime, as_of: date) -> None:
        self._path = path
        self._started, self._clock = started, time.monotonic()
        self._as_of = as_of

    def begin(self) -> None:
        """Note that work begins: if the process is killed, this stays."""
        self._write({"outcome": "running", "exit_code": None})

    @contextmanager
    def watching(self, state: RunState) -> Iterator[None]:
        """Note how the run ends that fails or is interrupted inside."""
        try:
            yield
        except BaseException as fault:
            self._end(_outcome(fault), exit_code_of(fault), state, error=_text(fault))
            raise

    def published(self, release: Path, exit_code: int, state: RunState) -> None:
        """Note that a release was published, whole or with failed tiles."""
        self._end("partial" if exit_code else "published", exit_code, state, release=release.name)

    def nothing_to_do(self, release: Path) -> None:
        """Note it only where the record says that something was left to do."""
        before = read_record(self._path)
        if before is None or before.get("outcome") not in SOUND:
            self._end("nothing to do", 0, RunState(), release=release.name)

    def _end(self, outcome: str, exit_code: int, state: RunState, **more: Any) -> None:
        finished = self._started + timedelta(seconds=time.monotonic() - self._clock)
        said = {
            "outcome": outcome,
            "exit_code": exit_code,
            "finished": finished.isoformat(timespec="seconds"),
            "tiles_computed": state.computed,
            "tiles_reused": state.reused,
            "failed_tiles": [
                {"tile": tile.name, "cause": mask(o.fault), "attempts": o.attempts}
                for tile, o in sorted(state.failed.items())
            ],
            **more,
        }
        try:
            self._write(said)
        except ResourceError as fault:  # what ended the run is what the caller must hear
            log.warning("the record of this run was not written: %s", fault)

    def _write(self, said: Mapping[str, Any]) -> None:
        document = {
            "started": self._started.isoformat(timespec="seconds"),
            "as_of": self._as_of.isoformat(),
            **said,
        }
        text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        atomic_write_bytes(self._path, text.encode())


def note_search(path: Path, scenes: Mapping[str, Any]) -> None:
    """Keep what was found; without a clock, so that a search that finds the same writes nothing.

    A scene that is refused changes no release, so that the record of the release cannot name it.
    """
    content = (json.dumps(scenes, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    if not path.is_file() or path.read_bytes() != content:
        atomic_write_bytes(path, content)


def exit_code_of(fault: BaseException) -> int:
    """Return the exit code with which a fault ends the command."""
    if isinstance(fault, HabitatError):
        return fault.exit_code
    if isinstance(fault, SystemExit) and isinstance(fault.code, int):
        return fault.code
    return _KEYBOARD if isinstance(fault, KeyboardInterrupt) else 1


def _outcome(fault: BaseException) -> str:
    return "failed" if isinstance(fault, Exception) else "interrupted"


def _text(fault: BaseException) -> str:
    if isinstance(fault, Exception):
        kind = "" if isinstance(fault, HabitatError) else f"{type(fault).__name__}: "
        return mask(kind + str(fault).partition("\n")[0])
    return "interrupted; the same command goes on"


def read_record(path: Path) -> dict[str, Any] | None:
    """Return the record, or None where there is none that can be read."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
