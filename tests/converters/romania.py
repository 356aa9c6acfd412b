"""Forest in Romania, 74 dates of 2015-2018: see :mod:`habitat.io.scenes.nrt_example`."""

from dataclasses import dataclass
from pathlib import Path

import habitat
from habitat.domain.grid import Grid, Window
from habitat.io.scenes.nrt_example import write_example

LEGENDS = Path(habitat.__file__).parent / "data" / "legends"
FOLDER = "s2_l2a_romania_timeseries"
CUBE = "s2_l2a_romania_20m_2015-2018.nc"
TREE_COVER = "tree_cover_density_2018.tif"


@dataclass(frozen=True)
class Converted:
    """A real landscape as files of the program."""

    scenes: Path
    reference: Path
    legend: Path
    grid: Grid
    window: Window


def convert(shared_data: Path, out: Path) -> Converted:
    """Write scenes (one folder per date, with items) and the reference raster."""
    source = shared_data / FOLDER
    found = write_example(source / CUBE, source / TREE_COVER, out)
    legend = LEGENDS / "tree-cover.yaml"
    return Converted(found.scenes, found.reference, legend, found.grid, found.window)
