"""A real landscape to try: forest in Romania, from the data of the PyPI package ``nrt`` 0.2.1.

140 dates of Sentinel-2 L2A with scene classification, 2015–2021, 1 km² at 20 m (B03, B04, B8A,
B11), and the tree cover density of 2018. EUPL-1.2, European Commission, Joint Research Centre;
contains modified Copernicus Sentinel data and Copernicus Land Monitoring Service data, © European
Union, European Environment Agency. Later versions of the package come without these files.

The pixels lie 2.58 m east and 4.21 m north of multiples of 20 m. They are moved there (by 0.13 and
0.21 px), and the tree cover with them, so that values are copied and never interpolated; nothing
else is compared with this place.
"""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from habitat.domain.errors import ConfigError
from habitat.domain.grid import Grid, Window
from habitat.domain.resample import Rect
from habitat.io.raster.geotiff_open import open_geotiff
from habitat.io.scenes.netcdf_scenes import CubeGrid, convert_cube, write_scene_band
from habitat.io.scenes.scene_raster import read_rect

PACKAGE, VERSION = "nrt", "0.2.1"
CUBE = "nrt/data/sentinel2_cube_subset_romania_20m.nc"
TREE_COVER = "nrt/data/tree_cover_density_2018_romania.tif"
GRID = Grid(3035, 20, 64)
#: Codes of the reference: forest from this tree cover [%] on.
FOREST, OTHER, FOREST_PERCENT = 1, 2, 50
_NO_TREE_COVER = 255


@dataclass(frozen=True, slots=True)
class Example:
    """A real landscape as files of the program.

    Attributes
    ----------
    scenes : Path
        Folder for :class:`habitat.io.scenes.folder.FolderSource`.
    reference : Path
        uint8 raster on the grid: class codes, 0 = none.
    grid : Grid
        The grid of both.
    window : Window
        All of the landscape.
    """

    scenes: Path
    reference: Path
    grid: Grid
    window: Window


def nrt_file(name: str) -> Path:
    """Return a data file of the installed package ``nrt`` (which is not imported).

    Raises
    ------
    ConfigError
        If the package or that version of it is not installed.
    """
    advice = f"pip install {PACKAGE}=={VERSION} netCDF4"
    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError:
        raise ConfigError(
            f"example data: expected the package {PACKAGE} {VERSION}, got none; {advice}"
        ) from None
    path = Path(str(found.locate_file(name)))
    if not path.is_file():
        raise ConfigError(
            f"example data: expected {name} in {PACKAGE} {VERSION}, got version "
            f"{found.version} without it; {advice}"
        )
    return path


def write_example(cube: Path, tree_cover: Path, out: Path) -> Example:
    """Write the scenes (``out/scenes``, a folder per date) and ``out/reference.tif``.

    Parameters
    ----------
    cube, tree_cover : Path
        :func:`nrt_file` of :data:`CUBE` and :data:`TREE_COVER`.
    out : Path
        Folder.

    Raises
    ------
    InputError
        If a file is not what it should be.
    """
    convert_cube(cube, out / "scenes", snap=True)
    with open_geotiff(tree_cover) as dataset:
        height, width = dataset.height, dataset.width
        percent = read_rect(dataset, 1, Rect(0, 0, height, width), _NO_TREE_COVER)
        x0, y0 = float(dataset.transform.c), float(dataset.transform.f)
    codes = np.where(percent >= FOREST_PERCENT, FOREST, OTHER).astype(np.uint8)
    codes[percent == _NO_TREE_COVER] = 0
    place = CubeGrid(GRID.epsg, x0, y0, float(GRID.pixel_m)).snapped()
    reference = out / "reference.tif"
    write_scene_band(reference, codes, place)
    window = Window(-round(place.y0 / GRID.pixel_m), round(place.x0 / GRID.pixel_m), height, width)
    return Example(out / "scenes", reference, GRID, window)
