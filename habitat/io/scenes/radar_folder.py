"""Sentinel-1 scenes on disk: GeoTIFFs of terrain-corrected backscatter listed in STAC items."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from habitat.domain.errors import SceneError
from habitat.domain.grid import Window
from habitat.domain.scene import SceneItem
from habitat.io.scenes.folder import FolderSource
from habitat.io.scenes.offset_check import sample_windows
from habitat.io.scenes.radar_item import parse_radar_item
from habitat.io.scenes.radar_reader import SAMPLE_PX, read_power, units_reason
from habitat.io.scenes.stac_item import ItemRecord


@dataclass
class RadarFolder(FolderSource):
    """Scenes of a folder, implements :class:`habitat.io.scenes.radar_reader.RadarSource`."""

    def read_power(self, item: SceneItem, window: Window) -> dict[str, np.ndarray]:
        """Return VV and VH, as :func:`habitat.io.scenes.radar_reader.read_power` says."""
        return read_power(self._files, self.grid, item, window)

    def _parse(self, document: dict[str, Any]) -> ItemRecord:
        return parse_radar_item(document)

    def _offset_fault(self, item: SceneItem) -> str | None:
        """Return why the pixels are not what is declared, or None; found out once."""
        key = (item.item_id, item.checksum)
        if key not in self._cache.faults:
            extent = self.grid.window_of_bounds(item.bounds)
            windows = sample_windows(extent, per_side=2, size_px=SAMPLE_PX)
            try:
                self._cache.faults[key] = units_reason(self, item, windows)
            except SceneError as error:
                self._cache.faults[key] = str(error)
        return self._cache.faults[key]
