"""Which looks of a plan could be bought, what each costs, and how clear it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely

from habitat.algorithms.look_choice import Offers
from habitat.algorithms.masks import HALO_PX
from habitat.domain.bands import S2_BANDS, SCL_TO_STATE, State
from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import SeasonTable, days_since_epoch
from habitat.domain.processing_units import Bill
from habitat.io.sentinelhub.sentinelhub_catalogue import Acquisition
from habitat.io.sentinelhub.sentinelhub_cover import Cover
from habitat.io.sentinelhub.sentinelhub_image import decode
from habitat.io.sentinelhub.sentinelhub_requests import Order, bill_of, order
from habitat.io.sentinelhub.sentinelhub_shop import Wish
from habitat.io.sentinelhub.sentinelhub_source import SentinelHubSource
from habitat.io.vector.aoi import Aoi, rasterise
from habitat.pipeline.ops import TileOp
from habitat.pipeline.plan import Plan

#: Rectangles reach at least so far past the AOI, so that pipelines of one AOI share them [px].
REACH_PX = 8
#: Pixel size of the cheap look by which the others are chosen [m].
PRECHECK_M = 60
#: A footprint of the catalogue is believed this far inside its edge [m].
CERTAIN_M = 2_000.0
#: Clear pixels of a cheap look after which a blank image of the place is a fault.
_CERTAIN_PX = 25
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """One acquisition in one rectangle."""

    acquisition: Acquisition
    bands: tuple[str, ...]
    window: Window

    @property
    def bill(self) -> Bill:
        """What it costs."""
        return bill_of(self.window, self.bands)

    def wish(self, source: SentinelHubSource, *, clear: bool) -> Wish:
        """Return the image to buy; ``clear`` where a cheap look saw land in it."""
        made = source.order(self.acquisition, self.bands, self.window)
        return _wish(made, self.acquisition, clear=clear)


def reach_of(plan: Plan) -> int:
    """Return how far past the AOI a plan looks at scenes [px]."""
    return max(
        [REACH_PX, *(op.scene_halo_px + HALO_PX for op in plan.ops if isinstance(op, TileOp))]
    )


def candidates(plan: Plan, source: SentinelHubSource) -> list[Candidate]:
    """Return all looks that the scene sets of a plan ask for, by time, then place.

    An acquisition in several sets is asked for once, with the bands of all.
    """
    asked: dict[str, set[str]] = {}
    for found in plan.ctx.scene_sets.values():
        for item in () if found.radar else found.items:
            asked.setdefault(item.item_id, set()).update(found.bands)
    covers: dict[tuple[str, ...], tuple[Window, ...]] = {}
    made: list[Candidate] = []
    for item_id in sorted(asked, key=lambda i: (source.found[i].first, i)):
        acquisition = source.found[item_id]
        bands = tuple(name for name in S2_BANDS if name in asked[item_id])
        if bands not in covers:
            covers[bands] = rectangles(plan.ctx.aoi, plan.ctx.grid, len(bands), reach_of(plan))
        made += [
            Candidate(acquisition, bands, window)
            for window in covers[bands]
            if acquisition.footprint.intersects(shapely.box(*plan.ctx.grid.bounds(window)))
        ]
    return made


def rectangles(aoi: Aoi, grid: Grid, bands: int, reach_px: int) -> tuple[Window, ...]:
    """Return the rectangles of requests for bands and scene classification."""
    return Cover(grid, bands + 1, reach_px).windows(aoi)


def precheck_rectangles(aoi: Aoi, grid: Grid, reach_px: int) -> tuple[Grid, tuple[Window, ...]]:
    """Return grid and rectangles of the cheap look, which holds the others."""
    coarse = Grid(grid.epsg, PRECHECK_M)
    reach = math.ceil((reach_px + 1) * grid.pixel_m / PRECHECK_M)
    return coarse, Cover(coarse, 1, reach).windows(aoi)


class Precheck:
    """Scene classifications at 60 m: how clear the AOI is in each rectangle."""

    def __init__(self, plan: Plan, source: SentinelHubSource) -> None:
        self._source, self._fine = source, source.grid
        self._grid, self._windows = precheck_rectangles(plan.ctx.aoi, source.grid, reach_of(plan))
        self._extent = self._windows[0]
        for window in self._windows[1:]:
            self._extent = self._extent.union(window)
        self._inside = rasterise(plan.ctx.aoi.geometry, self._grid, self._extent)

    def wishes(self, acquisition: Acquisition) -> list[Wish]:
        """Return the images of one acquisition."""
        return [
            _wish(self._order(acquisition, window), acquisition, clear=False)
            for window in self._windows
            if acquisition.footprint.intersects(shapely.box(*self._grid.bounds(window)))
        ]

    def _order(self, acquisition: Acquisition, window: Window) -> Order:
        time = acquisition.first, acquisition.last
        return order(self._source.service, self._grid, window, (), time)

    def clear(self, acquisition: Acquisition) -> np.ndarray:
        """Return where an acquisition that was bought is clear, bool over the extent."""
        scl = np.zeros(self._extent.shape, np.uint8)
        for wish in self.wishes(acquisition):
            body = self._source.cache.get(wish.order.key)
            if body is None:
                raise SceneError(
                    f"{wish.label}: expected the cheap look in {self._source.folder}, found none "
                    "or a damaged one. The same command buys it."
                )
            scl[wish.order.window.slices_in(self._extent)] = decode(body, wish.order).scl
        clear: np.ndarray = SCL_TO_STATE[scl] == State.CLEAR
        return clear

    def count(self, clear: np.ndarray, window: Window) -> tuple[int, int, bool]:
        """Return clear pixels of the AOI in a rectangle, pixels of the AOI in it, and a verdict.

        The verdict: so many clear pixels lie in it that no image of it can be blank.
        A rectangle without a pixel centre of the AOI (a corner of the halo) counts all its pixels
        and those around it.
        """
        part = self._centres(window).intersect(self._extent)
        if part is not None:
            here = part.slices_in(self._extent)
            area = int(self._inside[here].sum())
            if area:
                certain = int(clear[here].sum()) >= _CERTAIN_PX
                return int((clear[here] & self._inside[here]).sum()), area, certain
        around = self._centres(window).pad(1).intersect(self._extent)
        if around is None:
            return 0, 0, False
        here = around.slices_in(self._extent)
        return int(clear[here].sum()), int(clear[here].size), False

    def _centres(self, window: Window) -> Window:
        """Return the coarse pixels whose centres lie in a window of the fine grid."""
        x_min, y_min, x_max, y_max = self._fine.bounds(window)
        col, right = (math.ceil(x / PRECHECK_M - 0.5) for x in (x_min, x_max))
        row, bottom = (math.ceil(y / PRECHECK_M - 0.5) for y in (-y_max, -y_min))
        return Window(row, col, bottom - row, right - col)


def _wish(made: Order, acquisition: Acquisition, *, clear: bool) -> Wish:
    """Return a wish; the middle of a footprint, and what a cheap look saw, cannot be blank."""
    box = shapely.box(*made.grid.bounds(made.window))
    seen = clear or acquisition.footprint.buffer(-CERTAIN_M).contains(box)
    window = made.window
    label = f"{acquisition.item.item_id} {made.grid.pixel_m} m row {window.row} col {window.col}"
    return Wish(made, label, bool(seen))


def offers_of(
    looks: Sequence[Candidate], seasons: SeasonTable, precheck: Precheck | None
) -> tuple[Offers, np.ndarray]:
    """Return looks as columns, and bool ``(n,)`` where a blank image would be a fault.

    Without a cheap look nothing is known to be clear.
    """
    places: dict[tuple[tuple[str, ...], Window], int] = {}
    rows = []
    clear, last = np.zeros((0, 0), bool), ""
    for look in looks:
        if precheck is not None and look.acquisition.item.item_id != last:
            last = look.acquisition.item.item_id
            clear = precheck.clear(look.acquisition)
        day = look.acquisition.item.acquired.date()
        place = places.setdefault((look.bands, look.window), len(places))
        counted = (0, 0, False) if precheck is None else precheck.count(clear, look.window)
        price = round(look.bill.units * _MICRO)
        rows.append((days_since_epoch(day), place, *counted, price, in_fire_season(seasons, day)))
    columns = list(zip(*rows, strict=True))
    offers = Offers(
        np.array(columns[0], np.int32),
        np.array(columns[1], np.int32),
        np.array(columns[2], np.int64),
        np.array(columns[3], np.int64),
        np.array(columns[5], np.int64),
        np.array(columns[6], bool),
    )
    return offers, np.array(columns[4], bool)


def in_fire_season(seasons: SeasonTable, day: date) -> bool:
    """Return whether fires run on a day."""
    years = (day.year, day.year + 1)
    return any(day in period for year in years for period in seasons.fire_periods(year))
