"""Pixels, windows, tiles and cells: the same index for the same place in every run."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.domain.cells import CellGrid
from habitat.domain.errors import ConfigError, GridMismatchError
from habitat.domain.grid import Grid, Tile, Window

GRID = Grid(32652, 20, 128)
windows = st.builds(
    Window,
    row=st.integers(-250_000, 250_000),
    col=st.integers(-50_000, 50_000),
    height=st.integers(1, 700),
    width=st.integers(1, 700),
)


def test_a_pixel_has_the_same_index_in_every_window_that_holds_it():
    big = GRID.window_of_bounds((535_000, 4_790_000, 540_000, 4_795_000))
    small = GRID.window_of_bounds((536_010, 4_791_010, 536_050, 4_791_050))
    rows, cols = small.slices_in(big)
    np.testing.assert_array_equal(GRID.x(big)[cols], GRID.x(small))
    np.testing.assert_array_equal(GRID.y(big)[rows], GRID.y(small))


def test_a_window_by_hand_north_of_the_equator_has_negative_rows_that_grow_southward():
    window = GRID.window_of_bounds((40, 60, 100, 120))
    assert window == Window(row=-6, col=2, height=3, width=3)
    assert GRID.bounds(window) == (40.0, 60.0, 100.0, 120.0)
    assert GRID.transform(window) == (20.0, 0.0, 40.0, 0.0, -20.0, 120.0)
    np.testing.assert_array_equal(GRID.x(window), [50, 70, 90])
    np.testing.assert_array_equal(GRID.y(window), [110, 90, 70])


@given(windows)
def test_the_window_of_the_bounds_of_a_window_is_the_window(window):
    assert GRID.window_of_bounds(GRID.bounds(window)) == window


@given(windows)
def test_tiles_cover_a_window_once(window):
    tiles = list(GRID.tiles(window))
    assert len(set(tiles)) == len(tiles)
    parts = [GRID.tile_window(tile).intersect(window) for tile in tiles]
    assert all(part is not None for part in parts)
    assert sum(part.height * part.width for part in parts) == window.height * window.width


@given(windows, windows)
def test_the_common_part_lies_inside_both_and_both_inside_the_union(a, b):
    both = a.intersect(b)
    union = a.union(b)
    a.slices_in(union)
    b.slices_in(union)
    if both is not None:
        both.slices_in(a)
        both.slices_in(b)
    assert (both is None) == (b.intersect(a) is None)


def test_windows_that_only_touch_have_no_common_part():
    assert Window(0, 0, 4, 4).intersect(Window(0, 4, 4, 4)) is None
    assert Window(0, 0, 4, 4).intersect(Window(4, 0, 4, 4)) is None


def test_a_window_that_sticks_out_is_refused():
    with pytest.raises(GridMismatchError, match="does not lie inside"):
        Window(0, 0, 3, 3).slices_in(Window(0, 1, 9, 9))


@pytest.mark.parametrize(("pixel_m", "tile_px"), [(0, 128), (-20, 128), (20, 0)])
def test_sizes_that_cannot_be_a_grid_are_refused(pixel_m, tile_px):
    with pytest.raises(ConfigError, match=f"got {pixel_m} and {tile_px}"):
        Grid(32652, pixel_m, tile_px)


def test_tile_names_sort_as_written_and_tell_south_of_north():
    assert Tile(-234, 28).name == "y-0234x00028"
    assert Tile(0, 0).name == "y00000x00000"


# Cells


def test_the_cell_of_a_place_by_hand():
    cells = CellGrid(32652, 1200)
    assert cells.cell_id(535, 3958) == "32652-1200-E535-N3958"
    assert cells.bounds(535, 3958) == (642_000.0, 4_749_600.0, 643_200.0, 4_750_800.0)


@given(windows, st.sampled_from([120, 400, 1200, 3600]))
def test_every_pixel_centre_lies_in_the_cell_it_is_given(window, cell_m):
    cells = CellGrid(32652, cell_m)
    for index, centre in (
        (cells.columns(GRID, window), GRID.x(window)),
        (cells.rows(GRID, window), GRID.y(window)),
    ):
        assert np.all(index * cell_m < centre)
        assert np.all(centre < (index + 1) * cell_m)


def test_habitat_cells_nest_in_the_occupancy_cell():
    window = GRID.window_of_bounds((530_000, 4_780_000, 550_000, 4_800_000))
    fine = CellGrid(32652, 1200).columns(GRID, window)
    coarse = CellGrid(32652, 3600).columns(GRID, window)
    np.testing.assert_array_equal(fine // 3, coarse)


@pytest.mark.parametrize("cell_m", [0, -1200, 1000, 7200])
def test_a_cell_that_does_not_nest_is_refused(cell_m):
    with pytest.raises(ConfigError, match="divides 3600"):
        CellGrid(32652, cell_m)


def test_cells_that_pixels_do_not_fill_are_refused():
    with pytest.raises(ConfigError, match="multiple of the 25 m pixel"):
        CellGrid(32652, 120).check_grid(Grid(32652, 25))
    with pytest.raises(ConfigError, match="EPSG:32651"):
        CellGrid(32652, 1200).check_grid(Grid(32651, 20))
