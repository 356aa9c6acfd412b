"""GeoTIFF: read a window with care; write a layer exactly as the data dictionary says.

What GDAL reports is not trusted: a full disk can leave a readable file with wrong pixels and no
error. A file is made in memory and its bytes are read back from the disk; one that is too large for
that is made twice and compared. Its pixels are held against those given in both cases.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.windows import Window as PixelWindow

from habitat.domain.errors import GridMismatchError, InputError, LayerError, ResourceError
from habitat.domain.grid import Grid, Window
from habitat.domain.layers import Layer
from habitat.io.durable import (
    atomic_write_bytes,
    fsync_path,
    put_in_place,
    sha256_file,
    temporary_beside,
)
from habitat.io.raster.geotiff_metadata import describe, pam_xml, read_header
from habitat.io.raster.geotiff_mosaic import Blocks, add_overviews, write_mosaic
from habitat.io.raster.geotiff_open import crs_text, open_geotiff
from habitat.io.raster.geotiff_pixels import (
    BLOCK_PX,
    Pixels,
    Target,
    pixel_window,
    read_pixels,
)
from habitat.io.raster.raster_statistics import BandStatistics

#: Pixels times bands that one call may read into memory.
MAX_PIXELS = 2_000_000_000
#: Layers of at most so many bytes are made in memory: two at a time, each with its overviews.
MEMORY_BYTES = 64_000_000
#: Most memory for blocks that are being written [bytes]: each file is written and read in order.
_WRITE_CACHE_BYTES = 96 << 20
_WRITE_ENV: dict[str, Any] = {
    "GDAL_PAM_ENABLED": False,
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_CACHEMAX": _WRITE_CACHE_BYTES,
}


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels of a file, and what its header says of them.

    Attributes
    ----------
    values : np.ndarray
        dims (band, y, x), in the file's dtype.
    crs : str
        ``EPSG:n`` where the CRS has a code, else its WKT; empty where there is none.
    transform : tuple of float
        ``(a, b, c, d, e, f)`` of the part that was read.
    nodata : float or None
        Declared nodata value.
    descriptions : tuple of str
        Names of the bands that were read; empty where a band has none.
    tags : dict of str to str
        Tags of the file.
    """

    values: np.ndarray
    crs: str
    transform: tuple[float, float, float, float, float, float]
    nodata: float | None
    descriptions: tuple[str, ...]
    tags: dict[str, str]


def read_raster(
    path: Path,
    window: Window | None = None,
    *,
    bands: Sequence[int] | None = None,
    require_crs: bool = True,
    max_pixels: int = MAX_PIXELS,
) -> Raster:
    """Return pixels of a local GeoTIFF.

    Parameters
    ----------
    path : Path
        An existing regular file.
    window : Window, optional
        Part to read, in pixels **of the file** (row 0, column 0 is its upper left pixel).
    bands : sequence of int, optional
        1-based bands; all by default.
    require_crs : bool
        Refuse a file without CRS.
    max_pixels : int
        Most pixels times bands to read.

    Raises
    ------
    InputError
        If the file is refused, or the window or a band is not in it.
    """
    with open_geotiff(path) as dataset:
        indexes = list(bands or dataset.indexes)
        part = window or Window(0, 0, dataset.height, dataset.width)
        _check_request(dataset, path, part, indexes, max_pixels)
        if require_crs and dataset.crs is None:
            raise InputError(f"{path}: expected a CRS, got none. Assign the right one first.")
        return Raster(
            dataset.read(indexes, window=_pixels(part)),
            crs_text(dataset.crs),
            _moved(dataset.transform, part),
            dataset.nodata,
            tuple(dataset.descriptions[i - 1] or "" for i in indexes),
            dict(dataset.tags()),
        )


def _moved(transform: Any, part: Window) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = tuple(transform)[:6]
    return a, b, c + a * part.col + b * part.row, d, e, f + d * part.col + e * part.row


def _check_request(
    dataset: Any, path: Path, part: Window, indexes: list[int], max_pixels: int
) -> None:
    missing = sorted(set(indexes) - set(dataset.indexes))
    if missing:
        raise InputError(f"{path}: expected bands 1..{dataset.count}, asked for {missing}")
    whole = Window(0, 0, dataset.height, dataset.width)
    if part.intersect(whole) != part:
        raise InputError(f"{path}: expected a window inside {whole.shape} px, got {part}")
    pixels = part.height * part.width * len(indexes)
    if pixels > max_pixels:
        raise InputError(
            f"{path}: expected at most {max_pixels:,} pixels at once, the header gives {pixels:,}"
        )


def _pixels(window: Window) -> PixelWindow:
    return PixelWindow(window.col, window.row, window.width, window.height)


def read_layer(
    path: Path, layer: Layer, grid: Grid, window: Window, *, bands: Sequence[int] | None = None
) -> np.ndarray:
    """Return a part of a published layer, by its place on the grid.

    Parameters
    ----------
    path : Path
        A file of :func:`write_layer`.
    layer : Layer
        Its entry in the data dictionary.
    grid, window : Grid, Window
        May reach beyond the file; there the values are ``layer.nodata``.
    bands : sequence of int, optional
        1-based; all by default.

    Returns
    -------
    np.ndarray
        dims (y, x), or (band, y, x) where the file has more than one band; ``layer.dtype``.

    Raises
    ------
    GridMismatchError
        If the file does not lie on the grid.
    LayerError
        If dtype or nodata are not those of the entry.
    """
    with open_geotiff(path) as dataset:
        extent = _extent_on_grid(dataset, path, grid)
        if dataset.dtypes[0] != layer.dtype or not _same(dataset.nodata, layer.nodata):
            raise LayerError(
                f"{path}: expected {layer.dtype} with nodata {layer.nodata:g} for layer "
                f"{layer.name!r}, got {dataset.dtypes[0]} with nodata {dataset.nodata}"
            )
        indexes = list(bands or dataset.indexes)
        values = np.full((len(indexes), *window.shape), layer.nodata, dtype=layer.dtype)
        common = window.intersect(extent)
        if common is not None:
            rows, cols = common.slices_in(window)
            values[:, rows, cols] = dataset.read(indexes, window=pixel_window(common, extent))
    return values[0] if len(values) == 1 else values


def _same(a: float | None, b: float | None) -> bool:
    return a == b or (a is not None and b is not None and np.isnan(a) and np.isnan(b))


def _extent_on_grid(dataset: Any, path: Path, grid: Grid) -> Window:
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    p = grid.pixel_m
    window = Window(-round(f / p), round(c / p), dataset.height, dataset.width)
    if crs_text(dataset.crs) != grid.crs or (a, b, c, d, e, f) != grid.transform(window):
        raise GridMismatchError(
            f"{path}: expected {p} m pixels of {grid.crs} on multiples of {p} m, got "
            f"{crs_text(dataset.crs)[:60] or 'no CRS'} with transform {(a, b, c, d, e, f)}"
        )
    return window


def write_layer(
    path: Path,
    blocks: Blocks,
    layer: Layer,
    grid: Grid,
    window: Window,
    *,
    tags: Mapping[str, str],
    band_names: Sequence[str] | None = None,
) -> tuple[BandStatistics, ...]:
    """Write a layer as a cloud-optimized GeoTIFF with its ``.aux.xml``.

    The bytes depend on the pixels and tags only: not on the order or size of the blocks, on
    threads, folder or clock.

    Parameters
    ----------
    path : Path
        Target; an existing file is replaced.
    blocks : iterable of (Window, np.ndarray)
        Parts that do not overlap, in any order, dims (y, x) or (band, y, x), of the layer's
        dtype; what lies outside ``window`` is cut off. What no block covers is ``layer.nodata``.
    layer : Layer
        The entry; class layers need their legend.
    grid, window : Grid, Window
        CRS and place of the whole raster.
    tags : mapping of str to str
        Tags of the file, for example ``SIMULATED`` and the accuracy statement.
    band_names : sequence of str, optional
        One name per band of a layer with several; the title of the layer by default.

    Returns
    -------
    tuple of BandStatistics
        Exact statistics, one per band, as stored in the file.

    Raises
    ------
    LayerError
        If a block breaks the entry, or its shape is not that of its window.
    ResourceError
        If the disk is full or gives back other pixels than were written.
    """
    target = Target(layer, grid, window, tuple(band_names or (layer.title,)))
    with _writing(path):
        if target.bytes <= MEMORY_BYTES:
            statistics = _write_by_memory(path, blocks, target, tags)
        else:
            statistics = _write_by_disk(path, blocks, target, tags)
    atomic_write_bytes(
        path.with_name(path.name + ".aux.xml"), pam_xml(layer, target.band_names, statistics)
    )
    return statistics


def _write_by_memory(
    path: Path, blocks: Blocks, target: Target, tags: Mapping[str, str]
) -> tuple[BandStatistics, ...]:
    """Make the file in memory: all its bytes are known, and compared with those on the disk."""
    with MemoryFile() as mosaic, MemoryFile() as cog:
        given = _make_mosaic(Path(mosaic.name), blocks, target, tags)
        add_overviews(Path(mosaic.name), target.layer)
        _make_cog(Path(mosaic.name), Path(cog.name), target, given, path)
        atomic_write_bytes(path, cog.read())
    return given.statistics


def _write_by_disk(
    path: Path, blocks: Blocks, target: Target, tags: Mapping[str, str]
) -> tuple[BandStatistics, ...]:
    """Make the file twice: a write that was lost does not hit the same place in both.

    Its overviews too, since both copies take them from one mosaic.
    """
    mosaic, cog = temporary_beside(path.with_suffix(".mosaic.tif")), temporary_beside(path)
    twin = temporary_beside(path.with_suffix(".twin.tif"))
    try:
        given = _make_mosaic(mosaic, blocks, target, tags)
        for copy in (cog, twin):
            add_overviews(mosaic, target.layer)
            _make_cog(mosaic, copy, target, given, path)
            fsync_path(copy)
        with MemoryFile() as empty:
            write_mosaic(Path(empty.name), (), target)
            describe(Path(empty.name), target.layer, target.band_names, tags, given.statistics)
            same_header = read_header(cog) == read_header(Path(empty.name))
        if not same_header or sha256_file(cog) != sha256_file(twin):
            raise ResourceError(_ALTERED.format(path=path))
        put_in_place(cog, path)
    finally:
        _remove(mosaic, cog, twin)
    return given.statistics


def _make_mosaic(path: Path, blocks: Blocks, target: Target, tags: Mapping[str, str]) -> Pixels:
    """Write the plain GeoTIFF with all that it says of itself; return what its pixels are."""
    given = write_mosaic(path, blocks, target)
    if not given.statistics:
        given = Pixels(given.digests, read_pixels(path, target, given.digests).statistics)
    describe(path, target.layer, target.band_names, tags, given.statistics)
    return given


def _make_cog(mosaic: Path, cog: Path, target: Target, given: Pixels, path: Path) -> None:
    """Copy to a cloud-optimized file that has the pixels given, else it is refused."""
    rasterio.shutil.copy(mosaic, cog, driver="COG", **_cog_options(target.layer))
    if read_pixels(cog, target, given.digests) != given:
        raise ResourceError(_ALTERED.format(path=path))


_ALTERED = (
    "writing {path}: what was read back is not what was given, without an error from GDAL. "
    "The disk may be full or failing: free some space, check the disk and run again."
)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    with rasterio.Env(**_WRITE_ENV):
        try:
            yield
        # SystemError: what rasterio says of a copy that GDAL failed to make without a word
        except (RasterioError, CPLE_BaseError, OSError, SystemError) as error:
            raise ResourceError(
                f"writing {path}: {error}. Free some space, check that the folder can be written, "
                "and run again."
            ) from error


def _remove(*temporaries: Path) -> None:
    for temporary in temporaries:
        for path in temporary.parent.glob(temporary.name + "*"):  # the driver's own leftovers too
            with suppress(OSError):
                path.unlink()


def _cog_options(layer: Layer) -> dict[str, Any]:
    return {
        "COMPRESS": "DEFLATE",  # every GIS reads it
        "LEVEL": 1,  # composites come out smaller than at 6, at 60 % of the time
        "PREDICTOR": "NO" if layer.is_class else "YES",
        "BLOCKSIZE": BLOCK_PX,
        "OVERVIEWS": "AUTO",  # those of the source
        "BIGTIFF": "IF_SAFER",
        "NUM_THREADS": "ALL_CPUS",
    }
