"""``habitat check``."""

from pathlib import Path

import click

from habitat.cli.main import existing_file, say_fault
from habitat.domain.errors import HabitatError


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--as-of", help="Day that relative periods count from; default today, UTC.")
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None)
def command(files: tuple[str, ...], as_of: str | None, project: Path | None) -> int:
    """Say whether pipeline FILES are right; needs no network and no credentials.

    Example: habitat check pipelines/demo.yaml
    """
    from habitat.cli.run import parse_day
    from habitat.pipeline.check import check_pipeline

    worst, day = 0, parse_day(as_of)
    for name in files:
        try:
            notes = check_pipeline(existing_file(name), project, day)
        except HabitatError as fault:
            say_fault(fault)
            worst = max(worst, fault.exit_code)
        else:
            click.echo(f"{name}: ok" + "".join(f"\n  note: {note}" for note in notes))
    return worst
