"""Whether the pixels of a scene contradict the offset that its metadata declare."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from habitat.domain.grid import Window
from habitat.domain.harmonise import DARK_BANDS, offset_fault
from habitat.domain.product_name import OFFSET_BASELINE, OFFSET_SINCE
from habitat.domain.scene import SceneItem
from habitat.io.scenes.item_reader import clear_pixels
from habitat.io.scenes.source import ScenePixels

#: Bands that are looked at.
SAMPLE_BANDS = 3
Read = Callable[[SceneItem, Sequence[str], Window], ScenePixels]
#: A thin sample of the whole scene, or None where there is none.
Overview = Callable[[SceneItem, Sequence[str]], ScenePixels | None]


def offset_reason(
    item: SceneItem, read: Read, windows: Iterable[Window], overview: Overview | None = None
) -> str | None:
    """Return why the pixels contradict the declared offset, or None.

    Parameters
    ----------
    item : SceneItem
        As declared.
    read : callable
        Of the source.
    windows : iterable of Window
        Where to look.
    overview : callable, optional
        Asked first; the windows are read where it has nothing.

    Raises
    ------
    SceneError
        If the scene cannot be read.
    """
    dark = sample_bands(item)
    if not dark:
        return None
    offsets = {item.assets[band].offset_dn for band in dark}
    if len(offsets) > 1:
        return f"offset: expected one for all bands, got {sorted(offsets)}; correct the item"
    raw = replace(item, assets={name: replace(a, offset_dn=0) for name, a in item.assets.items()})
    thin = overview(raw, dark) if overview else None
    pixels = [read(raw, dark, window) for window in windows] if thin is None else [thin]
    stored = {b: np.concatenate([p.bands[b].ravel() for p in pixels]) for b in dark}
    clear = np.concatenate([clear_pixels(p).ravel() for p in pixels])
    new = item.acquired.date() >= OFFSET_SINCE or item.baseline >= OFFSET_BASELINE
    return offset_fault(stored, clear, offset_dn=offsets.pop(), new=new)


def sample_bands(item: SceneItem) -> list[str]:
    """Return the bands that are looked at."""
    return [band for band in DARK_BANDS if band in item.assets][:SAMPLE_BANDS]


def sample_windows(extent: Window, *, per_side: int, size_px: int) -> Iterator[Window]:
    """Yield windows spread evenly over an extent; one, if it is small."""
    for top, height in _runs(extent.row, extent.height, per_side, size_px):
        for left, width in _runs(extent.col, extent.width, per_side, size_px):
            yield Window(top, left, height, width)


def _runs(start: int, size: int, most: int, size_px: int) -> Iterator[tuple[int, int]]:
    """Yield start and size of the samples along one side."""
    count = min(most, -(-size // size_px))
    for i in range(count):
        low, high = size * i // count, size * (i + 1) // count
        length = min(high - low, size_px)
        yield start + (low + high - length) // 2, length
