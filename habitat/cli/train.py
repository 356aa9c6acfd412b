"""``habitat train``."""

from datetime import UTC, datetime
from pathlib import Path

import click

from habitat.cli.main import existing_file
from habitat.cli.run import parse_day


@click.command()
@click.argument("file")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="Model file to write, ending in .json.")  # fmt: skip
@click.option("--as-of", help="Use nothing newer than this day (YYYY-MM-DD).")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True)
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None)
def command(file: str, out: Path, as_of: str | None, workers: int, project: Path | None) -> int:
    """Run what the train step of a pipeline FILE needs, and write the model.

    Prints the spatial cross-validation of every candidate and why one was chosen.

    Example: habitat train pipelines/demo.yaml --out models/zone.json
    """
    _check_model_file(out)
    from habitat.cli.progress import RunProgress
    from habitat.pipeline.executor import Workers
    from habitat.pipeline.job import Job, train_job

    job = Job(
        pipeline_file=existing_file(file),
        project=project,
        as_of=parse_day(as_of),
        workers=Workers(workers),
        started=datetime.now(UTC),  # noqa: TID251  # the one place where a run meets the clock
    )
    click.echo(train_job(job, out, RunProgress()))
    return 0


def _check_model_file(out: Path) -> None:
    """Refuse before the work what could not be written or named after it."""
    if out.suffix != ".json":
        raise click.UsageError(f"--out: expected a name ending in .json, got {out}")
    if not out.parent.is_dir():
        raise click.UsageError(f"--out: expected a folder at {out.parent}, found none; make it")
