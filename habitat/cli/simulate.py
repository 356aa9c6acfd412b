"""``habitat simulate``."""

from datetime import date
from pathlib import Path

import click


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--aoi", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True,
              help="Polygon file; its bounding box is filled.")  # fmt: skip
@click.option("--period", required=True, help="Two dates, 2024-03-01/2024-09-30.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--epsg", type=int, default=32652, show_default=True)
@click.option("--pixel-m", type=int, default=20, show_default=True)
@click.option("--fires", type=click.Choice(["usual", "none", "grass_60", "grass_95"]),
              default="usual", show_default=True)  # fmt: skip
@click.option("--cloudiness", type=click.FloatRange(0, 1), default=0.35, show_default=True)
@click.option("--cadence-days", type=click.IntRange(1, 60), default=5, show_default=True)
@click.option("--bands", default="B02,B03,B04,B05,B8A,B11,B12", show_default=True)
def command(  # noqa: PLR0913, PLR0917  # one parameter per option
    out: Path,
    aoi: Path,
    period: str,
    seed: int,
    epsg: int,
    pixel_m: int,
    fires: str,
    cloudiness: float,
    cadence_days: int,
    bands: str,
) -> int:
    """Write a SIMULATED landscape to OUT as a folder of scenes with their truth.

    Example: habitat simulate scenes --aoi aoi/demo.geojson --period 2024-03-01/2024-06-30
    """
    from habitat.domain.grid import Grid
    from habitat.domain.period import Period
    from habitat.io.aoi import read_aoi
    from habitat.pipeline.simulation.scene_folder import write_scene_folder
    from habitat.pipeline.simulation.source import SimulatedSource

    grid = Grid(epsg, pixel_m)
    source = SimulatedSource(
        grid=grid, seed=seed, fires=fires, cloudiness=cloudiness, cadence_days=cadence_days,
        days=tuple[date, ...](),
    )  # fmt: skip
    window = grid.window_of_bounds(read_aoi(aoi, epsg=epsg).geometry.bounds)
    write_scene_folder(
        source, out, period=Period.parse(period), window=window, bands=bands.split(",")
    )
    click.echo(out)
    return 0
