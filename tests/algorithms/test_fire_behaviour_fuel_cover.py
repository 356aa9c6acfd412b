from datetime import date
from pathlib import Path

import numpy as np

from habitat.algorithms.fire_behaviour.fuel_cover import fuel_shares, last_burn
from habitat.io.fire.fire_files import read_fuels

FUELS = read_fuels("border-zone", Path())
NAMES = [fuel.name for fuel in FUELS.fuels]
GRASS, REED, OAK = (NAMES.index(name) for name in ("grass", "reed", "oak_litter"))
SPRING = date(2025, 4, 5)


def shares(cover, burned=None, day=SPRING):
    cover = np.array(cover, dtype=np.uint8)
    burned = np.zeros(cover.shape) if burned is None else np.array(burned)
    return fuel_shares(cover, burned.astype(np.uint32), FUELS, day=day, per_cell=2)


def test_shares_are_of_the_observed_pixels_and_the_rest_is_counted():
    # left cell: oak, reed, water, not observed; right cell: two outside, meadow, crop
    share, observed = shares([[2, 8, 255, 255], [9, 0, 6, 7]])
    assert observed.tolist() == [[0.75, 1.0]]
    third = np.float32(1 / 3)
    assert share[OAK].tolist() == [[third, 0.0]]
    assert share[REED].tolist() == [[third, 0.0]]
    assert share[GRASS].tolist() == [[0.0, 1.0]]


def test_a_cell_of_which_nothing_is_known_has_no_share_and_no_number_by_zero():
    share, observed = shares([[0, 0, 255, 255], [0, 0, 255, 255]])
    assert observed.tolist() == [[0.0, 0.0]]
    assert not share.any()


def test_ground_that_burned_this_spring_or_last_autumn_has_no_fuel():
    share, _ = shares([[6, 6], [6, 2]], [[20250320, 20241105], [20240920, 20241105]])
    assert share[GRASS].tolist() == [[0.25]]  # burned before 1 October: it grew again
    assert share[OAK].tolist() == [[0.0]]  # burned after the leaves fell on 15 October


def test_litter_is_back_with_the_leaf_fall_and_grass_on_the_first_of_october():
    burned = [[20250320, 20250320], [20250320, 20250320]]
    for day, grass, oak in [
        (date(2025, 9, 30), 0.0, 0.0),
        (date(2025, 10, 1), 0.5, 0.0),
        (date(2025, 10, 15), 0.5, 0.5),
    ]:
        share, _ = shares([[6, 6], [2, 2]], burned, day)
        assert (share[GRASS, 0, 0], share[OAK, 0, 0]) == (grass, oak), day


def test_a_burn_after_the_day_is_not_known_yet():
    share, _ = shares([[6, 6], [6, 6]], [[20250406] * 2] * 2)
    assert share[GRASS].tolist() == [[1.0]]


def test_the_last_sure_burn_of_several_fire_years_counts():
    dates = [
        np.array([[20240401, 20240401, 1, 20240401]], dtype=np.uint32),
        np.array([[20250301, 20250501, 1, 4294967295]], dtype=np.uint32),
    ]
    scars = [np.array([[2, 2, 1, 3]], dtype=np.uint8), np.array([[2, 2, 1, 255]], dtype=np.uint8)]
    assert last_burn(dates, scars, SPRING).tolist() == [[20250301, 20240401, 0, 0]]
