"""What a duty officer asks of the log of alerts, and writes into it."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from habitat.domain.errors import UsageError
from habitat.domain.fire_alert import Ack, AlertLog, Evaluated, FireAlert, Refused, Report
from habitat.io.fire.alert_text import alert_row
from habitat.io.fire.fire_state import AlertStore, alerts_held
from habitat.io.fire.heartbeat import read_heartbeat
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_steps import FireRisk
from habitat.pipeline.fire_risk.setting import FireQuery
from habitat.pipeline.loader import load_pipeline, project_of

PARKS = ("ru", "cn")


def state_carried(query: FireQuery) -> Path:
    """Return the log that briefs of a query are carried in: SIMULATED weather has its own."""
    config = load_pipeline(query.pipeline_file)
    real, simulated = _logs(project_of(query.pipeline_file, query.project), config.name)
    return simulated if query.weather is None and _simulates(config) else real


def state_asked(pipeline_file: Path, project: Path | None) -> Path:
    """Return the log that is asked of: that of SIMULATED weather only where there is no other."""
    config = load_pipeline(pipeline_file)
    real, simulated = _logs(project_of(pipeline_file, project), config.name)
    return simulated if _simulates(config) and not real.exists() else real


def _logs(project: Path, pipeline: str) -> tuple[Path, Path]:
    folder = project / "outputs" / pipeline / "state"
    return folder / "alerts.jsonl", folder / "alerts-simulated.jsonl"


def _simulates(config: PipelineConfig) -> bool:
    steps = [step for step in config.steps if isinstance(step, FireRisk)]
    return bool(steps) and steps[0].weather == "simulated"


def acknowledge(state: Path, ack: Ack) -> tuple[Ack, bool]:
    """Write that a park has seen an alert; return what holds, and whether it is new.

    Raises
    ------
    UsageError
        If the alert is not open, or `until` is not later than `made`.
    """
    if ack.until <= ack.made:
        raise UsageError(f"until: expected a later time than {ack.made}, got {ack.until}")
    with alerts_held(state):
        store = AlertStore(state)
        alert = _found(store.log, ack.alert_id)
        if not alert.open:
            raise UsageError(f"alert {alert.alert_id}: expected an open alert, got a closed one")
        ack = replace(ack, alert_id=alert.alert_id)
        for held in store.log.acks:
            same = (held.alert_id, held.park, held.by) == (ack.alert_id, ack.park, ack.by)
            if same and held.made <= ack.made < held.until and ack.note in {"", held.note}:
                return held, False
        store.append(ack)
        return ack, True


def report(state: Path, given: Report) -> bool:
    """Write what somebody found where an alert was; return whether it is new.

    Raises
    ------
    UsageError
        If there is no such alert.
    """
    with alerts_held(state):
        store = AlertStore(state)
        given = replace(given, alert_id=_found(store.log, given.alert_id).alert_id)
        if any(replace(held, made=given.made) == given for held in store.log.reports):
            return False
        store.append(given)
        return True


def _found(log: AlertLog, alert_id: str) -> FireAlert:
    alert = log.found(alert_id)
    if alert is None:
        raise UsageError(
            f"alert {alert_id!r}: expected the id of an alert, or a beginning that only one has. "
            "See: habitat fire-risk status"
        )
    return alert


def status(state: Path, now: datetime) -> dict[str, Any]:
    """Return the open alerts as each park sees them, what waits to be sent, and the sign of life.

    Times are UTC; ``complete_h_ago`` is null before the first complete evaluation.
    """
    store = AlertStore(state)
    log, alive = store.log, read_heartbeat(state)
    return {
        "simulated": log.simulated,
        "evaluated": log.made and log.made.isoformat(),
        "complete": alive and alive.isoformat(),
        "complete_h_ago": alive and round((now - alive).total_seconds() / 3600, 2),
        "damage": store.damage or None,
        "unknown_since": {key: at.isoformat() for key, at in log.unknown_since.items()},
        "waiting_messages": len(log.outbox),
        "refused_messages": sum(isinstance(record, Refused) for record in store.records),
        "alerts": [_row(log, alert, now) for alert in log.opened()],
    }


def _row(log: AlertLog, alert: FireAlert, now: datetime) -> dict[str, Any]:
    parks = {park: log.state_for(alert, park, now).value for park in PARKS}
    verdicts = [r.verdict.value for r in log.reports if r.alert_id == alert.alert_id]
    return alert_row(alert) | {"parks": parks, "reports": verdicts}


def history(state: Path) -> list[dict[str, Any]]:
    """Return what happened to alerts, oldest first: news, acknowledgements, reports."""
    log, rows = AlertLog(), []
    for record in AlertStore(state).records:
        if isinstance(record, Ack):
            what = f"acknowledged until {record.until.isoformat()}"
            rows.append(_event(record.made, record.alert_id, what, record.park, record.by))
        elif isinstance(record, Report):
            rows.append(_event(record.made, record.alert_id, record.verdict.value, "", record.by))
        elif isinstance(record, Evaluated):
            rows += [_news(record.made, alert) for alert in log.news(record)]
        log = log.after(record)
    return rows


def _event(at: datetime, alert_id: str, what: str, park: str, by: str) -> dict[str, Any]:
    return {"at": at.isoformat(), "alert_id": alert_id, "what": what, "park": park, "by": by}


def _news(at: datetime, alert: FireAlert) -> dict[str, Any]:
    subject = f"{alert.rule.value} {alert.subject}"
    level = "" if alert.level is None else f" {alert.level}"
    return _event(at, alert.alert_id, f"{alert.state.value}: {subject}{level}", "", "")
