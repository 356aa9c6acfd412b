"""Tests of habitat.algorithms.cell_counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.cell_counts import (
    CellCounts,
    CodeLayer,
    TileCells,
    ValueCounts,
    ValueLayer,
    count_cells,
    merge_counts,
    pixel_median,
    weighted_mean,
)
from habitat.domain.cells import CellGrid
from habitat.domain.grid import Grid, Window

GRID = Grid(32652, 20, 32)
CELLS = CellGrid(32652, 120)
WHOLE = Window(-40, -25, 64, 90)


def where(window):
    """Cells of a window, with areas that differ by row and by column of cells."""
    i_n, ie = CELLS.rows(GRID, window), CELLS.columns(GRID, window)
    rows = np.arange(window.row, window.row + window.height)
    area = 4 * 10**8 + 7 * rows[:, np.newaxis] + 13 * np.arange(ie.min(), ie.max() + 1)
    return TileCells(i_n, ie, area.astype(np.int64))


def count(window, codes, values):
    crop = window.slices_in(WHOLE)
    return count_cells(
        where(window),
        {"a": CodeLayer(codes[crop], 4)},
        {"v": ValueLayer(values[crop], -1)},
    )


def same(a, b):
    left, right = a.to_arrays(), b.to_arrays()
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)


@given(st.integers(0, 2**32 - 1), st.integers(1, 63), st.integers(1, 89))
def test_tiles_add_up_to_the_whole_in_any_order(seed, cut_row, cut_col):
    rng = np.random.default_rng(seed)
    codes = rng.choice(np.array([0, 1, 2, 3, 255], np.uint8), WHOLE.shape)
    values = rng.integers(-1, 5, WHOLE.shape).astype(np.int32)
    values[:, :20] = -1
    codes[:, :20] = 255
    tiles = [
        Window(WHOLE.row + r, WHOLE.col + c, h, w)
        for r, h in ((0, cut_row), (cut_row, WHOLE.height - cut_row))
        for c, w in ((0, cut_col), (cut_col, WHOLE.width - cut_col))
    ]
    parts = [count(tile, codes, values) for tile in tiles]
    whole = count(WHOLE, codes, values)
    assert same(merge_counts(parts), whole)
    assert same(merge_counts([parts[i] for i in rng.permutation(4)]), whole)
    assert same(merge_counts([merge_counts(parts[:2]), merge_counts(parts[2:])]), whole)
    assert whole.codes["a"].pixels.sum() == (codes < 4).sum()
    assert whole.codes["a"].area_mm2.sum() == where(WHOLE).pixel_area_mm2()[codes < 4].sum()
    assert same(CellCounts.from_arrays(whole.to_arrays()), whole)


def test_a_pixel_is_counted_in_the_cell_that_covers_it():
    codes = np.full(WHOLE.shape, 255, np.uint8)
    codes[3, 4] = 2
    counts = count(WHOLE, codes, np.full(WHOLE.shape, -1, np.int32))
    x = (WHOLE.col + 4 + 0.5) * GRID.pixel_m
    y = -(WHOLE.row + 3 + 0.5) * GRID.pixel_m
    assert counts.cells.tolist() == [[y // 120, x // 120]]
    assert counts.codes["a"].pixels.tolist() == [[0, 0, 1, 0]]


def test_parts_with_other_layers_are_refused():
    cells = np.zeros((0, 2), np.int64)
    empty = ValueCounts(*(np.zeros(0, np.int64) for _ in range(4)))
    with pytest.raises(ValueError, match="v"):
        merge_counts([CellCounts(cells), CellCounts(cells, {}, {"v": empty})])


def test_weights_that_do_not_fit_the_cells_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        TileCells(np.array([5, 5]), np.array([7, 8, 9]), np.ones((2, 2), np.int64))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(1, 4)), max_size=30))
def test_median_and_mean_equal_those_of_the_pixels(rows):
    table = {(cell, value): n for cell, value, n in rows}
    keys = sorted(table)
    n = np.array([table[k] for k in keys], np.int64)
    cell, value = (np.array([k[i] for k in keys], np.int64) for i in (0, 1))
    counts = ValueCounts(cell, value, n, n * 1000)
    median, mean = pixel_median(counts, 5), weighted_mean(counts, 5)
    for c in range(5):
        pixels = np.repeat(value[cell == c], n[cell == c])
        if len(pixels):
            assert median[c] == np.median(pixels)
            assert mean[c] == pytest.approx(pixels.mean(), rel=1e-12)
        else:
            assert np.isnan(median[c])
            assert np.isnan(mean[c])


def test_renamed_values_are_added_or_dropped():
    columns = [np.array(x, np.int64) for x in ([0, 0, 0, 1], [1, 2, 3, 3], [5, 6, 7, 8])]
    counts = ValueCounts(*columns, columns[2] * 10)
    renamed = counts.renamed(np.array([-1, 4, 4, -1]))
    assert renamed.value.tolist() == [4]
    assert renamed.pixels.tolist() == [11]
    assert renamed.area_mm2.tolist() == [110]
