import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.sampling import (
    block_id,
    cap_per_class,
    draw_per_class,
    draw_share,
    join_points,
    pixel_hash,
)
from habitat.domain.grid import Window

WINDOW = Window(-1000, 50, 120, 160)


@pytest.fixture(scope="module")
def class_map():
    return np.random.default_rng(1).choice(
        np.array([0, 1, 2, 3, 255], np.uint8), WINDOW.shape, p=[0.1, 0.5, 0.3, 0.05, 0.05]
    )


def cells(points):
    return set(zip(points.row.tolist(), points.col.tolist(), points.code.tolist(), strict=True))


def quarters(class_map, at_row, at_col):
    for rows in (slice(0, at_row), slice(at_row, None)):
        for cols in (slice(0, at_col), slice(at_col, None)):
            part = class_map[rows, cols]
            if part.size:
                row, col = WINDOW.row + (rows.start or 0), WINDOW.col + (cols.start or 0)
                yield part, Window(row, col, *part.shape)


@given(st.integers(0, 120), st.integers(0, 160))
def test_the_draw_does_not_depend_on_the_tiling(class_map, at_row, at_col):
    shares = {1: 0.02, 3: 0.5}
    whole = draw_share(class_map, WINDOW, shares=shares, seed=4)
    parts = [
        draw_share(a, w, shares=shares, seed=4) for a, w in quarters(class_map, at_row, at_col)
    ]
    joined = join_points(parts)
    assert np.array_equal(joined.row, whole.row)
    assert np.array_equal(joined.col, whole.col)
    assert np.array_equal(joined.code, whole.code)


@given(st.integers(0, 120), st.integers(0, 160), st.integers(1, 40))
def test_the_capped_draw_of_the_parts_is_the_draw_of_the_whole(class_map, at_row, at_col, n_max):
    how = {"codes": (1, 2, 3), "n_max": n_max, "seed": 7}
    whole = draw_per_class(class_map, WINDOW, **how)
    parts = [draw_per_class(a, w, **how) for a, w in quarters(class_map, at_row, at_col)]
    assert cells(cap_per_class(join_points(parts), n_max=n_max, seed=7)) == cells(whole)
    assert np.bincount(whole.code, minlength=4)[1:4].tolist() == [n_max] * 3


def test_points_carry_the_class_of_their_pixel_and_never_the_unobserved(class_map):
    points = draw_share(class_map, WINDOW, shares={1: 1.0, 2: 0.1}, seed=0)
    seen = class_map[points.row - WINDOW.row, points.col - WINDOW.col]
    assert np.array_equal(seen, points.code)
    assert set(np.unique(points.code)) == {1, 2}
    assert (points.code == 1).sum() == (class_map == 1).sum()


def test_the_share_drawn_is_near_the_share_asked(class_map):
    points = draw_share(class_map, WINDOW, shares={1: 0.25}, seed=3)
    n = (class_map == 1).sum()
    assert abs(len(points) - 0.25 * n) < 4 * np.sqrt(n * 0.25 * 0.75)


def test_another_seed_gives_another_draw_and_a_small_share_lies_within_a_larger(class_map):
    first, second = (draw_share(class_map, WINDOW, shares={1: 0.1}, seed=s) for s in (1, 2))
    more = draw_share(class_map, WINDOW, shares={1: 0.2}, seed=1)
    assert len(cells(first) & cells(second)) < 0.3 * len(first)
    assert cells(first) < cells(more)


def test_hash_bits_are_even_and_neighbours_do_not_resemble_each_other():
    row, col = np.mgrid[-64:64, -64:64]
    bits = pixel_hash(row, col, seed=0)
    share = [(bits >> np.uint64(b) & np.uint64(1)).mean() for b in range(64)]
    assert np.abs(np.array(share) - 0.5).max() < 0.02
    uniform = (bits >> np.uint64(32)).astype(float)
    for a, b in ((uniform[1:], uniform[:-1]), (uniform[:, 1:], uniform[:, :-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.04
    assert np.unique(bits).size == bits.size


def test_blocks_are_squares_of_the_projected_plane():
    x = np.array([0.0, 4999.9, 5000.0, -0.1, 0.0])
    y = np.array([0.0, 4999.9, 0.0, 0.0, -0.1])
    found = block_id(x, y, block_m=5000)
    assert found[0] == found[1]
    assert np.unique(found).size == 4
    assert found.dtype == np.int64
    with pytest.raises(ValueError, match="positive"):
        block_id(x, y, block_m=0)


def test_an_empty_join_and_an_absent_class_give_no_points(class_map):
    assert len(join_points([])) == 0
    assert len(draw_per_class(class_map, WINDOW, codes=(9,), n_max=5, seed=0)) == 0


@pytest.mark.parametrize("shares", [{0: 0.5}, {255: 0.5}, {1: 1.5}, {1: -0.1}])
def test_shares_that_mean_nothing_are_refused(class_map, shares):
    with pytest.raises(ValueError, match="expected"):
        draw_share(class_map, WINDOW, shares=shares, seed=0)


def test_a_map_of_another_shape_than_its_window_is_refused(class_map):
    with pytest.raises(ValueError, match="shape"):
        draw_share(class_map[1:], WINDOW, shares={1: 0.5}, seed=0)
