"""The state file of alerts: read, checked, and replaced as a whole."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from habitat.domain.errors import VerificationError
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
