"""Tests of habitat.algorithms.kernels.cells."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.kernels.cells import (
    area_by_cell,
    area_by_cell_numpy,
    sum_runs,
    value_counts_by_cell,
    value_runs,
    value_runs_numpy,
)


@st.composite
def tiles(draw):
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 600))
    cell = draw(st.sampled_from([1, 3, 60, 300]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    codes = rng.choice(np.array([0, 1, 2, 5, 6, 7, 8, 9, 20, 255], np.uint8), (height, width))
    row = ((np.arange(height) + draw(st.integers(0, 5))) // cell).astype(np.int32)[::-1]
    row = (row - row.min()).astype(np.int32)
    col = (np.arange(width) // cell).astype(np.int32)
    area = rng.integers(10**8, 10**9, (height, int(col.max()) + 1))
    return codes, row, col, area


@given(tiles(), st.sampled_from([1, 3, 7, 8, 9, 21, 256]))
def test_the_twin_of_area_by_cell_equals_the_kernel(tile, n_codes):
    for ours, twin in zip(
        area_by_cell(*tile, n_codes), area_by_cell_numpy(*tile, n_codes), strict=True
    ):
        assert ours.dtype == np.int64
        assert (ours == twin).all()


@given(tiles())
def test_every_pixel_is_counted_once(tile):
    pixels, area = area_by_cell(*tile, 256)
    codes, _, col, area_mm2 = tile
    assert (pixels.sum(axis=(0, 1)) == np.bincount(codes.ravel(), minlength=256)).all()
    assert area.sum() == area_mm2[:, col].sum()


@given(tiles(), st.sampled_from([0, 7, -1]))
def test_the_twin_of_value_runs_equals_the_kernel(tile, missing):
    codes, *where = tile
    values = codes.astype(np.int32)
    for ours, twin in zip(
        value_runs(values, missing, *where), value_runs_numpy(values, missing, *where), strict=True
    ):
        assert (ours == twin).all()


@given(tiles())
def test_value_counts_equal_the_dense_histogram(tile):
    codes, row, col, area_mm2 = tile
    pixels, area = area_by_cell(codes, row, col, area_mm2, 256)
    cell, value, n, mm2 = value_counts_by_cell(codes.astype(np.uint32), 255, row, col, area_mm2)
    dense = np.zeros((2, pixels.shape[0] * pixels.shape[1], 256), np.int64)
    dense[0, cell, value], dense[1, cell, value] = n, mm2
    pixels, area = pixels.reshape(-1, 256), area.reshape(-1, 256)
    pixels[:, 255] = area[:, 255] = 0
    assert (dense[0] == pixels).all()
    assert (dense[1] == area).all()


def test_runs_of_one_cell_and_value_are_added():
    runs = [np.array(x) for x in ([1, 0, 1], [5, 9, 5], [2, 3, 4], [20, 30, 40])]
    assert [x.tolist() for x in sum_runs(*runs)] == [[0, 1], [9, 5], [3, 6], [30, 60]]
