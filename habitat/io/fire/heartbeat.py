"""The sign of life of the alerts: when an evaluation was complete the last time."""

import json
from datetime import datetime
from pathlib import Path

from habitat.domain.errors import VerificationError
from habitat.io.durable import atomic_write_bytes, local_resources


def heartbeat_path(state: Path) -> Path:
    """Return the heartbeat of a log of alerts."""
    return state.with_name(f"{state.name}.heartbeat")


def write_heartbeat(state: Path, made: datetime, places: int) -> None:
    """Say that an evaluation of some places was complete, and told."""
    content = {"evaluated": made.isoformat(), "places": places}
    atomic_write_bytes(heartbeat_path(state), json.dumps(content).encode() + b"\n")


def read_heartbeat(state: Path) -> datetime | None:
    """Return when an evaluation was complete the last time; None before the first.

    Raises
    ------
    VerificationError
        If the file is not what was written.
    """
    path = heartbeat_path(state)
    if not path.exists():
        return None
    with local_resources("reading", path):
        body = path.read_bytes()
    try:
        return datetime.fromisoformat(json.loads(body)["evaluated"])
    except (ValueError, KeyError, TypeError):
        raise VerificationError(
            f"{path}: expected the time of the last complete evaluation, got {body[:60]!r}. "
            "Remove it: the next complete evaluation writes it again."
        ) from None
