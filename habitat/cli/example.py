"""``habitat example``."""

from pathlib import Path

import click


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def command(out: Path) -> int:
    """Write real Sentinel-2 images and a reference raster to OUT, for pipelines/demo-real.yaml.

    They come from the installed package nrt 0.2.1 (pip install 'habitat-change[real]').

    Example: habitat example scenes/romania
    """
    from habitat.io.scenes.nrt_example import CUBE, TREE_COVER, nrt_file, write_example

    found = write_example(nrt_file(CUBE), nrt_file(TREE_COVER), out)
    click.echo(found.scenes)
    click.echo(found.reference)
    return 0
