"""Looks of a tile: the scenes of one window, decoded once, masked, stacked by day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from habitat.algorithms import masks
from habitat.algorithms.radar_looks import usable_power
from habitat.domain.bands import State
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period, days_since_epoch
from habitat.domain.radar import RADAR_BANDS
from habitat.domain.scene import SceneItem
from habitat.io.scenes.radar_reader import RadarSource
from habitat.io.scenes.source import ScenePixels, SceneSource


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
    """Reads the scenes of one window and keeps decoded scenes for the rest of the stage.

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
    stage_bands : sequence of str
        Bands that the operations of the stage ask for together.
    keep : bool
        Keep decoded scenes: more than one operation of the stage may ask for them.
    failed : bool
        Read nothing: every look is one that failed.
    radar : RadarSource, optional
        Where backscatter comes from.
    """

    def __init__(  # noqa: PLR0913  # one tile's reader is made in one place, by name
        self,
        source: SceneSource,
        grid: Grid,
        window: Window,
        halo_px: int,
        items: Mapping[str, tuple[Sequence[SceneItem], Sequence[str]]],
        *,
        stage_bands: Sequence[str] = (),
        keep: bool = True,
        failed: bool = False,
        radar: RadarSource | None = None,
    ) -> None:
        self._source, self._grid, self._window, self._halo_px = source, grid, window, halo_px
        self._items, self.failed, self._radar = items, failed, radar
        self._stage_bands, self._keep = stage_bands, keep
        self._decoded: dict[str, ScenePixels] = {}

    def looks(
        self,
        scenes: str,
        periods: Iterable[Period],
        *,
        bands: Sequence[str] | None = None,
        halo_px: int = 0,
    ) -> LookStack:
        """Return the looks of a scene set within periods, on the tile grown by ``halo_px``.

        A pixel is "no data" where any of the asked bands is, so every pass that asks for the same
        bands sees the same looks.
        """
        periods = tuple(periods)
        items, all_bands = self._items[scenes]
        bands = tuple(all_bands if bands is None else bands)
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
        if self.failed:
            state[:] = State.FAILED
            return LookStack(days, state, stacks)
        for t, day in enumerate(days):
            for order, item in enumerate(by_day[int(day)]):
                pixels, item_state = self._look(item, bands, window)
                if order == 0:
                    state[t] = item_state
                    for band, values in pixels.items():
                        stacks[band][t] = values
                else:
                    _merge(stacks, state, t, pixels, item_state)
        return LookStack(days, state, stacks)

    def radar_looks(
        self, scenes: str, periods: Sequence[Period], orbit: str
    ) -> dict[str, np.ndarray]:
        """Return the usable backscatter of a scene set on the tile.

        Parameters
        ----------
        scenes : str
            The set.
        periods : sequence of Period
            Looks of these.
        orbit : str
            ``ascending``, ``descending``, or ``mixed`` for both.

        Returns
        -------
        dict of str to numpy.ndarray
            ``VV`` and ``VH``: float32 ``(time, y, x)`` linear power [1], NaN = missing; the frames
            of one pass are one look, first come, first kept.
        """
        passes: dict[tuple[int, str, str], list[SceneItem]] = {}
        bounds = self._grid.bounds(self._window)
        for item in () if self.failed else self._items[scenes][0]:
            day, wanted = item.acquired.date(), orbit == "mixed" or item.orbit.startswith(orbit)
            if wanted and any(day in p for p in periods) and _touch(item.bounds, bounds):
                look = (days_since_epoch(day), item.mission, item.orbit)
                passes.setdefault(look, []).append(item)
        shape = (len(passes), *self._window.shape)
        out = {band: np.full(shape, np.nan, np.float32) for band in RADAR_BANDS}
        for t, look in enumerate(sorted(passes)):
            for item in passes[look]:
                self._lay(out, t, item)
        return out

    def _lay(self, out: dict[str, np.ndarray], t: int, item: SceneItem) -> None:
        """Lay one frame into its look where nothing is yet."""
        assert self._radar is not None, "a plan has radar scenes only with their source"
        power = {b: usable_power(p) for b, p in self._radar.read_power(item, self._window).items()}
        both = np.isfinite(power["VV"]) & np.isfinite(power["VH"])
        free = both & ~np.isfinite(out["VV"][t])
        for band, values in power.items():
            out[band][t][free] = values[free]

    def _look(
        self, item: SceneItem, bands: Sequence[str], window: Window
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return bands and state of one scene in a window within the halo."""
        pixels = self._decode(item, bands)
        read = self._window.pad(self._halo_px + masks.HALO_PX)
        around = window.pad(masks.HALO_PX)
        part = around.slices_in(read)
        asked = {band: pixels.bands[band][part] for band in bands}
        state = masks.observation_state(pixels.mask[part], pixels.mask_kind, asked)
        crop = window.slices_in(around)
        return {band: values[crop] for band, values in asked.items()}, state[crop]

    def _decode(self, item: SceneItem, bands: Sequence[str]) -> ScenePixels:
        """Return the scene on the tile with all halos, decoded once for all that ask."""
        known = self._decoded.get(item.item_id)
        missing = [band for band in bands if known is None or band not in known.bands]
        if known is None or missing:
            read = self._window.pad(self._halo_px + masks.HALO_PX)
            known = self._source.read(item, self._needed(bands), read)
            if self._keep:
                self._decoded[item.item_id] = known
        return known

    def _needed(self, bands: Sequence[str]) -> tuple[str, ...]:
        """Return the bands to decode at once: those of the stage, or what is asked for."""
        return tuple(dict.fromkeys([*self._stage_bands, *bands]))


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
