"""``habitat run``."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import click

from habitat.cli.main import existing_file

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@click.command(epilog="Exit codes: habitat show exit-codes")
@click.argument("file")
@click.option("--as-of", help="Use nothing newer than this day (YYYY-MM-DD); default today, UTC.")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True)
@click.option("--processes", is_flag=True, help="Run tiles in processes instead of threads.")
@click.option("--scheduler", default="", help="Run tiles on a Dask cluster, tcp://host:port.")
@click.option("--max-time", default="24h", show_default=True,
              help="Stop after this time, resumable: 90s, 30m, 2h, 1d.")  # fmt: skip
@click.option("--tile-time", default="1h", show_default=True,
              help="Give a tile up that takes longer.")  # fmt: skip
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder that paths of the file are relative to.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be read and computed, and why.")
@click.option("--offline", is_flag=True, help="Ask no service; use what was downloaded before.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(  # noqa: PLR0913, PLR0917  # one parameter per option
    file: str,
    as_of: str | None,
    workers: int,
    processes: bool,
    scheduler: str,
    max_time: str,
    tile_time: str,
    project: Path | None,
    dry_run: bool,
    offline: bool,
    as_json: bool,
) -> int:
    """Run a pipeline FILE and publish a release under outputs/<name>/.

    Example: habitat run pipelines/demo.yaml
    """
    from habitat.cli.progress import RunProgress
    from habitat.pipeline.executor import WorkerKind, Workers
    from habitat.pipeline.job import Job, describe, run_job
    from habitat.pipeline.limits import Limits

    local: WorkerKind = "processes" if processes else "threads"
    kind: WorkerKind = "cluster" if scheduler else local
    job = Job(
        pipeline_file=existing_file(file),
        project=project,
        as_of=parse_day(as_of),
        workers=Workers(workers, kind, scheduler),
        started=datetime.now(UTC),  # noqa: TID251  # the one place where a run meets the clock
        offline=offline,
        limits=Limits(
            run_s=parse_time(max_time, "--max-time"), tile_s=parse_time(tile_time, "--tile-time")
        ),
    )
    progress = RunProgress()
    if dry_run:
        planned = describe(job)
        click.echo(json.dumps(planned.as_dict(), indent=2) if as_json else planned.text())
        return 0
    try:
        report = run_job(job, progress)
    finally:
        progress.close()
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else report.text())
    return report.exit_code


def parse_time(text: str, option: str) -> float:
    """Return a length of time in seconds: 90s, 30m, 2h or 1d."""
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smhd])", text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if seconds <= 0:
        raise click.UsageError(f"{option}: expected a time like 90s, 30m, 2h or 1d, got {text!r}")
    return seconds


def parse_day(text: str | None) -> date:
    """Return the as-of date: what was given, else today in UTC."""
    if text is None:
        return datetime.now(UTC).date()  # noqa: TID251  # the command line is where the clock is
    return given_day(text, "--as-of")


def given_day(text: str, option: str) -> date:
    """Return the date that an option gives."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option}: expected a date like 2024-10-15, got {text!r}") from None
