"""GeoTIFFs of scenes, which may come from anywhere: opened with suspicion, read by window.

Only regular files under one folder, only the GeoTIFF driver, no sidecar files, sizes capped before
anything is read, and a failed read is an error, never zeros.
"""

import math
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window as RasterWindow

from habitat.domain.errors import InputError, SceneError
from habitat.domain.resample import Rect
from habitat.io.file_cache import BlockCache, FileId, HandlePool, file_id
from habitat.io.raster.geotiff_open import open_checked, refusing_unreadable

#: A Sentinel-2 tile is 10,980 px; a mosaic of the whole zone at 10 m about 20,000.
MAX_SIDE_PX = 65_536
MAX_BANDS = 64
#: One block is the least that can be decoded at once.
MAX_BLOCK_BYTES = 128 * 2**20
#: Most memory for decoded blocks that tiles share [bytes]: what two tiles read of twelve dates.
BLOCK_CACHE_BYTES = 768 << 20
#: Files of scenes that stay open [1]: one season on one tile. Each holds a block, compressed.
MAX_IDLE_FILES = 96
BAND_DTYPES = ("uint16", "int16", "float32")
MASK_DTYPES = ("uint8", "uint16", "int16")
_HANDLES = HandlePool(MAX_IDLE_FILES)
_CACHE = BlockCache(BLOCK_CACHE_BYTES)
#: Of files that are open: finding the code of a CRS takes longer than reading a small window.
_HEADERS: WeakKeyDictionary[Any, "RasterHeader"] = WeakKeyDictionary()
_GDAL = {"GDAL_CACHEMAX": 64 << 20, "GTIFF_IGNORE_READ_ERRORS": "NO"}

# A file without a transform is refused by read_header. The filter is set once, since
# warnings.catch_warnings is not safe among threads.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)


@dataclass(frozen=True, slots=True)
class RasterHeader:
    """Where the pixels of a file lie.

    Attributes
    ----------
    epsg : int
        CRS.
    x0, y0 : float
        Upper left corner, in units of the CRS.
    dx, dy : float
        Pixel size, both positive.
    height, width : int
        Size [px].
    dtypes : tuple of str
        Of each band.
    nodata : float or None
        As the file declares it.
    """

    epsg: int
    x0: float
    y0: float
    dx: float
    dy: float
    height: int
    width: int
    dtypes: tuple[str, ...]
    nodata: float | None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """``(x_min, y_min, x_max, y_max)`` in units of the CRS."""
        return (
            self.x0,
            self.y0 - self.height * self.dy,
            self.x0 + self.width * self.dx,
            self.y0,
        )

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """The six affine numbers."""
        return self.dx, 0.0, self.x0, 0.0, -self.dy, self.y0


def file_under(root: Path, folder: Path, href: str) -> Path:
    """Return the file that an href names, if it is a regular file under ``root``.

    Parameters
    ----------
    root : Path
        Nothing outside may be opened.
    folder : Path
        Where relative names start.
    href : str
        A relative path, or an absolute one under ``root``.

    Raises
    ------
    SceneError
        For URLs, GDAL's virtual file systems, ``..`` and links that lead out, and what is no file.
    """
    if "://" in href or href.startswith(("/vsi", "<")) or "\0" in href:
        raise SceneError(
            f"asset {href[:120]!r}: expected a file under {root}, got a URL or virtual path; "
            "download the file first, or use the source 'stac'"
        )
    real_root = _resolved(root) if root.is_absolute() else root.resolve()
    try:
        path = (folder / href).resolve(strict=True)
        regular = stat.S_ISREG(path.stat().st_mode)
    except (OSError, RuntimeError):
        raise SceneError(
            f"asset {href[:120]!r}: expected a file in {folder}, got none; restore it or index the "
            "folder again"
        ) from None
    if not path.is_relative_to(real_root) or not regular:
        raise SceneError(
            f"asset {href[:120]!r}: expected a regular file under {root}, got {path}; move it there"
        )
    return path


@lru_cache(maxsize=64)
def _resolved(root: Path) -> Path:
    return root.resolve()


def forget_scenes() -> None:
    """Give back the memory and the open files of scenes that were read."""
    _HANDLES.clear()
    _CACHE.clear()


@contextmanager
def open_scene_raster(path: Path) -> Iterator[Any]:
    """Open a GeoTIFF for reading.

    Yields
    ------
    rasterio.DatasetReader
        Within the caps.

    Raises
    ------
    SceneError
        If it is no GeoTIFF, too large, or a read inside the ``with`` fails.
    """
    try:
        with refusing_unreadable(path), rasterio.Env(**_GDAL):
            version = file_id(path)
            dataset = _HANDLES.take(version) or _open_within_caps(path)
            try:
                yield dataset
            except BaseException:
                dataset.close()  # what failed once is opened anew
                raise
            _HANDLES.give(version, dataset)
    except SceneError:
        raise
    except (OSError, InputError, NotGeoreferencedWarning) as error:
        raise SceneError(
            f"{path}: expected a complete GeoTIFF, got a damaged or other file ({error})"
        ) from error


def _open_within_caps(path: Path) -> Any:
    dataset = open_checked(path)
    try:
        check_caps(dataset, path)
    except SceneError:
        dataset.close()
        raise
    return dataset


def check_caps(dataset: Any, path: Path | str) -> None:
    """Refuse a raster whose header asks for more memory than any scene needs.

    Raises
    ------
    SceneError
        Names the file, the caps and what it has.
    """
    height, width, count = dataset.height, dataset.width, dataset.count
    block_y, block_x = dataset.block_shapes[0]
    block_bytes = block_y * block_x * max(np.dtype(d).itemsize for d in dataset.dtypes)
    if dataset.interleaving is not None and dataset.interleaving.value == "PIXEL":
        block_bytes *= count
    if max(height, width) > MAX_SIDE_PX or count > MAX_BANDS or block_bytes > MAX_BLOCK_BYTES:
        raise SceneError(
            f"{path}: expected at most {MAX_SIDE_PX} px a side, {MAX_BANDS} bands and blocks of "
            f"{MAX_BLOCK_BYTES >> 20} MiB, got {width} x {height} px, {count} bands, blocks of "
            f"{block_bytes >> 20} MiB; write it again as smaller tiled GeoTIFFs"
        )


def read_header(dataset: Any, path: Path | str) -> RasterHeader:
    """Return where a file lies.

    Raises
    ------
    SceneError
        If it has no CRS with an EPSG code, no transform, or is not north up.
    """
    known = _HEADERS.get(dataset)
    if known is None:
        known = _HEADERS[dataset] = _read_header(dataset, path)
    return known


def _read_header(dataset: Any, path: Path | str) -> RasterHeader:
    epsg = dataset.crs.to_epsg() if dataset.crs is not None else None
    if epsg is None:
        raise SceneError(
            f"{path}: expected a CRS with an EPSG code, got {dataset.crs or 'none'}; it is never "
            "guessed, so write the right one into the file (gdal_edit -a_srs EPSG:n)"
        )
    a, b, x0, d, e, y0 = tuple(dataset.transform)[:6]
    if dataset.transform.is_identity or b or d or a <= 0 or e >= 0:
        raise SceneError(
            f"{path}: expected a north-up transform, got {(a, b, x0, d, e, y0)}; write the right "
            "one into the file (gdal_edit -a_ullr), or warp it"
        )
    nodata = None if dataset.nodata is None else float(dataset.nodata)
    size = dataset.height, dataset.width
    return RasterHeader(int(epsg), x0, y0, a, -e, *size, tuple(dataset.dtypes), nodata)


def check_band(
    header: RasterHeader, index: int, path: Path | str, *, mask: bool, scaled: bool
) -> None:
    """Refuse a band that the file does not have or whose dtype cannot be reflectance (or a mask).

    Raises
    ------
    SceneError
        Names the file and what was expected.
    """
    if not 1 <= index <= len(header.dtypes):
        raise SceneError(
            f"{path}: expected a band {index}, got {len(header.dtypes)} bands; index it again"
        )
    dtype, allowed = header.dtypes[index - 1], MASK_DTYPES if mask else BAND_DTYPES
    if dtype not in allowed:
        raise SceneError(
            f"{path}: band {index}: expected dtype {', '.join(allowed)}, got {dtype}; "
            "write it again in one of them"
        )
    if dtype == "float32" and not scaled:
        raise SceneError(
            f"{path}: band {index}: expected a declared scale for float32, got none; declare "
            "1 for reflectance from 0 to 1 (raster:scale in the item, or habitat index --scale)"
        )


def read_rect(
    dataset: Any, index: int, rect: Rect, fill: float, cached: FileId | None = None
) -> np.ndarray:
    """Return the stored values of a rectangle; ``fill`` where it reaches beyond the file.

    Parameters
    ----------
    dataset : rasterio.DatasetReader
        An open file.
    index : int
        1-based band.
    rect : Rect
        In pixels of the file.
    fill : float
        Value beyond the file.
    cached : tuple, optional
        :func:`file_id` of the file, to share its decoded blocks with other reads.
    """
    top, left = max(rect.row, 0), max(rect.col, 0)
    bottom = min(rect.row + rect.height, dataset.height)
    right = min(rect.col + rect.width, dataset.width)
    out = np.full((rect.height, rect.width), fill, np.dtype(dataset.dtypes[index - 1]))
    if bottom > top and right > left:
        inside = np.s_[top - rect.row : bottom - rect.row, left - rect.col : right - rect.col]
        part = Rect(top, left, bottom - top, right - left)
        if cached is None:
            out[inside] = dataset.read(index, window=_window(part))
        else:
            _copy_blocks(dataset, index, part, cached, out[inside])
    return out


def _window(part: Rect) -> RasterWindow:
    return RasterWindow(part.col, part.row, part.width, part.height)


def _copy_blocks(dataset: Any, index: int, part: Rect, cached: FileId, out: np.ndarray) -> None:
    """Copy a rectangle within the file block by block."""
    block_y, block_x = dataset.block_shapes[index - 1]
    bottom, right = part.row + part.height, part.col + part.width
    for y in range(part.row // block_y * block_y, bottom, block_y):
        for x in range(part.col // block_x * block_x, right, block_x):
            size = min(block_y, dataset.height - y), min(block_x, dataset.width - x)
            window = _window(Rect(y, x, *size))
            block = _CACHE.get((cached, index, y, x), partial(dataset.read, index, window=window))
            y0, x0 = max(y, part.row), max(x, part.col)
            y1, x1 = min(y + size[0], bottom), min(x + size[1], right)
            out[y0 - part.row : y1 - part.row, x0 - part.col : x1 - part.col] = block[
                y0 - y : y1 - y, x0 - x : x1 - x
            ]


def missing_blocks(dataset: Any, index: int, rect: Rect) -> np.ndarray | None:
    """Return where blocks were never written, boolean over ``rect``; None if all were.

    GDAL reads such a block as "no data" without a word, be it the intended saving of space at the
    edge of a swath or the work of a writer that died.
    """
    block_y, block_x = dataset.block_shapes[index - 1]
    top, left = max(rect.row, 0), max(rect.col, 0)
    bottom = min(rect.row + rect.height, dataset.height)
    right = min(rect.col + rect.width, dataset.width)
    missing: np.ndarray | None = None
    for by in range(top // block_y, math.ceil(bottom / block_y)):
        for bx in range(left // block_x, math.ceil(right / block_x)):
            name = f"BLOCK_OFFSET_{bx}_{by}"
            if dataset.get_tag_item(name, "TIFF", bidx=index) is not None:
                continue
            if missing is None:
                missing = np.zeros((rect.height, rect.width), bool)
            y, x = by * block_y - rect.row, bx * block_x - rect.col
            missing[max(y, 0) : y + block_y, max(x, 0) : x + block_x] = True
    return missing
