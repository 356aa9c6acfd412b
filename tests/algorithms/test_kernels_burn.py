"""Kernels of the burn steps equal their NumPy twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from habitat.algorithms.burn.candidates import look_rules
from habitat.algorithms.burn.evidence import scan_rules
from habitat.algorithms.burn.inputs import BurnParams
from habitat.algorithms.kernels import burn, burn_events, burn_looks, burn_reference

RULES = scan_rules(BurnParams())
LOOK_RULES = look_rules(BurnParams())


def random_looks(seed, n_t=14, size=12):
    """Looks that freeze, thaw, expire, melt and flood now and then."""
    rng = np.random.default_rng(seed)
    days = np.cumsum(rng.integers(1, 40, n_t)).astype(np.int32)
    leaf_on, browned, dormant = rng.random((3, n_t)) < 0.5
    calendar = burn_reference.Calendar(days, leaf_on, browned, dormant)
    state = rng.choice([0, 1, 1, 1, 1, 1, 2, 3, 4], (n_t, size, size)).astype(np.uint8)
    base = np.array([900, 2350, 3250, 2150])[:, None, None, None]
    char = np.array([400, 650, 1200, 1200])[:, None, None, None]
    burned = rng.random((n_t, size, size)) < 0.3
    dn = np.where(burned, char, base) * rng.uniform(0.8, 1.2, (4, n_t, size, size))
    dn = np.where(rng.random((n_t, size, size)) < 0.05, 300 + 0 * dn, dn)
    dn[0] = np.where(rng.random((n_t, size, size)) < 0.05, 8000, dn[0])
    dn = np.where(rng.random((4, n_t, size, size)) < 0.01, 0, dn)
    kind = rng.integers(0, 6, (size, size)).astype(np.uint8)
    return calendar, state, tuple(dn.astype(np.uint16)), kind


@pytest.mark.parametrize("looks", [5, 7])
@given(seed=st.integers(0, 10**6))
@settings(max_examples=15)
def test_scan_equals_its_numpy_twin(looks, seed):
    args = random_looks(seed)
    rules = RULES._replace(reference_looks=looks)
    for got, twin in zip(
        burn.scan_evidence(*args, rules), burn.scan_evidence_numpy(*args, rules), strict=True
    ):
        np.testing.assert_array_equal(got, twin)
        assert got.dtype == twin.dtype


def test_random_looks_reach_every_state():
    seen = burn.scan_evidence(*random_looks(1), RULES)[0]
    assert set(np.unique(seen)) == {0, 1, 2, 3}


def random_look(seed, size=20):
    rng = np.random.default_rng(seed)
    components = tuple(
        rng.integers(low, high, (size, size)).astype(np.int16)
        for low, high in [(-32767, 10000), (-2000, 3000), (-5000, 9000)]
    )
    gap = rng.random((size, size)) < 0.2
    for c in components:
        c[gap] = burn.MISSING
    cover = rng.integers(0, 6, (size, size)).astype(np.uint8)
    return rng, components, cover


@given(seed=st.integers(0, 10**6))
def test_counts_equal_their_numpy_twin(seed):
    rng, components, cover = random_look(seed)
    use = rng.random(cover.shape) < 0.8
    counts = burn_looks.count_evidence(components, cover, use)
    np.testing.assert_array_equal(counts, burn_looks.count_evidence_numpy(components, cover, use))
    assert counts[:, 0].sum() == (use & (components[0] != burn.MISSING)).sum()


@given(seed=st.integers(0, 10**6), leaf_on=st.booleans())
def test_class_of_a_look_equals_its_numpy_twin(seed, leaf_on):
    rng, components, cover = random_look(seed)
    nir = rng.integers(300, 3000, cover.shape).astype(np.uint16)
    kind = rng.integers(0, 6, cover.shape).astype(np.uint8)
    centre, scale = np.zeros((256, 3)), np.zeros((256, 3))
    centre[:4], scale[:4] = rng.normal(0, 500, (4, 3)), rng.uniform(50, 900, (4, 3))
    args = components, nir, (cover, kind), leaf_on, (centre, scale), LOOK_RULES
    np.testing.assert_array_equal(
        burn_looks.classify_look(*args), burn_looks.classify_look_numpy(*args)
    )


def test_a_pixel_without_evidence_shows_nothing():
    missing = np.full((2, 2), burn.MISSING, np.int16)
    land = np.ones((2, 2), np.uint8), np.full((2, 2), 4, np.uint8)
    tables = np.zeros((256, 3)), np.ones((256, 3))
    shown = burn_looks.classify_look(
        (missing, missing, missing),
        np.full((2, 2), 600, np.uint16),
        land,
        False,
        tables,
        LOOK_RULES,
    )
    assert not shown.any()


EVENT_RULES = burn_events.EventRules(100, 300, 60, 3, 35, 60)


def random_story(seed, n_t=16, size=10):
    rng = np.random.default_rng(seed)
    days = np.cumsum(rng.integers(1, 45, n_t)).astype(np.int32)
    flushes = (days // 150).astype(np.int32)
    look = rng.choice([0, 1, 2, 2, 2, 3], (n_t, size, size)).astype(np.uint8)
    bits = rng.integers(0, 64, look.shape)
    shown = np.where(look == 2, bits | burn_looks.OBSERVED, 0).astype(np.uint8)
    return days, flushes, look, shown


@given(seed=st.integers(0, 10**6))
def test_events_equal_their_numpy_twin(seed):
    story = random_story(seed)
    for got, twin in zip(
        burn_events.scan_events(*story, EVENT_RULES),
        burn_events.scan_events_numpy(*story, EVENT_RULES),
        strict=True,
    ):
        np.testing.assert_array_equal(got, twin)
        assert got.dtype == twin.dtype


@given(seed=st.integers(0, 10**6))
def test_longest_gap_equals_its_numpy_twin(seed):
    days, _, look, _ = random_story(seed)
    seasons = np.array([[60, 200], [200, 290], [310, 320]])
    got = burn_events.longest_gap(days, look, seasons)
    np.testing.assert_array_equal(got, burn_events.longest_gap_numpy(days, look, seasons))


def test_longest_gap_worked_by_hand():
    days = np.array([90, 120, 150, 180, 260], np.int32)
    # clear; unseen; snow; snow; clear: the gap between two snowy looks does not count.
    look = np.array([2, 0, 3, 3, 2], np.uint8)[:, None, None]
    seasons = np.array([[100, 280]])
    assert burn_events.longest_gap(days, look, seasons).item() == 80
    assert burn_events.longest_gap(days[:0], look[:0], seasons).item() == 180
