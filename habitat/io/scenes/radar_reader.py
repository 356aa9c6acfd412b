"""The backscatter of one Sentinel-1 item in one window of the grid."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period
from habitat.domain.radar import RADAR_BANDS, unit_fault
from habitat.domain.resample import Mean, Placement
from habitat.domain.scene import NO_NEEDS, Asset, RefusedScene, SceneItem, SceneNeeds
from habitat.io.scenes.placement import place
from habitat.io.scenes.scene_files import SceneFiles
from habitat.io.scenes.scene_raster import read_header, read_rect

#: The check of units looks at one window of this size in the middle of a scene [px].
SAMPLE_PX = 256


class RadarSource(Protocol):
    """Where backscatter comes from. Implementations can be pickled."""

    @property
    def simulated(self) -> bool:
        """Whether every product must carry the word SIMULATED."""
        ...

    def search(
        self, period: Period, window: Window, needs: SceneNeeds = NO_NEEDS
    ) -> tuple[list[SceneItem], list[RefusedScene]]:
        """Return the items of a period, as :meth:`SceneSource.search` says."""
        ...

    def read_power(self, item: SceneItem, window: Window) -> dict[str, np.ndarray]:
        """Return ``VV`` and ``VH`` of an item in a window.

        float32 ``(y, x)``, gamma nought in linear power [1], NaN = no data.

        Raises
        ------
        SceneError
            If the item cannot be read.
        """
        ...


def read_power(
    files: SceneFiles, grid: Grid, item: SceneItem, window: Window
) -> dict[str, np.ndarray]:
    """Return the backscatter of an item, as :meth:`RadarSource.read_power` says.

    Finer pixels in line with the grid are averaged in linear power over those observed; of any
    other grid the nearest pixel is taken, which keeps the statistics of speckle.

    Raises
    ------
    SceneError
        Names the item, the file and the fault.
    """
    out = {band: np.full(window.shape, np.nan, np.float32) for band in RADAR_BANDS}
    if grid.window_of_bounds(item.bounds).intersect(window) is None:
        return out
    try:
        for band in RADAR_BANDS:
            out[band] = _band(files, grid, item.assets[band], window)
    except SceneError as error:
        raise SceneError(f"item {item.item_id}: {error}") from error
    return out


def _band(files: SceneFiles, grid: Grid, asset: Asset, window: Window) -> np.ndarray:
    with files.open(asset.href) as file:
        header = read_header(file.dataset, file.label)
        dtype = header.dtypes[asset.band_index - 1]
        if dtype != "float32":
            raise SceneError(
                f"{file.label}: expected gamma nought in linear power as float32, got {dtype}; "
                "calibrate and terrain-correct it first"
            )
        placement = place(header, grid, window)
        index, rect = asset.band_index, placement.rect
        stored = read_rect(file.dataset, index, rect, np.nan, cached=file.version)
    nodata = header.nodata if asset.nodata is None else asset.nodata
    return _on_grid(_observed(stored, nodata), placement)


def _observed(stored: np.ndarray, nodata: float | None) -> np.ndarray:
    """Return the values with "no data" as NaN; exactly 0 is never backscatter."""
    missing = ~np.isfinite(stored) | (stored == 0)
    if nodata is not None:
        missing |= stored == np.float32(nodata)
    return np.where(missing, np.float32(np.nan), stored)


def _on_grid(native: np.ndarray, placement: Placement) -> np.ndarray:
    if not isinstance(placement, Mean):
        return np.ascontiguousarray(placement.codes(native))
    factor = placement.factor
    height, width = native.shape
    blocks = native.reshape(height // factor, factor, width // factor, factor).astype(np.float64)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    total = np.where(known, blocks, 0.0).sum(axis=(1, 3))
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean.astype(np.float32)


def units_reason(source: RadarSource, item: SceneItem, windows: Iterable[Window]) -> str | None:
    """Return why the pixels of an item cannot be linear power, or None.

    Raises
    ------
    SceneError
        If they cannot be read.
    """
    looks = [source.read_power(item, window) for window in windows]
    for band in RADAR_BANDS:
        values = _joined(looks, band)
        fault = unit_fault(float(np.median(values))) if values.size else None
        if fault:
            return f"{band}: {fault}"
    return None


def _joined(looks: Sequence[dict[str, np.ndarray]], band: str) -> np.ndarray:
    parts = [look[band][np.isfinite(look[band])] for look in looks]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
