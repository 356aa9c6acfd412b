"""``habitat cost``."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from habitat.cli.main import existing_file
from habitat.cli.run import parse_day


@click.command()
@click.argument("file")
@click.option("--as-of", help="Day that relative periods count from; default today, UTC.")
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder that paths of the file are relative to.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(file: str, as_of: str | None, project: Path | None, as_json: bool) -> None:
    """Say what the zone of a pipeline FILE costs by source, at 10 m and 20 m.

    Example: habitat cost pipelines/border-zone-annual.yaml --as-of 2025-11-01
    """
    from habitat.pipeline.executor import Workers
    from habitat.pipeline.job import Job, cost_of

    started = datetime.now(UTC)  # noqa: TID251  # the command line is where the clock is
    table = cost_of(
        Job(existing_file(file), project, parse_day(as_of), Workers(1, "threads", ""), started)
    )
    click.echo(json.dumps(table.as_dict(), indent=2) if as_json else table.text())
