"""The pixels of one item in one window of the grid."""

from collections.abc import Sequence

import numpy as np

from habitat.domain.bands import SCL_TO_STATE, State
from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.harmonise import harmonise
from habitat.domain.product_name import CLOUD_PROBABILITY, SCL
from habitat.domain.resample import Placement
from habitat.domain.scene import Asset, SceneItem
from habitat.io.scenes.placement import place
from habitat.io.scenes.scene_files import OpenFile, SceneFiles
from habitat.io.scenes.scene_raster import (
    RasterHeader,
    check_band,
    missing_blocks,
    read_header,
    read_rect,
)
from habitat.io.scenes.source import MASK_CLOUD_PROBABILITY, MASK_NONE, MASK_SCL, ScenePixels

#: Cloud probability [%] below which a pixel counts as clear in the offset check.
CLEAR_BELOW_PERCENT = 40
#: Share of the pixels in missing blocks that the mask may call observed (edges of a swath).
MISSING_SHARE = 0.01
_SCL_MAX = 11
_PROBABILITY_MAX, _PROBABILITY_NODATA = 100, 255


class ItemReader:
    """Reads one item in one window; one file is open at a time."""

    def __init__(self, files: SceneFiles, grid: Grid, item: SceneItem, window: Window) -> None:
        self._files, self._grid, self._item, self._window = files, grid, item, window
        self._touches = grid.window_of_bounds(item.bounds).intersect(window) is not None
        self._placements: dict[tuple[int, tuple[float, ...]], Placement] = {}
        self._missing: dict[str, np.ndarray] = {}

    def pixels(self, bands: Sequence[str]) -> ScenePixels:
        """Return bands and mask."""
        kind = next((k for k in (MASK_SCL, MASK_CLOUD_PROBABILITY) if k in self._item.assets), "")
        names = [*dict.fromkeys(bands), *([kind] if kind else [])]
        found = {name: self._empty(name) for name in names}
        if self._touches:
            for href, group in self._by_file(names).items():
                found.update(self._read_file(href, group))
        mask = found.pop(kind) if kind else np.zeros(self._window.shape, np.uint8)
        if kind == MASK_SCL:
            self._check_missing(mask)
        return ScenePixels({band: found[band] for band in bands}, mask, kind or MASK_NONE)

    def _empty(self, name: str) -> np.ndarray:
        if name == CLOUD_PROBABILITY:
            return np.full(self._window.shape, _PROBABILITY_NODATA, np.uint8)
        return np.zeros(self._window.shape, np.uint8 if name == SCL else np.uint16)

    def _by_file(self, names: Sequence[str]) -> dict[str, list[str]]:
        files: dict[str, list[str]] = {}
        for name in names:
            files.setdefault(self._item.assets[name].href, []).append(name)
        return files

    def _read_file(self, href: str, names: Sequence[str]) -> dict[str, np.ndarray]:
        with self._files.open(href) as file:
            header = read_header(file.dataset, file.label)
            placement = self._placement(header)
            out = {}
            for name in names:
                asset = self._item.assets[name]
                mask = name in (SCL, CLOUD_PROBABILITY)
                check_band(header, asset.band_index, file.label, mask=mask, scaled=True)
                if mask:
                    out[name] = _read_mask(file, name, asset, placement)
                else:
                    out[name] = self._read_band(file, name, asset, placement)
        return out

    def _placement(self, header: RasterHeader) -> Placement:
        key = (header.epsg, (*header.transform, header.height, header.width))
        if key not in self._placements:
            self._placements[key] = place(header, self._grid, self._window)
        return self._placements[key]

    def _read_band(
        self, file: OpenFile, name: str, asset: Asset, placement: Placement
    ) -> np.ndarray:
        rect, index = placement.rect, asset.band_index
        stored = read_rect(file.dataset, index, rect, asset.nodata or 0.0, cached=file.version)
        missing = missing_blocks(file.dataset, index, rect)
        if missing is not None:
            self._missing[name] = placement.codes(missing)
        native = harmonise(
            stored, offset_dn=asset.offset_dn, scale=asset.scale, nodata=asset.nodata
        )
        return placement.bands(native)

    def _check_missing(self, scl: np.ndarray) -> None:
        """Refuse a band whose missing blocks are land that the mask has seen."""
        for name, missing in self._missing.items():
            seen = int(np.count_nonzero(missing & (SCL_TO_STATE[scl] != State.NO_DATA)))
            if seen > MISSING_SHARE * np.count_nonzero(missing):
                raise SceneError(
                    f"{self._item.assets[name].href}: band {name}: expected every block that the "
                    f"scene classification calls observed, got missing blocks over {seen} such "
                    "pixels; the file is incomplete, fetch it again"
                )


def _read_mask(file: OpenFile, name: str, asset: Asset, placement: Placement) -> np.ndarray:
    """Return mask codes on the grid, uint8."""
    empty = 0 if name == SCL else _PROBABILITY_NODATA
    stored = read_rect(
        file.dataset, asset.band_index, placement.rect, empty, cached=file.version
    ).astype(np.int32)
    if asset.nodata is not None:
        stored[stored == asset.nodata] = empty
    highest = _SCL_MAX if name == SCL else _PROBABILITY_MAX
    bad = stored[((stored < 0) | (stored > highest)) & (stored != empty)]
    if bad.size:
        raise SceneError(
            f"{file.label}: {name}: expected values from 0 to {highest}, got "
            f"{np.unique(bad)[:5].tolist()}; it is another layer or damaged"
        )
    return placement.codes(stored).astype(np.uint8)


def read_item(
    files: SceneFiles, grid: Grid, item: SceneItem, bands: Sequence[str], window: Window
) -> ScenePixels:
    """Return bands and mask of an item in a window, as :meth:`SceneSource.read` says.

    Raises
    ------
    SceneError
        Names the item, the file and the fault.
    """
    missing = [band for band in bands if band not in item.assets]
    if missing:
        raise SceneError(
            f"item {item.item_id}: expected the bands {', '.join(bands)}, got none of "
            f"{', '.join(missing)}; use a source or features without them"
        )
    try:
        return ItemReader(files, grid, item, window).pixels(bands)
    except SceneError as error:
        raise SceneError(f"item {item.item_id}: {error}") from error


def clear_pixels(pixels: ScenePixels) -> np.ndarray:
    """Return where the mask says clear, boolean."""
    if pixels.mask_kind == MASK_SCL:
        clear: np.ndarray = SCL_TO_STATE[pixels.mask] == State.CLEAR
        return clear
    if pixels.mask_kind == MASK_CLOUD_PROBABILITY:
        return pixels.mask < CLEAR_BELOW_PERCENT
    return np.ones(pixels.mask.shape, bool)
