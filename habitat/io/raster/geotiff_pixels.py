"""The pixels of a raster as a fingerprint: digests of its parts, statistics of its bands."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window as PixelWindow

from habitat.domain.grid import Grid, Window
from habitat.domain.layers import Layer
from habitat.io.raster.raster_statistics import BandStatistics, Histogram, Moments

#: Edge of the blocks that files are written in [px].
BLOCK_PX = 512


@dataclass(frozen=True, slots=True)
class Target:
    """What is written where: the layer, the place and the names of its bands."""

    layer: Layer
    grid: Grid
    window: Window
    band_names: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Size of all pixels, not compressed."""
        height, width = self.window.shape
        return height * width * len(self.band_names) * np.dtype(self.layer.dtype).itemsize

    def counters(self) -> list[Histogram | Moments]:
        """Return an empty counter for each band."""
        exact = not self.layer.dtype.startswith("float")
        return [
            Histogram(self.layer.dtype, self.layer.nodata) if exact else Moments()
            for _ in self.band_names
        ]


@dataclass(frozen=True, slots=True)
class Pixels:
    """What tells the pixels of one raster from those of another.

    Attributes
    ----------
    digests : dict of Window to bytes
        Of each part, see :func:`strips`.
    statistics : tuple of BandStatistics
        Of the whole raster.
    """

    digests: Mapping[Window, bytes]
    statistics: tuple[BandStatistics, ...]


def pixel_window(part: Window, outer: Window) -> PixelWindow:
    """Return where a part lies in a file that covers ``outer``."""
    return PixelWindow(part.col - outer.col, part.row - outer.row, part.width, part.height)


def strips(part: Window, whole: Window) -> Iterator[Window]:
    """Yield a part cut where the rows of blocks of the file meet."""
    bottom, row = part.row + part.height, part.row
    while row < bottom:
        end = min(bottom, row + BLOCK_PX - (row - whole.row) % BLOCK_PX)
        yield Window(row, part.col, end - row, part.width)
        row = end


def part_digest(bands: np.ndarray, part: Window, whole: Window) -> bytes:
    """Return the digest of a part, (band, y, x), strip by strip."""
    digest = hashlib.sha256()
    for strip in strips(part, whole):
        digest.update(np.ascontiguousarray(bands[:, *strip.slices_in(part)]).data)
    return digest.digest()


def read_pixels(path: Path, target: Target, parts: Iterable[Window]) -> Pixels:
    """Read every pixel of a file once, strip by strip."""
    counters, window = target.counters(), target.window
    digests = {part: hashlib.sha256() for part in parts}
    with rasterio.open(path, driver="GTiff") as dataset:
        for strip in strips(window, window):
            bands = dataset.read(window=pixel_window(strip, window))
            for counter, values in zip(counters, bands, strict=True):
                counter.add(values)
            for part, digest in digests.items():
                common = part.intersect(strip)
                if common is not None:
                    digest.update(np.ascontiguousarray(bands[:, *common.slices_in(strip)]).data)
    return Pixels(
        {part: digest.digest() for part, digest in digests.items()},
        tuple(counter.result() for counter in counters),
    )
