"""Rectangles that cover an AOI tightly: requests are charged by rectangle, empty corners too."""

from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from habitat.domain.grid import Grid, Window
from habitat.domain.processing_units import MAX_SIDE_PX, UNIT_BANDS, UNIT_PX
from habitat.io.vector.aoi import Aoi

#: What a request counts beside its units: both quotas are 10,000 a month, and units run out first.
REQUEST_WEIGHT = 0.1
#: Rectangles are not cut smaller than this [px].
MIN_SIDE_PX = 64
#: Corner of a square of one pixel: how much farther a diagonal halo reaches.
_DIAGONAL = 1.5


@dataclass(frozen=True, slots=True)
class Cover:
    """How to cut an area into requests.

    Attributes
    ----------
    grid : Grid
        Pixels of the requests; rectangles are cut out of its tiles.
    bands : int
        Counted bands of each request.
    reach_px : int
        How far past the AOI pixels are read.
    """

    grid: Grid
    bands: int
    reach_px: int

    def windows(self, aoi: Aoi) -> tuple[Window, ...]:
        """Return rectangles that hold every pixel of the AOI and of its halo, and do not overlap.

        A rectangle is cut in four as long as that lowers units + 0.1 × requests. Each depends on
        the AOI and on its own tile alone, so tiles of one project keep their rectangles.
        """
        reach_m = _DIAGONAL * (self.reach_px + 1) * self.grid.pixel_m
        area = shapely.buffer(aoi.geometry, reach_m, quad_segs=2)
        shapely.prepare(area)
        x_min, y_min, x_max, y_max = area.bounds
        outer = self.grid.window_of_bounds((x_min, y_min, x_max, y_max))
        found: list[Window] = []
        for tile in self.grid.tiles(outer):
            found += self._cut(self.grid.tile_window(tile), area)[0]
        return tuple(found)

    def _cut(self, node: Window, area: BaseGeometry) -> tuple[list[Window], float]:
        """Return the best rectangles within a square, and their price."""
        box = shapely.box(*self.grid.bounds(node))
        if not area.intersects(box):
            return [], 0.0
        inside = area.intersection(box)
        x_min, y_min, x_max, y_max = inside.bounds
        tight = self.grid.window_of_bounds((x_min, y_min, x_max, y_max)).intersect(node)
        if tight is None or not tight.height or not tight.width:
            return [], 0.0
        own = self._price(tight)
        if max(node.shape) < 2 * MIN_SIDE_PX or not inside.area:
            return [tight], own
        parts, price = self._quarters(node, inside)
        if price < own or max(tight.shape) > MAX_SIDE_PX:
            return parts, price
        return [tight], own

    def _quarters(self, node: Window, area: BaseGeometry) -> tuple[list[Window], float]:
        half_y, half_x = node.height // 2, node.width // 2
        parts: list[Window] = []
        price = 0.0
        for row, height in ((0, half_y), (half_y, node.height - half_y)):
            for col, width in ((0, half_x), (half_x, node.width - half_x)):
                quarter = Window(node.row + row, node.col + col, height, width)
                found, cost = self._cut(quarter, area)
                parts += found
                price += cost
        return parts, price

    def _price(self, window: Window) -> float:
        return window.height * window.width / UNIT_PX * self.bands / UNIT_BANDS + REQUEST_WEIGHT
