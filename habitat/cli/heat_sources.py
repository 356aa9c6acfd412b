"""``habitat heat-sources``."""

from datetime import UTC, datetime
from pathlib import Path

import click

from habitat.cli.main import existing_file


@click.command()
@click.argument("file")
@click.argument(
    "history",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path),
              help="File to write, GeoJSON.")  # fmt: skip
@click.option("--project", type=click.Path(file_okay=False, path_type=Path), default=None,
              help="Folder that paths of the file are relative to.")  # fmt: skip
@click.option("--min-days", type=click.IntRange(2), default=12, show_default=True,
              help="Separate days on which a cell was hot.")  # fmt: skip
@click.option("--min-months", type=click.IntRange(1, 12), default=6, show_default=True,
              help="Separate months of the year among them.")  # fmt: skip
@click.option("--min-years", type=click.IntRange(1), default=2, show_default=True,
              help="Separate years among them.")  # fmt: skip
def command(
    file: str,
    history: tuple[Path, ...],
    out: Path,
    project: Path | None,
    min_days: int,
    min_months: int,
    min_years: int,
) -> int:
    """Find what always is hot (works, flares) in years of hotspots, so that it is no fire.

    FILE is a pipeline with a fire_risk step: its zone and places say where to look. HISTORY are
    CSV files of the FIRMS archive, with a type column or without. Name OUT as static_sources in
    the steps fire_risk and burn_scars.

    Example: habitat heat-sources pipelines/fire-risk.yaml archive/*.csv --out heat.geojson
    """
    from habitat.domain.static_heat import HeatRule
    from habitat.pipeline.fire_risk.setting import FireQuery
    from habitat.pipeline.heat_sources import make_heat_mask

    now = datetime.now(UTC)  # noqa: TID251  # the command line is where the clock is
    query = FireQuery(existing_file(file), project, now)
    rule = HeatRule(min_days=min_days, min_months=min_months, min_years=min_years)
    made = make_heat_mask(query, history, out, rule=rule)
    click.echo(
        f"{out}: {len(made.cells)} cells of {rule.cell_m} m always are hot, of "
        f"{made.detections:,} detections in {made.years} years"
        + (f"; {made.unread} rows could not be read" if made.unread else "")
    )
    return 0
