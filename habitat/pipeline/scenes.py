"""Looks of a tile: the scenes of one window, decoded once, masked, stacked by day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from habitat.algorithms import masks
from habitat.domain.bands import State
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period, days_since_epoch
from habitat.domain.scene import SceneItem
from habitat.io.source import SceneSource


@dataclass(frozen=True, slots=True)
class LookStack:
    """All looks of a window, one per day.

    Attributes
    ----------
    days : np.ndarray
        int32 (time,), days since 1970-01-01, rising.
    state : np.ndarray
        uint8 (time, y, x) of :class:`habitat.domain.bands.State`.
    bands : dict of str to np.ndarray
        uint16 (time, y, x) digital numbers, 0 = no data.
    """

    days: np.ndarray
    state: np.ndarray
    bands: dict[str, np.ndarray]


class SceneReader:
    """Reads the scenes of one window and keeps each decoded scene for the rest of the stage.

    Parameters
    ----------
    source : SceneSource
        Where pixels come from.
    grid : Grid
        The project's grid.
    window : Window
        The tile.
    halo_px : int
        Largest halo that an operation of the stage asks for.
    items : mapping of str to (items, bands)
        The scene sets.
    """

    def __init__(
        self,
        source: SceneSource,
        grid: Grid,
        window: Window,
        halo_px: int,
        items: Mapping[str, tuple[Sequence[SceneItem], Sequence[str]]],
    ) -> None:
        self._source, self._grid, self._window, self._halo_px = source, grid, window, halo_px
        self._items = items
        self._decoded: dict[str, tuple[dict[str, np.ndarray], np.ndarray]] = {}

    def looks(self, scenes: str, periods: Iterable[Period], *, halo_px: int = 0) -> LookStack:
        """Return the looks of a scene set within periods, on the tile grown by ``halo_px``."""
        periods = tuple(periods)
        items, bands = self._items[scenes]
        bounds = self._grid.bounds(self._window.pad(self._halo_px))
        by_day: dict[int, list[SceneItem]] = {}
        for item in items:
            day = item.acquired.date()
            if any(day in period for period in periods) and _touch(item.bounds, bounds):
                by_day.setdefault(days_since_epoch(day), []).append(item)
        window = self._window.pad(halo_px)
        days = np.array(sorted(by_day), dtype=np.int32)
        state = np.zeros((len(days), *window.shape), np.uint8)
        stacks = {band: np.zeros((len(days), *window.shape), np.uint16) for band in bands}
        crop = window.slices_in(self._window.pad(self._halo_px))
        for t, day in enumerate(days):
            for item in by_day[int(day)]:
                pixels, item_state = self._decode(item, bands)
                _merge(stacks, state, t, {b: pixels[b][crop] for b in bands}, item_state[crop])
        return LookStack(days, state, stacks)

    def forget(self) -> None:
        """Drop decoded scenes."""
        self._decoded.clear()

    def _decode(
        self, item: SceneItem, bands: Sequence[str]
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        if item.item_id not in self._decoded:
            padded = self._window.pad(self._halo_px)
            read = padded.pad(masks.HALO_PX)
            pixels = self._source.read(item, bands, read)
            state = masks.observation_state(pixels.mask, pixels.mask_kind, pixels.bands)
            crop = padded.slices_in(read)
            self._decoded[item.item_id] = (
                {band: values[crop] for band, values in pixels.bands.items()},
                state[crop],
            )
        return self._decoded[item.item_id]


def _touch(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _merge(
    stacks: dict[str, np.ndarray],
    state: np.ndarray,
    t: int,
    bands: Mapping[str, np.ndarray],
    item_state: np.ndarray,
) -> None:
    """Lay one scene into its day: first come, first kept, but a clear look beats any other."""
    better = (state[t] == State.NO_DATA) & (item_state != State.NO_DATA)
    better |= (state[t] != State.CLEAR) & (item_state == State.CLEAR)
    state[t][better] = item_state[better]
    for band, values in bands.items():
        stacks[band][t][better] = values[better]
