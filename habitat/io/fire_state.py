"""The state file of alerts: read, checked, and replaced as a whole."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from habitat.domain.errors import LockError, VerificationError
from habitat.domain.fire_alert import AlertLog, AlertState, FireAlert
from habitat.io.durable import atomic_write_bytes, local_resources


class _AlertRow(BaseModel):
    model_config = ConfigDict(extra="forbid")

    alert_id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    place_id: str
    first_day: date
    level: Annotated[int, Field(ge=1, le=5)]
    state: AlertState
    briefs_below: Annotated[int, Field(ge=0)]


class _StateFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    simulated: bool
    inputs: str
    alerts: list[_AlertRow]


@contextmanager
def alerts_held(path: Path) -> Iterator[None]:
    """Hold the alerts of a state file, from reading to writing; the lock dies with the process.

    Raises
    ------
    LockError
        At once, if another run holds them.
    """
    beside = path.with_name(f"{path.name}.lock")
    with local_resources("opening", beside):
        fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(fd, path)
        yield
    finally:
        os.close(fd)


def _take(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockError(
            f"{path}: expected no other run, got one that follows these alerts now. Run the same "
            "command again when it has ended."
        ) from None


def read_alerts(path: Path, *, simulated: bool) -> AlertLog:
    """Return the alerts of a state file; none where there is no file yet.

    Raises
    ------
    VerificationError
        If the file is not what was written.
    """
    if not path.exists():
        return AlertLog(simulated)
    with local_resources("reading", path):
        body = path.read_bytes()
    try:
        found = _StateFile.model_validate_json(body)
    except ValidationError as fault:
        raise VerificationError(
            f"{path}: expected the alerts of the last brief, got {body[:60]!r} "
            f"({fault.error_count()} faults). Put back a copy, or move it away to start anew."
        ) from None
    alerts = tuple(FireAlert(**row.model_dump()) for row in found.alerts)
    return AlertLog(found.simulated, found.inputs, alerts)


def write_alerts(path: Path, log: AlertLog) -> None:
    """Replace the state file; a kill leaves the old one or the new one."""
    rows = [_AlertRow(**asdict(alert)) for alert in log.alerts]
    content = _StateFile(simulated=log.simulated, inputs=log.inputs, alerts=rows)
    atomic_write_bytes(path, content.model_dump_json(indent=2).encode() + b"\n")
