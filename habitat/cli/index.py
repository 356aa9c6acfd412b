"""``habitat index``."""

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--scale", type=float, help="Reflectance of one stored unit; must be given for float32."
)
@click.option(
    "--offset-dn",
    type=click.Choice(["0", "1000"]),
    help="What to subtract from files whose product name is unknown (1000 from baseline 04.00 on).",
)
@click.option("--ignore", multiple=True, metavar="PATTERN", help="Files that are no scenes.")
def command(
    folder: Path, scale: float | None, offset_dn: str | None, ignore: tuple[str, ...]
) -> int:
    """Write STAC items for the GeoTIFFs in FOLDER, so that 'source: folder' can read them.

    Example: habitat index scenes/ --ignore '*/reference.tif'
    """
    from habitat.io.index import index_folder

    offset = None if offset_dn is None else int(offset_dn)
    for path in index_folder(folder, scale=scale, offset_dn=offset, ignore=ignore):
        click.echo(path)
    return 0
