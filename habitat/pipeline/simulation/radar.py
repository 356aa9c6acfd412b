"""Sentinel-1 scenes that are computed from the simulated landscape."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from habitat.algorithms.landscape.backscatter import backscatter
from habitat.domain.grid import Window
from habitat.domain.period import Period, days_since_epoch
from habitat.domain.radar import RADAR_BANDS
from habitat.domain.scene import NO_NEEDS, Asset, RefusedScene, SceneItem, SceneNeeds
from habitat.pipeline.simulation.source import SimulatedSource

#: Edge of a scene [m], and its recipe: another number is another backscatter.
_SCENE_M, _RECIPE = 102_400, "backscatter 1"
#: Direction, relative orbit, day within the cycle, time of the pass (UTC) over the zone.
_PASSES = (("descending", 134, 3, time(21, 40)), ("ascending", 54, 9, time(9, 30)))


@dataclass(frozen=True)
class SimulatedRadar:
    """Backscatter of a landscape, implements :class:`habitat.io.scenes.radar_reader.RadarSource`.

    Attributes
    ----------
    landscape : SimulatedSource
        Its land cover of the day is what reflects.
    cadence_days : int
        Days between two passes of one direction.
    """

    landscape: SimulatedSource
    cadence_days: int = 12

    @property
    def simulated(self) -> bool:
        """Always true: every product carries the word SIMULATED."""
        return True

    def search(
        self,
        period: Period,
        window: Window,
        needs: SceneNeeds = NO_NEEDS,  # noqa: ARG002  # every item has both polarisations
    ) -> tuple[list[SceneItem], list[RefusedScene]]:
        """Return the items of a period that touch a window."""
        items = [
            self._item(day, number, corner)
            for day in range(days_since_epoch(period.start), days_since_epoch(period.end) + 1)
            for number, (_, _, phase, _) in enumerate(_PASSES)
            if (day - phase) % self.cadence_days == 0
            for corner in self._corners(window)
        ]
        return sorted(items, key=lambda item: (item.acquired, item.item_id)), []

    def _corners(self, window: Window) -> Iterator[tuple[int, int]]:
        x_min, y_min, x_max, y_max = self.landscape.grid.bounds(window)
        for column in range(int(x_min // _SCENE_M), int(-(-x_max // _SCENE_M))):
            for row in range(int(y_min // _SCENE_M), int(-(-y_max // _SCENE_M))):
                yield column, row

    def _item(self, day: int, number: int, corner: tuple[int, int]) -> SceneItem:
        state, orbit, _, clock = _PASSES[number]
        acquired = datetime.combine(date(1970, 1, 1), clock, UTC) + timedelta(days=day)
        grid, seed = self.landscape.grid, self.landscape.seed
        column, row = corner
        name = f"S1SIM{seed}_{acquired:%Y%m%dT%H%M}_{orbit:03d}_{column}_{row}"
        fires = self.landscape.fires
        recipe = f"{_RECIPE} {grid.epsg} {grid.pixel_m} {seed} {fires} {name} {state}"
        west, south = float(column * _SCENE_M), float(row * _SCENE_M)
        return SceneItem(
            item_id=name,
            acquired=acquired,
            mission="S1A",
            datatake="",
            mgrs_tile="",
            baseline="",
            bounds=(west, south, west + _SCENE_M, south + _SCENE_M),
            assets={band: Asset(href="", scale=1.0) for band in RADAR_BANDS},
            checksum=hashlib.sha256(recipe.encode()).hexdigest(),
            orbit=f"{state} {orbit}",
        )

    def read_power(self, item: SceneItem, window: Window) -> dict[str, np.ndarray]:
        """Return VV and VH; the land cover is that of the day."""
        out = {band: np.full(window.shape, np.nan, np.float32) for band in RADAR_BANDS}
        grid = self.landscape.grid
        part = window.intersect(grid.window_of_bounds(item.bounds))
        if part is None:
            return out
        day = item.acquired.date()
        made = backscatter(
            self.landscape.truth_class(part, day),
            part,
            grid.pixel_m,
            look=days_since_epoch(day),
            month=day.month,
            seed=self.landscape.seed,
        )
        for band in RADAR_BANDS:
            out[band][part.slices_in(window)] = made[band]
        return out
