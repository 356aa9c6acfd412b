"""``habitat index``."""

import logging
from pathlib import Path

import click

log = logging.getLogger(__name__)


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
    from habitat.io.scenes.index import already_listed, index_folder

    offset = None if offset_dn is None else int(offset_dn)
    paths = index_folder(folder, scale=scale, offset_dn=offset, ignore=ignore)
    for path in paths:
        click.echo(path)
    if not paths:
        log.info(
            "nothing to do: %d GeoTIFFs in %s are listed already",
            len(already_listed(folder)),
            folder,
        )
    return 0
