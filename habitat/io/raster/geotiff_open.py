"""Open a GeoTIFF that somebody else made: local, of the right format, of a bearable size."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from habitat.domain.errors import InputError

_MAX_SIDE_PX = 2_000_000
_MAX_BANDS = 1_000
_MAX_BLOCK_BYTES = 1 << 30
_MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
#: Most memory for blocks of open files [bytes; rasterio takes this option in bytes]. The
#: default is a twentieth of the machine, in every process.
GDAL_CACHE_BYTES = 256 << 20
#: Nothing beside the file is looked at: a planted ``.aux.xml`` or world file changes nothing.
_READ_ENV: dict[str, Any] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": False,
    "GDAL_GEOREF_SOURCES": "INTERNAL",
    "GDAL_CACHEMAX": GDAL_CACHE_BYTES,
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
}


@contextmanager
def open_geotiff(path: Path) -> Iterator[Any]:
    """Open an existing local GeoTIFF with the driver pinned and its header checked.

    Yields
    ------
    rasterio.DatasetReader
        Georeferencing from inside the file only.

    Raises
    ------
    InputError
        For a URL, a virtual file, another format, a header that asks for absurd sizes, or a
        read error while the file is open.
    """
    with refusing_unreadable(path), rasterio.Env(**_READ_ENV), open_checked(path) as dataset:
        yield dataset


def open_checked(path: Path) -> Any:
    """Return an open dataset as :func:`open_geotiff` does; the caller closes it.

    Raises
    ------
    InputError
        For a URL, a virtual file, another format, or a header that asks for absurd sizes.
    """
    local = _local_file(path)
    with refusing_unreadable(local), rasterio.Env(**_READ_ENV):
        dataset = rasterio.open(local, driver="GTiff")
    try:
        _check_header(dataset, local)
    except InputError:
        dataset.close()
        raise
    return dataset


@contextmanager
def refusing_unreadable(path: Path) -> Iterator[None]:
    """Turn an error of GDAL into an :class:`InputError` that names the file."""
    try:
        yield
    except RasterioError as error:
        raise InputError(
            f"{path}: expected a readable GeoTIFF, got: {error}. "
            "The file may be cut short or altered; fetch it again."
        ) from error


def _local_file(path: Path) -> Path:
    text = str(path)
    if "://" in text or ":/" in text[:10] or text.startswith("/vsi"):
        raise InputError(f"{text}: expected the path of a local file, got a URL or virtual path")
    local = Path(path).absolute()
    if not local.is_file():
        raise InputError(f"{local}: expected an existing GeoTIFF, got no regular file")
    try:
        with local.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise InputError(f"{local}: cannot be read: {error.strerror}") from error
    if magic not in _MAGIC:
        raise InputError(f"{local}: expected a TIFF file, got first bytes {magic!r}")
    return local


def _check_header(dataset: Any, path: Path) -> None:
    block = max(h * w for h, w in dataset.block_shapes) * np.dtype(dataset.dtypes[0]).itemsize
    sizes = (
        ("width [px]", dataset.width, _MAX_SIDE_PX),
        ("height [px]", dataset.height, _MAX_SIDE_PX),
        ("bands", dataset.count, _MAX_BANDS),
        ("bytes of one block", block, _MAX_BLOCK_BYTES),
    )
    for what, size, most in sizes:
        if size > most:
            raise InputError(f"{path}: expected at most {most:,} {what}, the header says {size:,}")


def crs_text(crs: Any) -> str:
    """Return ``EPSG:n`` where a CRS has a code, else its WKT; empty for None."""
    if crs is None:
        return ""
    epsg = crs.to_epsg()
    return f"EPSG:{epsg}" if epsg else str(crs.to_wkt())
