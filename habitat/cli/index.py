"""``habitat index``."""

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> int:
    """Write STAC items for the GeoTIFFs in FOLDER, so that 'source: folder' can read them.

    Example: habitat index scenes/
    """
    from habitat.io.index import index_folder

    for path in index_folder(folder):
        click.echo(path)
    return 0
