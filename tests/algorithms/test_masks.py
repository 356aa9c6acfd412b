"""Tests of habitat.algorithms.masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.kernels.states import dilate
from habitat.algorithms.masks import HALO_PX, MaskRules, observation_state
from habitat.domain.bands import State

FOREST = {"B03": 500, "B04": 300, "B8A": 3000, "B11": 1500, "B12": 700}
NO_GROWTH = MaskRules(dilate_px=0)


def scene(shape, **changes):
    return {name: np.full(shape, dn, np.uint16) for name, dn in {**FOREST, **changes}.items()}


def one_pixel(code, kind="scl", **changes):
    mask = np.full((1, 1), code, np.uint8)
    return State(observation_state(mask, kind, scene((1, 1), **changes), NO_GROWTH)[0, 0])


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (0, State.NO_DATA),
        (1, State.NO_DATA),
        (2, State.CLEAR),
        (3, State.SHADOW),
        (4, State.CLEAR),
        (5, State.CLEAR),
        (6, State.CLEAR),
        (7, State.CLOUD),
        (8, State.CLOUD),
        (9, State.CLOUD),
        (10, State.CLOUD),
        (11, State.SNOW),
        (255, State.NO_DATA),
    ],
)
def test_each_scene_class_has_its_state(code, state):
    assert one_pixel(code) == state


@pytest.mark.parametrize(("percent", "state"), [(39, State.CLEAR), (40, State.CLOUD)])
def test_a_cloud_probability_of_40_per_cent_is_cloud(percent, state):
    assert one_pixel(percent, "cloud_probability") == state


def test_zero_in_any_band_is_no_data_and_a_clamped_one_is_observed():
    assert one_pixel(4, B04=0) == State.NO_DATA
    assert one_pixel(9, B04=0) == State.NO_DATA
    assert one_pixel(4, B04=1) == State.CLEAR
    assert one_pixel(0, "none", B04=1) == State.CLEAR
    assert one_pixel(0, "none", B04=0) == State.NO_DATA


def test_without_a_mask_shadow_and_snow_are_found_where_the_bands_show_them():
    snow = {"B03": 6000, "B04": 6000, "B8A": 5500, "B11": 800}
    shade = {"B03": 200, "B04": 150, "B8A": 700, "B11": 300, "B12": 200}
    land = {"B03": 500, "B04": 300, "B8A": 3000, "B11": 1600, "B12": 700}
    assert one_pixel(0, "none", **snow) == State.SNOW
    assert one_pixel(0, "none", **shade) == State.SHADOW
    assert one_pixel(0, "none", **land) == State.CLEAR


def test_bright_green_with_dark_swir_is_snow_but_water_is_not():
    assert one_pixel(5, B03=6000, B11=1000) == State.SNOW
    assert one_pixel(10, "cloud_probability", B03=6000, B11=1000) == State.SNOW
    assert one_pixel(6, B03=800, B11=100, B8A=300, B12=60) == State.CLEAR
    assert one_pixel(9, B03=6000, B11=1000) == State.CLOUD


def test_dark_ground_is_shadow_but_water_and_char_are_not():
    dark = {"B03": 250, "B8A": 900, "B11": 500, "B12": 300}
    assert one_pixel(5, "cloud_probability", **dark) == State.SHADOW
    assert one_pixel(2, **dark) == State.SHADOW
    assert one_pixel(4, **dark) == State.CLEAR
    char = {**dark, "B12": 1000}
    assert one_pixel(5, "cloud_probability", **char) == State.CLEAR
    water = {"B03": 400, "B8A": 200, "B11": 80, "B12": 50}
    assert one_pixel(5, "cloud_probability", **water) == State.CLEAR


def test_clouds_and_shadows_grow_by_a_square_and_snow_does_not():
    mask = np.full((9, 9), 4, np.uint8)
    mask[4, 4] = 9
    state = observation_state(mask, "scl", scene(mask.shape))
    assert (state[1:8, 1:8] == State.CLOUD).all()
    assert (state == State.CLOUD).sum() == 49
    mask[4, 4] = 11
    assert (observation_state(mask, "scl", scene(mask.shape)) == State.SNOW).sum() == 1
    mask[4, 4] = 3
    assert (observation_state(mask, "scl", scene(mask.shape)) == State.SHADOW).sum() == 49


def test_a_code_that_the_mask_cannot_have_is_refused():
    with pytest.raises(ValueError, match="12"):
        one_pixel(12)
    with pytest.raises(ValueError, match="101"):
        one_pixel(101, "cloud_probability")
    with pytest.raises(ValueError, match="fmask"):
        one_pixel(1, "fmask")


@given(st.integers(0, 2**32 - 1), st.sampled_from(["scl", "cloud_probability"]))
def test_a_window_with_its_halo_equals_the_whole(seed, kind):
    rng = np.random.default_rng(seed)
    top = 12 if kind == "scl" else 101
    mask = rng.integers(0, top, (30, 40)).astype(np.uint8)
    mask[rng.random(mask.shape) < 0.9] = 4
    bands = {name: rng.integers(0, 4000, mask.shape).astype(np.uint16) for name in FOREST}
    whole = observation_state(mask, kind, bands)
    window = np.s_[10 - HALO_PX : 20 + HALO_PX, 15 - HALO_PX : 30 + HALO_PX]
    part = observation_state(mask[window], kind, {n: b[window] for n, b in bands.items()})
    assert (part[HALO_PX:-HALO_PX, HALO_PX:-HALO_PX] == whole[10:20, 15:30]).all()


@given(st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_dilation_is_the_chebyshev_ball(seed, radius):
    mask = np.random.default_rng(seed).random((9, 11)) < 0.05
    y, x = np.indices(mask.shape)
    points = np.argwhere(mask)
    expected = np.zeros_like(mask)
    for py, px in points:
        expected |= np.maximum(abs(y - py), abs(x - px)) <= radius
    assert (dilate(mask, radius) == expected).all()
