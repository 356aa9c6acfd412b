"""Fires of many parts, and the least area of published patches."""

import numpy as np
import pytest
from burn_landscape import run as run_scene
from burn_landscape import scene
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import label

from habitat.algorithms.burn.events import (
    Runs,
    in_small_patches,
    join_events,
    published,
    settled,
)
from habitat.algorithms.burn.inputs import BurnParams
from habitat.algorithms.burn.objects import Objects
from habitat.algorithms.burn.scars import BurnLayers
from habitat.domain.hotspots import Hotspots

PARAMS = BurnParams()


def runs_of(ids, row=0, col=0, day_lo=10, day_hi=15):
    """Return the runs of an array of object ids, cut at random places as tiles would."""
    found = []
    for y, line in enumerate(np.asarray(ids)):
        x = 0
        while x < len(line):
            end = x + 1
            while end < len(line) and line[end] == line[x] and end % 7:
                end += 1
            if line[x]:
                found.append((line[x], y + row, x + col, end - x))
            x = end
    columns = np.array(found, dtype=np.int64).reshape(-1, 4).T
    days = np.zeros(columns.shape[1], dtype=np.int64)
    return Runs(*columns, days + day_lo, days + day_hi)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.floats(0.05, 0.7))
def test_small_patches_are_those_that_labelling_finds(seed, min_px, share):
    rng = np.random.default_rng(seed)
    mask = rng.random((15, 23)) < share
    ids = np.where(mask, rng.integers(1, 4, mask.shape), 0)
    runs = runs_of(ids, row=-40, col=-9)
    order = rng.permutation(len(runs.row))
    runs = runs.take(order)
    labels, _ = label(mask, np.ones((3, 3)))
    size = np.bincount(labels.ravel())
    expected = size[labels[runs.row + 40, runs.col + 9]] < min_px
    np.testing.assert_array_equal(in_small_patches(runs, min_px), expected)


def objects_of(n, hits=()):
    zeros = np.zeros(n, np.int64)
    return Objects(
        zeros, zeros, zeros, zeros, zeros, zeros, zeros, zeros, zeros.astype(np.float32), (),
        np.array(hits, np.int64).reshape(-1, 2), np.zeros(0, np.int64),
    )  # fmt: skip


def hotspots_of(power):
    n = np.zeros(len(power))
    return Hotspots(n, n, n.astype("datetime64[s]"), np.array(power, np.float32))


def joined(days, near, hits=(), power=()):
    """Join objects 1..n of one run each, with their first and last days."""
    n = len(days)
    column, lo, hi = np.arange(1, n + 1), *np.array(days).T
    runs = Runs(column, column * 9, column, column * 0 + 30, lo, hi)
    pairs = np.array(near, np.int64).reshape(-1, 2)
    return join_events(runs, pairs, objects_of(n, hits), hotspots_of(power), PARAMS)


@pytest.mark.parametrize(
    ("second", "event"),
    [((12, 20), 1), ((20, 25), 1), ((21, 25), 2), ((5, 30), 1), ((1, 5), 1), ((1, 4), 2)],
)
def test_parts_join_if_no_more_than_five_days_lie_between_them(second, event):
    assert joined([(10, 15), second], [(1, 2)]).event.tolist() == [0, 1, event]


def test_parts_join_over_a_part_between_and_never_without_nearness():
    found = joined([(10, 15), (10, 15), (10, 15), (10, 15)], [(1, 3), (3, 4)])
    assert found.event.tolist() == [0, 1, 2, 1, 1]


def test_an_object_of_which_nothing_is_published_is_no_fire():
    runs = Runs(*np.array([[2], [5], [5], [30], [10], [12]], np.int64))
    nothing = np.zeros((0, 2), np.int64)
    found = join_events(runs, nothing, objects_of(3, [(1, 0)]), hotspots_of([4.0]), PARAMS)
    assert found.event.tolist() == [0, 0, 2, 0]
    assert found.n_hotspots.tolist() == [0, 0, 0, 0]


def test_a_hotspot_of_two_parts_counts_once():
    hits = [(1, 0), (1, 1), (2, 1), (3, 2)]
    found = joined([(10, 15)] * 3, [(1, 2)], hits, [3.0, 9.0, np.nan])
    assert found.event.tolist() == [0, 1, 1, 3]
    assert found.n_hotspots.tolist() == [0, 2, 0, 1]
    np.testing.assert_array_equal(found.max_frp_mw, np.float32([np.nan, 9, np.nan, np.nan]))


@pytest.fixture(scope="module")
def spring():
    """The layers of a spring with about twenty fires, before small patches are dropped."""
    layers, objects, _ = run_scene(scene(1, 200))
    return BurnLayers(**layers), objects


def test_a_dropped_patch_looks_like_land_that_did_not_burn(spring):
    layers, objects = spring
    shown = published(layers) > 0
    dropped = shown & (np.indices(shown.shape)[0] < 100)
    runs = runs_of(np.where(dropped, 0, published(layers)))
    nothing = np.zeros((0, 2), np.int64)
    events = join_events(runs, nothing, objects, hotspots_of([1.0] * 99), PARAMS)
    out = settled(layers, dropped, events)
    assert dropped.any()
    assert np.isin(out.burn_scar[dropped], (1, 4)).all()
    told = dropped & (out.burn_scar == 1)
    untold = dropped & (out.burn_scar == 4)
    for name, yes, no in (
        ("burn_date", 1, 0), ("burn_date_lo", 1, 0), ("burn_date_hi", 1, 0),
        ("times_burned", 0, 255), ("burn_severity", 8, 0),
    ):  # fmt: skip
        assert set(getattr(out, name)[told]) <= {yes}
        assert set(getattr(out, name)[untold]) <= {no}
    assert not out.burn_object[dropped].any()
    for name in ("burn_scar", "burn_date", "times_burned", "burn_severity", "rbr"):
        old, new = getattr(layers, name), getattr(out, name)
        assert old.dtype == new.dtype
        np.testing.assert_array_equal(old[~dropped], new[~dropped])


def test_what_burned_would_else_be_unburned_or_untold(spring):
    layers, _ = spring
    burned = published(layers) > 0
    assert np.isin(layers.unburned_scar[burned], (1, 4)).all()
    np.testing.assert_array_equal(layers.unburned_scar[~burned], layers.burn_scar[~burned])
