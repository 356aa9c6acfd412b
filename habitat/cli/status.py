"""``habitat status``."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from habitat.cli.main import existing_file


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder that holds outputs/; default: found from FILE, else here.")  # fmt: skip
@click.option("--max-age", type=click.FloatRange(0, min_open=True), default=None, metavar="DAYS",
              help="Call a pipeline stale whose newest scene is older.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(
    files: tuple[str, ...], project: Path | None, max_age: float | None, as_json: bool
) -> int:
    """Say what ran last, what failed and what is stale, of pipeline FILEs or of all.

    Reads only; exits 0 whatever it finds.

    Example: habitat status --max-age 14
    """
    from habitat.pipeline.job import outputs_folder
    from habitat.pipeline.loader import load_pipeline, project_of
    from habitat.pipeline.status import output_folders, status_of

    paths = [existing_file(file) for file in files]
    folders = [
        outputs_folder(project_of(path, project), load_pipeline(path).name) for path in paths
    ] or output_folders(project or Path.cwd())
    now = datetime.now(UTC)  # noqa: TID251  # the command line is where the clock is
    found = [status_of(folder, now=now, max_age_days=max_age) for folder in folders]
    if as_json:
        click.echo(json.dumps([status.as_dict() for status in found], indent=2))
    else:
        click.echo("\n\n".join(status.text() for status in found))
    return 0
