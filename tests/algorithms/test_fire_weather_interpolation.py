import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.fire_weather.interpolation import interpolated, neighbours_of

CROSS = np.array([[0.0, 0.0], [2000.0, 0.0], [0.0, 2000.0], [2000.0, 2000.0], [9000.0, 9000.0]])


def test_a_cell_on_a_weather_cell_has_its_weather_even_where_others_are_missing():
    near = neighbours_of(CROSS[:1], CROSS)
    values = np.array([7.25, np.nan, np.nan, np.nan, np.nan])
    assert interpolated(values, near).tolist() == [7.25]


def test_the_middle_of_four_is_their_mean_and_a_missing_one_makes_it_unknown():
    near = neighbours_of(np.array([[1000.0, 1000.0]]), CROSS)
    assert interpolated(np.array([1.0, 2.0, 3.0, 6.0, 99.0]), near)[0] == pytest.approx(3.0)
    assert np.isnan(interpolated(np.array([1.0, np.nan, 3.0, 6.0, 99.0]), near)[0])


def test_weights_go_with_the_inverse_square_of_the_distance():
    near = neighbours_of(np.array([[1000.0, 0.0]]), np.array([[0.0, 0.0], [3000.0, 0.0]]))
    assert near.weight[:, 0].tolist() == pytest.approx([0.8, 0.2])  # 1/1 against 1/4
    assert near.nearest_m.tolist() == [1000.0]


def test_one_weather_cell_speaks_for_all():
    near = neighbours_of(CROSS, CROSS[:1])
    assert interpolated(np.array([[4.0], [5.0]]), near).tolist() == [[4.0] * 5, [5.0] * 5]


@given(st.integers(0, 2**32 - 1))
def test_interpolated_weather_stays_between_its_neighbours_and_cells_do_not_mix(seed):
    draw = np.random.default_rng(seed)
    where, values = draw.uniform(0, 1e5, (30, 2)), draw.normal(size=(3, 30))
    cells = draw.uniform(0, 1e5, (40, 2))
    near = neighbours_of(cells, where)
    found = interpolated(values, near)
    assert (found >= values.min(axis=1)[:, None] - 1e-12).all()
    assert (found <= values.max(axis=1)[:, None] + 1e-12).all()
    part = interpolated(values, neighbours_of(cells[7:19], where))
    assert (part == found[:, 7:19]).all()
