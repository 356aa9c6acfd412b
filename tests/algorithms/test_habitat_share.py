"""Tests of habitat.algorithms.habitat_share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.burn_history import BurnHistory
from habitat.algorithms.habitat_share import (
    GAIN_FOREST,
    GAIN_RECOVERY,
    LOSS_BURN,
    LOSS_FOREST,
    LOSS_HUMAN,
    HabitatState,
    check_species,
    core_code,
    core_halo_px,
    core_mask,
    habitat_class,
    halo_px,
    is_habitat,
    joint_code,
    observed_code,
)
from habitat.domain.errors import ConfigError
from habitat.domain.legend import Legend, LegendClass
from habitat.domain.species import Species

TIGER = Species("tiger", "Panthera tigris altaica", (1, 2), (5,), 40, 4, 10, 1, 3, 5, 5, 60, 0.02)
PIXEL_M = 20


def burns(shape, lowered=False, recent=False):
    return BurnHistory(np.full(shape, lowered), np.full(shape, recent))


def classes(cover, **burned):
    cover = np.array(cover, np.uint8)
    return habitat_class(cover, burns(cover.shape, **burned), TIGER, PIXEL_M).tolist()


def test_land_cover_decides_where_nothing_burned():
    assert classes([[1, 2, 6, 7, 0, 255]]) == [[3, 3, 1, 1, 0, 255]]


def test_a_recent_burn_flags_and_a_canopy_killing_burn_lowers():
    cover = [[1, 6, 0, 255]]
    assert classes(cover, recent=True) == [[2, 1, 0, 255]]
    assert classes(cover, lowered=True) == [[1, 1, 0, 255]]
    assert classes(cover, lowered=True, recent=True) == [[1, 1, 0, 255]]
    assert is_habitat(np.array([0, 1, 2, 3, 255], np.uint8)).tolist() == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_shrub_is_habitat_only_near_cover():
    assert classes([[5, 5, 5, 1, 5, 5, 5]]) == [[1, 3, 3, 3, 3, 3, 1]]
    # Two pixels aside and one down are farther than 40 m.
    assert classes([[1, 6, 6], [6, 5, 5]]) == [[3, 1, 1], [1, 3, 1]]
    assert classes([[5, 5]]) == [[1, 1]]
    assert classes([[5, 1]], lowered=True) == [[1, 1]]


@given(st.integers(0, 2**32 - 1))
def test_habitat_and_core_do_not_depend_on_the_tiling(seed):
    rng = np.random.default_rng(seed)
    blocks = rng.choice(
        np.array([0, 1, 5, 6, 255], np.uint8), (10, 12), p=[0.05, 0.5, 0.2, 0.2, 0.05]
    )
    cover = blocks.repeat(5, axis=0).repeat(5, axis=1)
    lowered, recent = rng.random(cover.shape) < 0.02, rng.random(cover.shape) < 0.1
    halo = halo_px(TIGER, PIXEL_M) + core_halo_px(TIGER, PIXEL_M)
    edge_px = TIGER.core_edge_m / PIXEL_M

    def on(window):
        history = BurnHistory(lowered[window], recent[window])
        habitat = habitat_class(cover[window], history, TIGER, PIXEL_M)
        return habitat, core_mask(habitat, edge_px)

    padded = np.s_[15 - halo : 30 + halo, 20 - halo : 45 + halo]
    for whole, part in zip(on(np.s_[:, :]), on(padded), strict=True):
        assert (part[halo:-halo, halo:-halo] == whole[15:30, 20:45]).all()


@pytest.mark.parametrize("edge", [1, 3])
def test_core_equals_the_core_of_mspa(shared_data, edge):
    folder = shared_data / "occupancy-oracle" / "pattern"
    binary = np.loadtxt(folder / "binary.csv", delimiter=",", dtype=np.uint8)
    mspa = np.loadtxt(folder / f"expected_mspa_conn8_edge{edge}.csv", delimiter=",", dtype=int)
    habitat = np.array([0, 1, 3], np.uint8)[binary]
    assert (core_mask(habitat, edge) == (mspa == 17)).all()


def test_core_needs_no_background_and_missing_data_are_no_edge():
    habitat = np.full((5, 5), 3, np.uint8)
    habitat[:, 0] = 0
    assert core_mask(habitat, 2).sum() == 20
    habitat[2, 4] = 1
    core = core_mask(habitat, 1)
    assert not core[2, 3]
    assert core[2, 2]
    assert not core[2, 4]


def state(habitat, lowered):
    return HabitatState(np.array(habitat, np.uint8), np.array(lowered, bool))


def test_each_change_has_its_cause():
    before = state([3, 1, 3, 1, 3, 3, 1, 0, 3, 255], [0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    after = state([3, 1, 2, 3, 1, 1, 3, 3, 0, 255], [0, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    expected = [2, 1, 2, GAIN_FOREST, LOSS_FOREST, LOSS_BURN, GAIN_RECOVERY, 0, 0, 255]
    assert joint_code(before, after).tolist() == expected


def test_people_limit_habitat_and_change_the_share_but_not_the_structure():
    cover, near = np.array([[1, 1, 6, 0]], np.uint8), np.array([[True, False, True, True]])
    code = habitat_class(cover, burns(cover.shape), TIGER, PIXEL_M, near)
    assert code.tolist() == [[2, 3, 1, 0]]
    found = HabitatState(code, np.zeros(code.shape, bool), near)
    assert found.counted.tolist() == [[False, True, False, False]]
    assert is_habitat(code).tolist() == [[True, True, False, False]]


def test_losses_and_gains_by_people_have_their_own_cause():
    def near(habitat, limited, lowered=None):
        limited = np.array(limited, bool)
        lowered = np.zeros(limited.shape, bool) if lowered is None else np.array(lowered, bool)
        return HabitatState(np.array(habitat, np.uint8), lowered, limited)

    # kept; people came; people left; always there; cut beside a road; burned beside a road;
    # forest grew where people were; not observed
    before = near([3, 3, 2, 2, 3, 3, 1, 0], [0, 0, 1, 1, 0, 0, 1, 0])
    after = near([3, 2, 3, 2, 1, 1, 3, 3], [0, 1, 0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 1, 0, 0])
    expected = [2, LOSS_HUMAN, GAIN_RECOVERY, 1, LOSS_FOREST, LOSS_BURN, GAIN_FOREST, 0]
    assert joint_code(before, after).tolist() == expected


def test_observed_and_core_codes_keep_missing_and_outside():
    before, after = np.array([0, 1, 0, 7, 255], np.uint8), np.array([0, 0, 2, 8, 255], np.uint8)
    assert observed_code(before, after).tolist() == [0, 1, 2, 3, 255]
    joint = np.array([0, 255, 1, 2], np.uint8)
    assert core_code(np.array([True, True, False, True]), joint).tolist() == [0, 255, 1, 2]


def test_a_species_must_fit_the_legend():
    legend = Legend("small", (LegendClass(1, "forest", "#000000"), LegendClass(2, "b", "#000001")))
    with pytest.raises(ConfigError, match=r"\[5\]"):
        check_species(TIGER, legend)
