"""``habitat fire-risk status``, ``ack``, ``report`` and ``history``."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from habitat.cli.main import existing_file

_UNKNOWN = 21
_DAY_H = 24
_state = click.option("--state", type=click.Path(dir_okay=False, path_type=Path), default=None,
                      help="Log of alerts; default that of the pipeline.")  # fmt: skip
_project = click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None,
                        help="Folder that paths of the file are relative to.")  # fmt: skip
_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.command()
@click.argument("file")
@_state
@_project
@_json
@click.option("--max-age-h", type=click.FloatRange(0, min_open=True), default=3.0,
              show_default=True, help="Oldest complete evaluation [h].")  # fmt: skip
@click.option("--exit-code", is_flag=True, help="Exit 21 if the last complete one is older.")
def status(
    file: str,
    state: Path | None,
    project: Path | None,
    as_json: bool,
    max_age_h: float,
    exit_code: bool,
) -> int:
    """Print the open alerts as each park sees them, and when all was evaluated the last time.

    Example: habitat fire-risk status pipelines/fire-risk.yaml --max-age-h 3 --exit-code
    """
    from habitat.pipeline.fire_risk.desk import status as asked

    found = asked(_state_of(file, state, project), _now())
    silent = found["complete_h_ago"] is None or found["complete_h_ago"] > max_age_h
    found |= {"silent": silent}
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else _screen(found))
    return _UNKNOWN if exit_code and (silent or found["damage"]) else 0


@click.command()
@click.argument("file")
@click.argument("alert_id")
@click.option("--park", type=click.Choice(["ru", "cn"]), required=True,
              help="Whose officer has seen it; the other park hears of it as before.")  # fmt: skip
@click.option("--by", required=True, help="Who has seen it.")
@click.option("--hours", type=click.FloatRange(0, 24 * 14, min_open=True), default=_DAY_H,
              show_default=True, help="How long it holds [h].")  # fmt: skip
@click.option("--note", default="")
@_state
@_project
def ack(
    file: str,
    alert_id: str,
    park: str,
    by: str,
    hours: float,
    note: str,
    state: Path | None,
    project: Path | None,
) -> int:
    """Say that one park has seen an alert: it is silent there until it escalates or that ends.

    Example: habitat fire-risk ack pipelines/fire-risk.yaml 1f3a --park ru --by Ivanov
    """
    from habitat.domain.fire_alert import Ack
    from habitat.pipeline.fire_risk.desk import acknowledge

    now = _now()
    given = Ack(alert_id, park, by, now, now + timedelta(hours=hours), note)
    held, new = acknowledge(_state_of(file, state, project), given)
    word = "acknowledged" if new else "was acknowledged already"
    click.echo(f"{held.alert_id} {word} by {held.by} for {park} until {_utc(held.until)}")
    return 0


@click.command()
@click.argument("file")
@click.argument("alert_id")
@click.option("--as", "verdict", type=click.Choice(["false", "prescribed", "confirmed"]),
              required=True, help="What was found there.")  # fmt: skip
@click.option("--by", required=True, help="Who found it.")
@click.option("--note", default="")
@_state
@_project
def report(
    file: str,
    alert_id: str,
    verdict: str,
    by: str,
    note: str,
    state: Path | None,
    project: Path | None,
) -> int:
    """Write what was found where an alert was; a label, which closes nothing.

    Example: habitat fire-risk report pipelines/fire-risk.yaml 1f3a --as prescribed --by Ivanov
    """
    from habitat.domain.fire_alert import Report, Verdict
    from habitat.pipeline.fire_risk.desk import report as write

    given = Report(alert_id, Verdict(verdict), by, _now(), note)
    new = write(_state_of(file, state, project), given)
    click.echo(f"{alert_id} {'reported' if new else 'was reported already'} as {verdict} by {by}")
    return 0


@click.command()
@click.argument("file")
@_state
@_project
@_json
def history(file: str, state: Path | None, project: Path | None, as_json: bool) -> int:
    """Print what happened to alerts, oldest first.

    Example: habitat fire-risk history pipelines/fire-risk.yaml
    """
    from habitat.pipeline.fire_risk.desk import history as asked

    rows = asked(_state_of(file, state, project))
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    for row in [] if as_json else rows:
        who = " ".join(part for part in (row["park"], row["by"]) if part)
        when = _utc(datetime.fromisoformat(row["at"]))
        click.echo(f"{when}  {row['alert_id']}  {row['what']}{f'  ({who})' if who else ''}")
    return 0


COMMANDS = (status, ack, report, history)


def _screen(found: dict[str, Any]) -> str:
    """Return the status as lines of at most 80 characters."""
    said = found["complete"]
    complete = "never" if said is None else _utc(datetime.fromisoformat(said))
    lines = ["SIMULATED weather: none of this is real"] if found["simulated"] else []
    lines += [
        f"Last complete evaluation: {complete}{'  SILENT' if found['silent'] else ''}",
        f"Messages that wait: {found['waiting_messages']}",
    ]
    if found["refused_messages"]:
        lines.append(f"Messages REFUSED and given up: {found['refused_messages']}")
    if found["damage"]:
        lines.append(f"DAMAGED log: {found['damage']}")
    lines += [
        f"NOT KNOWN since {_utc(datetime.fromisoformat(at))}: {subject}"
        for subject, at in found["unknown_since"].items()
    ]
    for alert in found["alerts"]:
        level = f" {alert['level']}" if alert["level"] else ""
        parks = ", ".join(f"{park} {state}" for park, state in alert["parks"].items())
        lines.append(f"{alert['alert_id']}  {alert['rule']}{level} {alert['subject']}: {parks}")
        lines.append(f"  {_times(alert)}{'  ' + ', '.join(alert['reports'])}".rstrip())
    return "\n".join(lines)


def _times(alert: dict[str, Any]) -> str:
    names = ("observed", "published", "alerted")
    times = [alert[name] and datetime.fromisoformat(alert[name]).astimezone(UTC) for name in names]
    said = [f"{at:%m-%d %H:%M}" if at else "?" for at in times]
    return ", ".join(f"{name} {at}" for name, at in zip(names, said, strict=True)) + " UTC"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _state_of(file: str, state: Path | None, project: Path | None) -> Path:
    """Return the log that is meant: the one given, else that of the pipeline."""
    from habitat.pipeline.fire_risk.desk import state_asked

    return state or state_asked(existing_file(file), project)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the command line is where the clock is
