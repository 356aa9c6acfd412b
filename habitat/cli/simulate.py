"""``habitat simulate``."""

from datetime import date
from pathlib import Path

import click

#: What is filled without an AOI: 10 x 10 km of the border zone, in UTM zone 52 N [m].
BORDER_ZONE_EPSG = 32652
EXAMPLE_BOUNDS = (670_000.0, 4_752_000.0, 680_240.0, 4_762_240.0)


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--aoi", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=None,
              help="Polygon file; its bounds are filled. Else 10 x 10 km of the zone.")  # fmt: skip
@click.option("--period", default="2024-03-01/2024-09-30", show_default=True, help="Two dates.")
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
    aoi: Path | None,
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

    Example: habitat simulate scenes
    """
    from habitat.domain.grid import Grid
    from habitat.domain.period import Period
    from habitat.io.vector.aoi import read_aoi
    from habitat.pipeline.simulation.scene_folder import write_scene_folder
    from habitat.pipeline.simulation.source import SimulatedSource

    grid = Grid(epsg, pixel_m)
    source = SimulatedSource(
        grid=grid, seed=seed, fires=fires, cloudiness=cloudiness, cadence_days=cadence_days,
        days=tuple[date, ...](),
    )  # fmt: skip
    if aoi is None and epsg != BORDER_ZONE_EPSG:
        raise click.UsageError(
            f"--aoi: expected a polygon file for EPSG:{epsg}; only EPSG:{BORDER_ZONE_EPSG} goes "
            "without one"
        )
    bounds = EXAMPLE_BOUNDS if aoi is None else read_aoi(aoi, epsg=epsg).bounds
    window = grid.window_of_bounds(bounds)
    write_scene_folder(
        source, out, period=Period.parse(period), window=window, bands=bands.split(",")
    )
    click.echo(out)
    return 0
