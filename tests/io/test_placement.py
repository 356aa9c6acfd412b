import numpy as np
import pytest
from pyproj import Transformer

from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.resample import Copy, Interpolate, Mean
from habitat.io.scenes.placement import place, reproject_bounds
from habitat.io.scenes.scene_raster import RasterHeader

GRID = Grid(32652, 20)
WINDOW = Window(-240_000, 25_000, 300, 300)


def header(epsg=32652, pixel=20.0, x0=499_980.0, y0=4_800_000.0, size=5490):
    return RasterHeader(epsg, x0, y0, pixel, pixel, size, size, ("uint16",), 0)


@pytest.mark.parametrize(
    ("raster", "kind"),
    [
        (header(), Copy),
        (header(pixel=60.0, size=1830), Copy),
        (header(pixel=10.0, size=10980), Mean),
        (header(pixel=5.0), Mean),
        (header(x0=499_985.0), Interpolate),
        (header(pixel=20.001), Interpolate),
        (header(pixel=30.0), Interpolate),
        (header(epsg=32653, x0=0.0), Interpolate),
    ],
)
def test_a_raster_is_copied_averaged_or_interpolated_by_how_it_lies(raster, kind):
    assert isinstance(place(raster, GRID, WINDOW), kind)


def test_a_shift_of_one_pixel_moves_the_copy_by_one_pixel():
    first, second = place(header(), GRID, WINDOW), place(header(x0=500_000.0), GRID, WINDOW)
    assert second.rect.col == first.rect.col - 1
    assert second.rect.row == first.rect.row


def test_positions_in_the_next_zone_are_exact_to_a_centimetre():
    raster = header(epsg=32653, x0=0.0, y0=4_830_000.0)
    found = place(raster, GRID, WINDOW)
    to_53 = Transformer.from_crs(32652, 32653, always_xy=True)
    x, y = to_53.transform(*np.meshgrid(GRID.x(WINDOW), GRID.y(WINDOW)))
    row = found.corner // found.rect.width + found.rect.row + found.down
    col = found.corner % found.rect.width + found.rect.col + found.right
    assert np.abs((raster.y0 - y) / 20 - 0.5 - row).max() * 20 < 0.01
    assert np.abs((x - raster.x0) / 20 - 0.5 - col).max() * 20 < 0.01


def test_much_finer_pixels_are_refused():
    with pytest.raises(SceneError, match="at most 10 times finer"):
        place(header(pixel=0.7), GRID, WINDOW)


def test_a_crs_that_does_not_reach_here_is_refused():
    with pytest.raises(SceneError, match="expected a CRS that covers"):
        place(header(epsg=3031), Grid(32652, 20), Window(-(10**8), 10**8, 3, 3))


def test_reprojected_bounds_hold_the_edges_and_not_just_the_corners():
    box = (300_000.0, 4_700_000.0, 700_000.0, 4_800_000.0)
    _, south, _, north = reproject_bounds(box, 32652, 4326)
    to_degrees = Transformer.from_crs(32652, 4326, always_xy=True)
    assert north >= to_degrees.transform(500_000.0, 4_800_000.0)[1] - 1e-9
    assert south <= to_degrees.transform(300_000.0, 4_700_000.0)[1]
    assert reproject_bounds(box, 32652, 32652) == box
