import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.people_limits import limited_by_people


def test_pixels_nearer_than_the_distance_are_limited():
    road = np.zeros((1, 7), bool)
    road[0, 3] = True
    # Centres lie 0, 20, 40 and 60 m away; 40 is not nearer than 40.
    assert limited_by_people([(road, 40)], 20).tolist() == [[0, 0, 1, 1, 1, 0, 0]]
    assert limited_by_people([(road, 41)], 20).tolist() == [[0, 1, 1, 1, 1, 1, 0]]


def test_each_kind_has_its_own_distance_and_none_limits_nothing():
    road, village = np.zeros((2, 1, 6), bool)
    road[0, 0] = village[0, 5] = True
    both = limited_by_people([(road, 10), (village, 30)], 20)
    assert both.tolist() == [[1, 0, 0, 0, 1, 1]]
    assert not limited_by_people([(np.zeros((3, 3), bool), 1000)], 20).any()


def test_the_distance_is_that_of_a_circle():
    road = np.zeros((5, 5), bool)
    road[2, 2] = True
    # sqrt(2) pixels are 28.3 m.
    near = limited_by_people([(road, 28.3)], 20)
    assert near.sum() == 9
    assert limited_by_people([(road, 28.2)], 20).sum() == 5


@given(st.integers(0, 2**32 - 1))
def test_it_does_not_depend_on_the_tiling(seed):
    road = np.random.default_rng(seed).random((30, 30)) < 0.01
    whole = limited_by_people([(road, 70)], 20)
    part = limited_by_people([(road[6:24, 6:24], 70)], 20)
    assert (part[4:-4, 4:-4] == whole[10:20, 10:20]).all()
