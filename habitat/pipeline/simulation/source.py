"""A source of scenes that is computed, with its truth: nothing is read or downloaded."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from habitat.algorithms.landscape.acquisitions import Plan, items_in, unseen
from habitat.algorithms.landscape.fires import (
    CROWN_FIRE,
    FIRE_MODES,
    GRASS_FIRE,
    LITTER_FIRE,
    Burns,
    burns_of_year,
    fire_year_of,
)
from habitat.algorithms.landscape.hotspots import detect
from habitat.algorithms.landscape.noise import Sampling
from habitat.algorithms.landscape.render import render
from habitat.algorithms.landscape.scene import Ground, make_ground, overlays_on
from habitat.algorithms.landscape.sky import sky_of
from habitat.algorithms.landscape.spectra import BANDS
from habitat.algorithms.landscape.stands import REGROWN_YEARS, classes_on
from habitat.domain.errors import ConfigError, SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.hotspots import Hotspots
from habitat.domain.period import Period, date_of_epoch, days_since_epoch
from habitat.domain.scene import NO_NEEDS, RefusedScene, SceneItem, SceneNeeds, resolve_duplicates
from habitat.io.scenes.source import MASK_SCL, ScenePixels

#: ``TruthBurns.burn_date`` and ``severity`` where nothing burned.
UNBURNED_DATE, UNBURNED = 1, 8
#: Lower edge of the crown severities 3, 4 and 5 in share of canopy burned [1].
SEVERITY_EDGES = (0.45, 0.60, 0.82)
#: Windows kept between scenes, and their pixels at most.
_KEEP_WINDOWS, _KEEP_PX = 4, 6_000_000


@dataclass(frozen=True, slots=True, eq=False)
class TruthBurns:
    """What burned in a period; arrays ``(y, x)``.

    Attributes
    ----------
    burn_date : numpy.ndarray
        uint32 YYYYMMDD of the last burn in the period, 1 = unburned.
    severity : numpy.ndarray
        uint8: 1 litter (no canopy effect), 2..5 crown fire, 9 grass and shrub, 8 unburned.
    kind : numpy.ndarray
        uint8: 1 grass, 2 litter, 3 crown, 0 unburned.
    """

    burn_date: np.ndarray
    severity: np.ndarray
    kind: np.ndarray


class _Scenery:
    """One window: its ground, and the fires of each year as they are asked for."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.lock = threading.Lock()
        self.ground: Ground | None = None
        self.burns: dict[tuple[int, bool], Burns] = {}


class _Cache:
    """The last windows; empty again in another process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: OrderedDict[Window, _Scenery] = OrderedDict()

    def __reduce__(self) -> tuple[type["_Cache"], tuple[()]]:
        return _Cache, ()

    def get(self, window: Window) -> _Scenery:
        with self._lock:
            scenery = self._windows.setdefault(window, _Scenery(window))
            self._windows.move_to_end(window)
            while len(self._windows) > 1 and self._too_much():
                self._windows.popitem(last=False)
            return scenery

    def _too_much(self) -> bool:
        pixels = sum(w.height * w.width for w in self._windows)
        return len(self._windows) > _KEEP_WINDOWS or pixels > _KEEP_PX


@dataclass(frozen=True)
class SimulatedSource:
    """Scenes of a landscape whose every pixel is a function of seed and place.

    Any window gives the same bytes as any other that holds the same pixels, in every process.

    Attributes
    ----------
    grid : Grid
        Of the project. Pixels of 10, 20 and 60 m show the same landscape.
    seed : int
        Another seed is another landscape.
    fires : str
        ``usual`` (about 3-8 % of the land a year), ``none``, or ``grass_60`` and ``grass_95``: that
        share of all grass burns on 17 or 18 April of each year, and nothing else does.
    cloudiness : float
        Mean share under cloud, 0 to 1; more of it in summer.
    days : tuple of date
        Days of the passes; empty for one every ``cadence_days``.
    cadence_days : int
        Days between passes.
    """

    grid: Grid
    seed: int = 7
    fires: str = "usual"
    cloudiness: float = 0.35
    days: tuple[date, ...] = ()
    cadence_days: int = 5
    _cache: _Cache = field(default_factory=_Cache, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse parameters that make no landscape."""
        if self.fires not in FIRE_MODES:
            raise ConfigError(f"fires: expected one of {list(FIRE_MODES)}, got {self.fires!r}")
        if not 0 <= self.cloudiness <= 1:
            raise ConfigError(f"cloudiness: expected 0 to 1, got {self.cloudiness}")
        if self.cadence_days < 1:
            raise ConfigError(f"cadence_days: expected 1 or more, got {self.cadence_days}")

    @property
    def simulated(self) -> bool:
        """Always true: every product carries the word SIMULATED."""
        return True

    def available_bands(self) -> tuple[str, ...]:
        """Return the ten bands of 10 and 20 m."""
        return BANDS

    def search(
        self,
        period: Period,
        window: Window,
        needs: SceneNeeds = NO_NEEDS,  # noqa: ARG002  # every item has all bands and a mask
    ) -> tuple[list[SceneItem], list[RefusedScene]]:
        """Return the items of a period that touch a window, as :meth:`SceneSource.search` says."""
        return resolve_duplicates(self.all_items(period, window))

    def all_items(self, period: Period, window: Window) -> list[SceneItem]:
        """Return the items before duplicates are resolved."""
        g = self.grid
        recipe = f"{g.epsg} {g.pixel_m} {self.seed} {self.fires} {self.cloudiness!r}"
        plan = Plan(self.seed, g.epsg, recipe, self.days, self.cadence_days, BANDS)
        return items_in(plan, period, g.bounds(window))

    def read(self, item: SceneItem, bands: Sequence[str], window: Window) -> ScenePixels:
        """Return bands and scene classification of an item, as :meth:`SceneSource.read` says."""
        unknown = [band for band in bands if band not in BANDS]
        if unknown or "_SIM" not in item.item_id:
            raise SceneError(
                f"item {item.item_id}: expected an item of this source and bands of {BANDS}, "
                f"got {list(bands)}"
            )
        out = {band: np.zeros(window.shape, dtype=np.uint16) for band in bands}
        scl = np.zeros(window.shape, dtype=np.uint8)
        part = window.intersect(self.grid.window_of_bounds(item.bounds))
        if part is not None:
            seen_bands, seen_scl = self._render(item, bands, part)
            at = part.slices_in(window)
            scl[at] = seen_scl
            for band in bands:
                out[band][at] = seen_bands[band]
        return ScenePixels(out, scl, MASK_SCL)

    def _render(
        self, item: SceneItem, bands: Sequence[str], window: Window
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        day = days_since_epoch(item.acquired.date())
        hidden = unseen(Sampling.of(window, self.grid.pixel_m), day, item.bounds, self.seed)
        if hidden.all():
            empty = {band: np.zeros(window.shape, dtype=np.uint16) for band in bands}
            return empty, np.zeros(window.shape, dtype=np.uint8)
        scenery = self._cache.get(window)
        ground = self._ground(scenery)
        year = fire_year_of(day)
        burns = self._burns(scenery, year)
        overlays = overlays_on(ground, burns, self._crowns(scenery, year), day, self.seed)
        sky = sky_of(day, self.seed, self.cloudiness)
        made, scl = render(ground, sky, overlays, bands, self.seed)
        for values in (*made.values(), scl):
            values[hidden] = 0
        return made, scl

    def truth_class(self, window: Window, day: date) -> np.ndarray:
        """Return the land cover of a day, uint8 ``(y, x)``, codes of the border-zone legend."""
        scenery = self._cache.get(window)
        ground = self._ground(scenery)
        epoch = days_since_epoch(day)
        crowns = self._crowns(scenery, fire_year_of(epoch))
        classes = classes_on(epoch, ground.cover.classes, ground.felled, crowns)
        return np.ascontiguousarray(ground.inner(classes))

    def truth_burns(self, window: Window, period: Period) -> TruthBurns:
        """Return date, severity and kind of the last burn of each pixel in a period."""
        scenery = self._cache.get(window)
        shape = self._ground(scenery).sampling.shape
        date_, severity = (
            np.full(shape, UNBURNED_DATE, np.uint32),
            np.full(shape, UNBURNED, np.uint8),
        )
        kind = np.zeros(shape, np.uint8)
        first, last = days_since_epoch(period.start), days_since_epoch(period.end)
        for year in range(fire_year_of(first), fire_year_of(last) + 1):
            burns = self._burns(scenery, year)
            burns = burns.take((burns.day >= first) & (burns.day <= last))
            date_.flat[burns.index] = _calendar(burns.day)
            severity.flat[burns.index] = _severity(burns)
            kind.flat[burns.index] = burns.kind
        inner = (slice(1, -1), slice(1, -1))
        return TruthBurns(*(np.ascontiguousarray(a[inner]) for a in (date_, severity, kind)))

    def hotspots(self, period: Period, window: Window) -> Hotspots:
        """Return active-fire detections in a window, most of them of real fires of the truth."""
        return detect(self.grid.bounds(window), period, seed=self.seed, mode=self.fires)

    def terrain(self, window: Window) -> np.ndarray:
        """Return the height above the sea [m], float32 ``(y, x)``."""
        ground = self._ground(self._cache.get(window))
        return np.ascontiguousarray(ground.inner(ground.cover.terrain.elevation))

    def human(self, window: Window) -> np.ndarray:
        """Return where roads and settlements are, bool ``(y, x)``."""
        ground = self._ground(self._cache.get(window))
        return np.ascontiguousarray(ground.inner(ground.cover.human))

    def _ground(self, scenery: _Scenery) -> Ground:
        with scenery.lock:
            if scenery.ground is None:
                scenery.ground = make_ground(scenery.window, self.grid.pixel_m, self.seed)
            return scenery.ground

    def _burns(self, scenery: _Scenery, year: int, *, crown_only: bool = False) -> Burns:
        ground = self._ground(scenery)
        with scenery.lock:
            known = scenery.burns.get((year, crown_only))
            if known is None:
                known = burns_of_year(
                    ground.sampling,
                    ground.cover.classes,
                    year,
                    seed=self.seed,
                    mode=self.fires,
                    crown_only=crown_only,
                )
                scenery.burns[year, crown_only] = known
            return known

    def _crowns(self, scenery: _Scenery, year: int) -> list[Burns]:
        """Return the crown fires of the years that still show, oldest first."""
        years = range(year - REGROWN_YEARS - 1, year + 1)
        return [self._burns(scenery, y, crown_only=True) for y in years]


def _calendar(days: np.ndarray) -> np.ndarray:
    """Return YYYYMMDD, uint32, of days since 1970-01-01."""
    distinct, where = np.unique(days, return_inverse=True)
    table = [int(f"{date_of_epoch(day):%Y%m%d}") for day in distinct.tolist()]
    return np.array(table, dtype=np.uint32)[where]


def _severity(burns: Burns) -> np.ndarray:
    canopy = 2 + np.searchsorted(SEVERITY_EDGES, burns.completeness, side="right")
    choices = {GRASS_FIRE: 9, LITTER_FIRE: 1}
    table = np.array([choices.get(kind, 0) for kind in range(CROWN_FIRE + 1)], dtype=np.uint8)
    return np.where(burns.kind == CROWN_FIRE, canopy, table[burns.kind]).astype(np.uint8)
