"""JPEG 2000 images of Sentinel-2 products, opened with suspicion."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import RasterioError

from habitat.domain.errors import SceneError
from habitat.io.raster.geotiff_open import GDAL_CACHE_BYTES
from habitat.io.safe.safe_metadata import TileGrid
from habitat.io.scenes.scene_raster import MASK_DTYPES, check_caps

_MAGIC = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_ENV: dict[str, Any] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": False,
    "GDAL_GEOREF_SOURCES": "INTERNAL",
    "GDAL_CACHEMAX": GDAL_CACHE_BYTES,
    # With more threads GDAL 3.10 reads a file that was cut short as zeros, without an error.
    "GDAL_NUM_THREADS": "1",
}


@contextmanager
def open_jpeg2000(path: Path, grid: TileGrid, *, mask: bool) -> Iterator[Any]:
    """Open an image for reading.

    Parameters
    ----------
    path : Path
        A regular file.
    grid : TileGrid
        Where the product says that it lies; the image must say the same or nothing.
    mask : bool
        Whether it is a mask (uint8) or a band (uint16).

    Yields
    ------
    rasterio.DatasetReader
        Of one band.

    Raises
    ------
    SceneError
        If it is no JPEG 2000, of another size, place or type, or a read inside the ``with`` fails.
    """
    with path.open("rb") as file:
        if (magic := file.read(len(_MAGIC))) != _MAGIC:
            raise SceneError(f"{path}: expected a JPEG 2000 file, got first bytes {magic!r}")
    try:
        with rasterio.Env(**_ENV), rasterio.open(path, driver="JP2OpenJPEG") as dataset:
            check_caps(dataset, path)
            _check(dataset, path, grid, mask=mask)
            yield dataset
    except RasterioError as error:
        raise SceneError(
            f"{path}: expected a whole JPEG 2000 file, got a damaged one ({error}); fetch it again"
        ) from error


def _check(dataset: Any, path: Path, grid: TileGrid, *, mask: bool) -> None:
    dtypes = MASK_DTYPES if mask else ("uint16",)
    found = dataset.count, dataset.height, dataset.width
    if found != (1, grid.height, grid.width) or dataset.dtypes[0] not in dtypes:
        raise SceneError(
            f"{path}: expected one band of {grid.height} x {grid.width} px, {' or '.join(dtypes)}, "
            f"got {found} {dataset.dtypes[0]}; the product is mixed up, fetch it again"
        )
    if dataset.crs is None:
        return  # only the metadata say where it lies
    if (dataset.crs.to_epsg(), tuple(dataset.transform)[:6]) != (grid.epsg, grid.transform):
        raise SceneError(
            f"{path}: expected EPSG:{grid.epsg} {grid.transform} as the metadata say, got "
            f"{dataset.crs} {tuple(dataset.transform)[:6]}; the product is mixed up, fetch it again"
        )
