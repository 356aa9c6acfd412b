"""``habitat ingest``: Sentinel-2 L2A products (SAFE, JPEG 2000) to a folder of COGs and STAC items.

Every band is decoded once. Stored values stay as they are: scale and offset go along as metadata,
so nothing can be taken off twice.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.windows import Window as PixelWindow

from habitat.domain.errors import InputError, ResourceError, SceneError
from habitat.domain.product_name import SCL
from habitat.io.durable import (
    atomic_write_bytes,
    local_resources,
    put_in_place,
    sha256_file,
    temporary_beside,
)
from habitat.io.raster.geotiff_open import open_geotiff
from habitat.io.safe.jpeg2000 import open_jpeg2000
from habitat.io.safe.safe_item import safe_item
from habitat.io.safe.safe_metadata import (
    PRODUCT_FILE,
    SafeImage,
    SafeProduct,
    TileGrid,
    choose_images,
    read_safe,
)
from habitat.io.scenes.scene_raster import file_under

#: Raise it when the same image must give other files.
INGEST_VERSION = "1"
BLOCK_PX = 512
_STRIP_PX = 1024  # rows of a block of the JPEG 2000 files of the ground segment
_TAGS = ("HABITAT_INGEST", "SOURCE_SHA256", "PIXELS_SHA256")
_HASHES: dict[str, Callable[[], Any]] = {
    "MD5": partial(hashlib.md5, usedforsecurity=False),
    "SHA-256": hashlib.sha256,
    "SHA3-256": hashlib.sha3_256,
}
_CHUNK = 1 << 20
_COG = {
    "COMPRESS": "DEFLATE",  # every GIS reads it
    "LEVEL": 1,  # smaller than level 6 here, at half the time
    "BLOCKSIZE": BLOCK_PX,
    "OVERVIEWS": "NONE",  # scenes are read at full size only
    "BIGTIFF": "IF_SAFER",
    "NUM_THREADS": "ALL_CPUS",
}


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one image cost.

    Attributes
    ----------
    product, band : str
        Name of the product; ESA band name or ``scl``.
    pixel_m : int
        Pixel size [m].
    path : Path
        The COG.
    cpu_seconds : float
        Spent on it; on one that was there already, spent on checking it.
    bytes_in, bytes_out : int
        Of the image and of the COG.
    reused : bool
        The COG of this very image was there already.
    """

    product: str
    band: str
    pixel_m: int
    path: Path
    cpu_seconds: float
    bytes_in: int
    bytes_out: int
    reused: bool


def find_products(folder: Path) -> list[Path]:
    """Return the products in a folder, at any depth, or the folder itself if it is one.

    Raises
    ------
    InputError
        If there is none.
    """
    found = sorted(path.parent for path in folder.rglob(PRODUCT_FILE) if not path.is_symlink())
    if not found:
        raise InputError(
            f"folder {folder}: expected Sentinel-2 L2A products (folders .SAFE with "
            f"{PRODUCT_FILE}), got none; unpack archives first"
        )
    return found


def ingest(
    folder: Path,
    out: Path,
    *,
    pixel_m: int = 10,
    bands: Sequence[str] = (),
    clock: Callable[[], float] = time.process_time,
) -> Iterator[Ingested]:
    """Convert the products of a folder; yield what each image cost.

    The metadata of all products are checked before the first image is decoded. A COG that is there
    is used again if its pixels are intact and it was made from the same image; so an interrupted
    run goes on where it was. The item of a product is written last.

    Parameters
    ----------
    folder : Path
        A ``.SAFE`` folder, or one that holds some.
    out : Path
        Gets a folder per product, for ``source: folder``.
    pixel_m : int
        Images of this pixel size are taken where the product has them, else the finest [m].
    bands : sequence of str
        ESA names; all by default. The scene classification always comes along.
    clock : callable
        Seconds of this process.

    Raises
    ------
    InputError
        Lists every product that is refused; nothing is written then.
    SceneError
        If an image is damaged; what was finished stays.
    ResourceError
        If the disk is full or gives back other pixels than were written.
    """
    products: list[tuple[SafeProduct, list[SafeImage]]] = []
    faults: list[str] = []
    for root in find_products(folder):
        try:
            product = read_safe(root)
            products.append((product, _images(product, pixel_m, bands)))
        except SceneError as error:
            faults.append(str(error))
    names = [product.name for product, _ in products]
    faults += [
        f"{name}: this product is there twice" for name in set(names) if names.count(name) > 1
    ]
    if faults:
        listed = "".join(f"\n- {fault}" for fault in sorted(faults))
        raise InputError(f"folder {folder}: nothing was converted; correct these:{listed}")
    for product, images in products:
        yield from _ingest_product(product, images, out / product.name, clock)


def _images(product: SafeProduct, pixel_m: int, bands: Sequence[str]) -> list[SafeImage]:
    images = choose_images(product, pixel_m)
    missing = {*bands, SCL} - {image.band for image in images}
    if missing:
        raise SceneError(f"{product.root}: expected images of {sorted(missing)}, got none")
    chosen = [image for image in images if not bands or image.band in {*bands, SCL}]
    for image in chosen:
        _check_size(image, file_under(product.root, product.root, image.name))
    return chosen


def _check_size(image: SafeImage, path: Path) -> None:
    size = path.stat().st_size
    if image.size not in {None, size}:
        raise SceneError(
            f"{path}: expected {image.size} bytes as the manifest says, got {size}; fetch it again"
        )


def _ingest_product(
    product: SafeProduct, images: Sequence[SafeImage], target: Path, clock: Callable[[], float]
) -> Iterator[Ingested]:
    with local_resources("writing", target):
        target.mkdir(parents=True, exist_ok=True)
    done = []
    for image in images:
        start = clock()
        cog = target / f"{image.band}_{image.pixel_m}m.tif"
        source = file_under(product.root, product.root, image.name)
        key = _verified_sha256(image, source)
        reused = _is_intact(cog, key)
        if not reused:
            _convert(product, image, source, cog, key)
        sizes = source.stat().st_size, cog.stat().st_size
        done.append((image, cog, sha256_file(cog)))
        yield Ingested(
            product.name, image.band, image.pixel_m, cog, clock() - start, *sizes, reused
        )
    document = json.dumps(safe_item(product, done), indent=1, sort_keys=True)
    item = target / f"{product.name}.json"
    if not item.exists() or item.read_text() != f"{document}\n":
        atomic_write_bytes(item, f"{document}\n".encode())


def _verified_sha256(image: SafeImage, path: Path) -> str:
    """Return the SHA-256 of an image that is as the manifest says.

    A JPEG 2000 file that was cut short may decode without an error.
    """
    ours = hashlib.sha256()
    kind, expected = image.checksum or ("", "")
    theirs = _HASHES[kind]() if kind in _HASHES else None
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            ours.update(chunk)
            if theirs is not None:
                theirs.update(chunk)
    if theirs is not None and theirs.hexdigest() != expected:
        raise SceneError(
            f"{path}: expected {kind} {expected} as the manifest says, got {theirs.hexdigest()}; "
            "fetch it again"
        )
    return ours.hexdigest()


def _is_intact(cog: Path, key: str) -> bool:
    """Say whether a COG was made from this very image and has the pixels it was made with."""
    if not cog.is_file():
        return False
    try:
        with open_geotiff(cog) as dataset:
            tags = dataset.tags()
            if (tags.get(_TAGS[0]), tags.get(_TAGS[1])) != (INGEST_VERSION, key):
                return False
            return bool(tags.get(_TAGS[2]) == _digest(dataset))
    except InputError:
        return False


def _digest(dataset: Any) -> str:
    digest = hashlib.sha256()
    for _, values in _strips(dataset):
        digest.update(values.tobytes())
    return digest.hexdigest()


def _strips(dataset: Any) -> Iterator[tuple[PixelWindow, np.ndarray]]:
    for row in range(0, dataset.height, _STRIP_PX):
        window = PixelWindow(0, row, dataset.width, min(_STRIP_PX, dataset.height - row))
        yield window, dataset.read(1, window=window)


def _convert(product: SafeProduct, image: SafeImage, source: Path, cog: Path, key: str) -> None:
    """Decode an image into a COG, and read the COG back."""
    plain, finished = temporary_beside(cog.with_suffix(".plain.tif")), temporary_beside(cog)
    try:
        with local_resources("writing", cog), rasterio.Env(GDAL_PAM_ENABLED=False):
            digest = _decode(product, image, source, plain, key)
            predictor = "NO" if image.band == SCL else "YES"
            rasterio.shutil.copy(plain, finished, driver="COG", PREDICTOR=predictor, **_COG)
            with open_geotiff(finished) as dataset:
                if _digest(dataset) != digest:
                    raise ResourceError(
                        f"writing {cog}: the pixels read back are not those of the image; the disk "
                        "may be full or failing: free some space, check it and run again"
                    )
        put_in_place(finished, cog)
    finally:
        for path in (plain, finished):
            with suppress(OSError):
                path.unlink()


def _decode(product: SafeProduct, image: SafeImage, source: Path, plain: Path, key: str) -> str:
    """Write an image as a plain GeoTIFF with all that is to be known of it; return its digest."""
    grid = product.grids[image.pixel_m]
    digest = hashlib.sha256()
    with (
        open_jpeg2000(source, grid, mask=image.band == SCL) as dataset,
        rasterio.open(plain, "w", **_profile(grid, dataset.dtypes[0])) as out,
    ):
        for window, values in _strips(dataset):
            out.write(values, 1, window=window)
            digest.update(values.tobytes())
        out.set_band_description(1, image.band)
        if image.band != SCL:
            out.scales = (1.0 / product.quantification,)
            out.offsets = (product.offsets_dn[image.band] / product.quantification,)
        values_of = (INGEST_VERSION, key, digest.hexdigest())
        out.update_tags(**dict(zip(_TAGS, values_of, strict=True)))
    return digest.hexdigest()


def _profile(grid: TileGrid, dtype: str) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "count": 1,
        "height": grid.height,
        "width": grid.width,
        "dtype": dtype,
        "nodata": 0,
        "crs": f"EPSG:{grid.epsg}",
        "transform": rasterio.Affine(*grid.transform),
        "tiled": True,
        "blockxsize": BLOCK_PX,
        "blockysize": BLOCK_PX,
        "BIGTIFF": "IF_SAFER",
    }
