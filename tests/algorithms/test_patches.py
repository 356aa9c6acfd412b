"""Tests of habitat.algorithms.patches."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import label

from habitat.algorithms.cell_counts import TileCells, ValueCounts
from habitat.algorithms.joining import join
from habitat.algorithms.patches import PatchFacts, main_patch, merge_patches, patch_facts
from habitat.domain.cells import CellGrid
from habitat.domain.grid import Grid, Window

GRID, CELLS = Grid(32652, 20, 32), CellGrid(32652, 120)
EIGHT = np.ones((3, 3))


def facts(labels, n, window):
    i_n, ie = CELLS.rows(GRID, window), CELLS.columns(GRID, window)
    rows = np.arange(window.row, window.row + window.height)[:, np.newaxis]
    area = 4 * 10**8 + rows + 0 * np.arange(ie.min(), ie.max() + 1)
    return patch_facts(labels, n, window, TileCells(i_n, ie, area.astype(np.int64)))


def table(patches):
    return patches.ids(), patches.pixels.tolist(), patches.area_mm2.tolist()


@given(st.integers(0, 2**32 - 1), st.integers(1, 19))
def test_patches_joined_over_tiles_equal_those_of_the_whole(seed, cut):
    mask = np.random.default_rng(seed).random((16, 20)) < 0.35
    whole_window = Window(-100, 40, 16, 20)
    labels, n = label(mask, EIGHT)
    whole, _ = merge_patches([facts(labels, n, whole_window)], np.arange(n))
    left, n_left = label(mask[:, :cut], EIGHT)
    right, n_right = label(mask[:, cut:], EIGHT)
    pairs = {
        (left[y, -1] - 1, n_left + right[y + d, 0] - 1)
        for y in range(16)
        for d in (-1, 0, 1)
        if 0 <= y + d < 16 and left[y, -1] and right[y + d, 0]
    }
    groups = join(n_left + n_right, np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2))
    parts = [
        facts(left, n_left, Window(-100, 40, 16, cut)),
        facts(right, n_right, Window(-100, 40 + cut, 16, 20 - cut)),
    ]
    joined, patch_of_node = merge_patches(parts, groups)
    assert table(joined) == table(whole)
    of_left = np.append(-1, patch_of_node[:n_left])[left]
    assert (np.bincount(of_left[of_left >= 0], minlength=len(joined.pixels)) <= joined.pixels).all()


def test_a_patch_is_named_after_its_northernmost_then_westernmost_pixel():
    labels = np.array([[0, 0, 1, 0], [2, 0, 1, 1], [2, 2, 0, 0]], np.int32)
    patches, of_node = merge_patches([facts(labels, 3, Window(-10, 5, 3, 4))], np.array([0, 1, 2]))
    assert patches.ids() == ["r-10c7", "r-9c5"]
    assert patches.pixels.tolist() == [3, 3]
    assert of_node.tolist() == [0, 1, -1]


def test_the_minimum_area_is_inclusive():
    area = np.array([5 * 10**12 - 1, 5 * 10**12])
    patches = PatchFacts(area, area, area, area)
    assert patches.at_least(5).tolist() == [False, True]


def test_no_patches_are_no_error():
    patches, of_node = merge_patches(
        [facts(np.zeros((2, 2), np.int32), 0, Window(0, 0, 2, 2))], np.zeros(0, np.int64)
    )
    assert patches.ids() == []
    assert len(of_node) == 0


def test_the_patch_that_covers_most_of_a_cell_is_its_patch():
    columns = [np.array(x, np.int64) for x in ([0, 0, 2, 2], [3, 4, 1, 0], [1, 1, 1, 1])]
    counts = ValueCounts(*columns, np.array([10, 20, 7, 7]))
    assert main_patch(counts, 4).tolist() == [4, -1, 0, -1]
