"""``habitat doctor``."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from habitat.cli.main import existing_file


@click.command(epilog="Exit codes: habitat show exit-codes")
@click.argument("file")
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder that paths of the file are relative to.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(file: str, project: Path | None, as_json: bool) -> int:
    """Say whether what a pipeline FILE depends on is there, reachable and allowed.

    Asks the service of the source for one record and one header. The exit code is that of the
    first fault.

    Example: habitat doctor pipelines/border-zone-stac.yaml
    """
    from habitat.cli.run import parse_day
    from habitat.io.secrets import mask
    from habitat.pipeline.doctor import examine

    found = examine(existing_file(file), project, today=parse_day(None))
    if as_json:
        click.echo(mask(json.dumps([asdict(finding) for finding in found], indent=2)))
    else:
        for finding in found:
            sign = "FAULT" if finding.exit_code else "ok"
            click.echo(mask(f"{sign:<5} {finding.what}: {finding.text}"))
    return next((finding.exit_code for finding in found if finding.exit_code), 0)
