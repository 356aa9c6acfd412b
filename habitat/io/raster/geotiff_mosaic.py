"""The plain GeoTIFF of which a cloud-optimized one is made: blocks in any order, then overviews."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import Resampling

from habitat.domain.errors import LayerError, ResourceError
from habitat.domain.grid import Window
from habitat.domain.layers import Layer, check_values
from habitat.io.raster.geotiff_metadata import palette
from habitat.io.raster.geotiff_pixels import BLOCK_PX, Pixels, Target, part_digest, pixel_window
from habitat.io.raster.raster_statistics import Histogram

Blocks = Iterable[tuple[Window, np.ndarray]]


def write_mosaic(path: Path, blocks: Blocks, target: Target) -> Pixels:
    """Write the blocks to a plain GeoTIFF; return digests and statistics as they were given.

    There are no statistics of a float layer: its sums need one order of the pixels.
    """
    layer, window = target.layer, target.window
    given: dict[Window, bytes] = {}
    counters = [one for one in target.counters() if isinstance(one, Histogram)]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=window.width,
        height=window.height,
        count=len(target.band_names),
        dtype=layer.dtype,
        nodata=layer.nodata,
        crs=target.grid.crs,
        transform=rasterio.Affine(*target.grid.transform(window)),
        tiled=True,
        blockxsize=BLOCK_PX,
        blockysize=BLOCK_PX,
        SPARSE_OK=True,  # a block that nobody wrote reads as nodata
        BIGTIFF="IF_SAFER",
    ) as dataset:
        if layer.is_class:
            dataset.write_colormap(1, palette(layer))
        for part, values in blocks:
            bands, common = _checked(values, part, target)
            if common is not None:
                dataset.write(bands, window=pixel_window(common, window))
                given[common] = part_digest(bands, common, window)
                for counter, band in zip(counters, bands, strict=False):
                    counter.add(band)
    covered = sum(part.height * part.width for part in given)
    for counter in counters:
        counter.add_nodata(window.height * window.width - covered)
    return Pixels(given, tuple(counter.result() for counter in counters))


def _checked(values: np.ndarray, part: Window, target: Target) -> tuple[np.ndarray, Window | None]:
    layer = target.layer
    bands = values[np.newaxis] if values.ndim == 2 else values  # noqa: PLR2004  # (y, x)
    expected = (len(target.band_names), *part.shape)
    if bands.shape != expected or bands.dtype != np.dtype(layer.dtype):
        raise LayerError(
            f"layer {layer.name!r}: expected a block of {expected} {layer.dtype} at {part}, "
            f"got {values.shape} {values.dtype}"
        )
    check_values(bands, layer)
    common = part.intersect(target.window)
    if common is not None:
        bands = bands[:, *common.slices_in(part)]
    return bands, common


def averaged(layer: Layer) -> bool:
    """Say whether a mean of stored values means something: shares and reflectance, not codes."""
    return layer.unit == "%" or layer.scale != 1.0 or layer.dtype.startswith("float")


def add_overviews(mosaic: Path, layer: Layer) -> None:
    """Make the overviews where nothing is compressed: the COG driver would deflate them twice.

    Those that are there are made anew in their places. A lost write can move the next block onto
    the one before; that is looked for, since no making anew mends it.

    Raises
    ------
    ResourceError
        If blocks overlap.
    """
    resampling = Resampling.average if averaged(layer) else Resampling.mode
    with rasterio.open(mosaic, "r+", driver="GTiff") as dataset:
        factors, factor = [], 2
        while max(dataset.width, dataset.height) * 2 > BLOCK_PX * factor:
            factors.append(factor)
            factor *= 2
        if factors:
            dataset.build_overviews(factors, resampling)
    for level in range(len(factors)):
        if _blocks_overlap(mosaic, level):
            raise ResourceError(
                f"writing {mosaic}: blocks of overviews lie on each other. The disk may be full or "
                "failing: free some space, check the disk and run again."
            )


def _blocks_overlap(mosaic: Path, level: int) -> bool:
    """Say whether a block of an overview begins before the one before it ends."""
    with rasterio.open(mosaic, driver="GTiff", OVERVIEW_LEVEL=level) as overview:
        places = {(i, j) for (i, j), _ in overview.block_windows(1)}
    with rasterio.open(mosaic, driver="GTiff") as dataset:
        found = [
            [
                dataset.get_tag_item(f"{name}_{j}_{i}", "TIFF", bidx=1, ovr=level)
                for name in ("BLOCK_OFFSET", "BLOCK_SIZE")
            ]
            for i, j in places
        ]
    blocks = sorted((int(at), int(size)) for at, size in found if at and size)
    return any(at + size > then for (at, size), (then, _) in pairwise(blocks))
