"""``habitat ingest``."""

import json
from dataclasses import asdict
from pathlib import Path

import click


@click.command()
@click.argument("safe", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--pixel-m",
    type=click.Choice(["10", "20"]),
    default="10",
    show_default=True,
    help="Take images of this pixel size where there are any, else the finest.",
)
@click.option("--band", "bands", multiple=True, metavar="B04", help="Only these bands, and SCL.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per image.")
def command(safe: Path, out: Path, pixel_m: str, bands: tuple[str, ...], as_json: bool) -> int:
    """Convert the Sentinel-2 L2A products (.SAFE) in SAFE to COGs and STAC items in OUT.

    Each image is decoded once; 'source: folder' reads OUT. An interrupted run goes on where it was.

    Example: habitat ingest downloads/ scenes/ --pixel-m 20
    """
    from habitat.io.safe.safe_ingest import ingest

    seconds, sizes = 0.0, [0, 0]
    for one in ingest(safe, out, pixel_m=int(pixel_m), bands=bands):
        seconds += one.cpu_seconds
        sizes = [sizes[0] + one.bytes_in, sizes[1] + one.bytes_out]
        name = f"{one.product} {one.band} {one.pixel_m} m"
        state = "reused" if one.reused else "converted"
        if as_json:
            click.echo(json.dumps(asdict(one) | {"path": str(one.path)}, sort_keys=True))
        else:
            click.echo(f"{name}: {state}, {_cost(one.cpu_seconds, one.bytes_in, one.bytes_out)}")
    if not as_json:
        click.echo(f"all: {_cost(seconds, *sizes)}")
    return 0


def _cost(seconds: float, before: int, after: int) -> str:
    return f"{seconds:.2f} CPU s, {before / 1e6:.2f} MB to {after / 1e6:.2f} MB"
