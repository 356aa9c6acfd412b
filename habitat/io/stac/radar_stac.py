"""Sentinel-1 scenes of a STAC catalogue of terrain-corrected backscatter as COGs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from habitat.domain.errors import SceneError
from habitat.domain.grid import Window
from habitat.domain.scene import SceneItem
from habitat.io.scenes.offset_check import sample_windows
from habitat.io.scenes.radar_item import parse_radar_item
from habitat.io.scenes.radar_reader import SAMPLE_PX, read_power, units_reason
from habitat.io.scenes.stac_item import ItemRecord
from habitat.io.stac.stac_source import StacSource


@dataclass
class RadarStac(StacSource):
    """Scenes of a catalogue, implements :class:`habitat.io.scenes.radar_reader.RadarSource`."""

    def read_power(self, item: SceneItem, window: Window) -> dict[str, np.ndarray]:
        """Return VV and VH, as :func:`habitat.io.scenes.radar_reader.read_power` says."""
        return read_power(self._files(), self.grid, item, window)

    def _parse(self, document: dict[str, Any]) -> ItemRecord:
        return parse_radar_item(document)

    def _fault(self, item: SceneItem, window: Window) -> str | None:
        key = (item.checksum, window)
        if key not in self._live.faults:
            extent = self.grid.window_of_bounds(item.bounds).intersect(window)
            windows = sample_windows(extent or window, per_side=1, size_px=SAMPLE_PX)
            try:
                self._live.faults[key] = units_reason(self, item, windows)
            except SceneError as error:
                self._live.faults[key] = str(error)
        return self._live.faults[key]
