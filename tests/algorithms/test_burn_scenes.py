"""Burn scars on scenes with known fires: what is found, missed and invented."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from burn_landscape import (
    CROP,
    FIRE_YEAR,
    MEADOW,
    OAK,
    REED,
    errors,
    first_clear_within,
    run,
    scene,
)

from habitat.algorithms.burn.inputs import Looks

JUDGED = [1, OAK, 5, MEADOW, REED]


@pytest.fixture(scope="module")
def spring():
    """A spring with about twenty fires, and what was made of it."""
    land = scene(1, 200)
    return land, *run(land)


def judged(land, covers=JUDGED):
    late = (land.fire_day > 0) & ~first_clear_within(land, 15)
    return np.isin(land.looks.cover, covers) & ~late


def test_scars_seen_within_15_days_are_found(spring):
    land, layers, _, _ = spring
    burned = layers["burn_scar"] == 2
    dice, _, commission = errors(burned, land.fire_day > 0, judged(land))
    assert dice >= 0.95
    assert commission <= 0.08
    _, omission, commission = errors(burned, land.fire_day > 0, judged(land, [MEADOW, REED]))
    assert omission <= 0.10
    assert commission <= 0.08


def test_the_rule_beats_masked_dnbr_by_the_required_margin(spring):
    land, layers, _, _ = spring
    nir, swir2 = (land.looks.bands[b].astype(np.float32) for b in ("B8A", "B12"))
    index = np.where(land.looks.state == 1, (nir - swir2) / (nir + swir2), np.nan)
    plain = np.zeros(land.fire_day.shape, bool)
    last = index[0]
    for look in index[1:]:
        plain |= last - look > 0.10
        last = np.where(np.isnan(look), last, look)
    truth, where = land.fire_day > 0, judged(land)
    ours = errors(layers["burn_scar"] == 2, truth, where)[0]
    assert ours >= errors(plain, truth, where)[0] + 0.15


def test_dates_bound_the_fire_and_hotspots_date_it_to_the_day(spring):
    land, layers, _, _ = spring
    hit = (layers["burn_scar"] == 2) & (land.fire_day > 0)
    day = days_of(layers["burn_date"][hit]) - land.fire_day[hit]
    assert np.median(np.abs(day)) <= 5
    hot = layers["from_hotspot"][hit]
    assert hot.any()
    assert np.median(np.abs(day[hot])) <= 1
    inside = (days_of(layers["burn_date_lo"][hit]) <= land.fire_day[hit]) & (
        land.fire_day[hit] <= days_of(layers["burn_date_hi"][hit])
    )
    assert inside.mean() > 0.97


def days_of(codes):
    text = [f"{c // 10000:04d}-{c // 100 % 100:02d}-{c % 100:02d}" for c in codes.tolist()]
    return np.array(text, dtype="datetime64[D]").astype(int)


def test_no_fire_gives_no_scar_even_with_false_hotspots():
    layers, objects, _ = run(scene(3, 160, n_fires=0, n_false=6))
    assert not np.isin(layers["burn_scar"], (2, 3)).any()
    assert objects.unresolved.tolist() == list(range(6))


@pytest.mark.parametrize(("share", "known"), [(0.6, 1), (0.6, 0), (0.95, 0)])
def test_the_biggest_fires_do_not_vanish(share, known):
    land = scene(4, 140, share=share, known=known)
    layers, _, _ = run(land)
    assert errors(layers["burn_scar"] == 2, land.fire_day > 0, judged(land))[0] >= 0.85


def test_result_is_the_same_in_any_tiling(spring):
    land, whole, objects, _ = spring
    for rows, cols in ([100], [100]), ([13, 150], [77]):
        layers, again, _ = run(land, rows, cols)
        for name, expected in whole.items():
            np.testing.assert_array_equal(layers[name], expected, err_msg=name)
        for name in ("day", "pixels", "seeds", "row", "col", "n_hotspots", "max_frp_mw"):
            np.testing.assert_array_equal(getattr(again, name), getattr(objects, name))


def test_one_more_look_of_clouds_changes_nothing(spring):
    land, whole, _, _ = spring
    t = int(np.searchsorted(land.looks.days, 19_820))
    day = np.int32(land.looks.days[t] - 2)
    cloudy = Looks(
        np.insert(land.looks.days, t, day),
        {n: np.insert(b, t, 5_000, axis=0) for n, b in land.looks.bands.items()},
        np.insert(land.looks.state, t, 2, axis=0),
        land.looks.cover,
    )
    layers, _, _ = run(replace(land, looks=cloudy))
    for name, expected in whole.items():
        np.testing.assert_array_equal(layers[name], expected, err_msg=name)


def test_what_nobody_saw_is_never_burned_nor_unburned(spring):
    land, _, _, _ = spring
    bands = {n: b.copy() for n, b in land.looks.bands.items()}
    for band in bands.values():
        band[:, 40:80, 40:120] = 0
    layers, _, _ = run(replace(land, looks=replace(land.looks, bands=bands)))
    hole = slice(40, 80), slice(40, 120)
    for name in ("burn_scar", "burn_date", "burn_date_lo", "burn_date_hi", "burn_severity"):
        assert (layers[name][hole] == 0).all(), name
    assert (layers["times_burned"][hole] == 255).all()
    assert (layers["burn_object"][hole] == 0).all()


def test_codes_agree_with_each_other(spring):
    land, layers, _, _ = spring
    scar, date = layers["burn_scar"], layers["burn_date"]
    assert set(np.unique(scar)) <= {0, 1, 2, 3, 4}
    assert ((date > 1) == np.isin(scar, (2, 3))).all()
    untold = np.isin(scar, (0, 4))  # a gap too long says neither burned nor unburned
    assert ((date == 0) == untold).all()
    assert ((layers["times_burned"] == 255) == untold).all()
    assert ((layers["times_burned"] > 0) == (untold | (scar == 2))).all()
    assert (layers["burn_date_lo"] <= layers["burn_date_hi"]).all()
    forest = np.isin(land.looks.cover, (1, OAK))
    severity = layers["burn_severity"]
    assert np.isin(severity[(scar == 2) & forest], (1, 2, 3, 4, 5)).all()
    assert (severity[(scar == 2) & ~forest] == 9).all()
    assert (severity[scar == 1] == 8).all()
    assert (severity[untold] == 0).all()
    assert not np.isin(scar[land.looks.cover == CROP], (1, 2, 3)).any()
    assert set(np.unique(scar[land.looks.cover == 9])) == {1}


def test_a_year_cut_at_the_as_of_date_knows_no_later_burn(spring):
    land, _, _, _ = spring
    cut = replace(FIRE_YEAR, last_day=19_810, seasons=((19_631, 19_810),))
    layers, _, _ = run(land, fire_year=cut)
    hi = layers["burn_date_hi"]
    assert (hi > 1).any()
    assert (days_of(hi[hi > 1]) <= 19_810).all()


def test_hotspots_give_confidence_to_objects(spring):
    _, layers, objects, _ = spring
    assert (objects.n_hotspots > 0).sum() >= 5
    assert np.isnan(objects.max_frp_mw[objects.n_hotspots == 0]).all()
    assert (objects.max_frp_mw[objects.n_hotspots > 0] > 0).all()
    ids = np.unique(layers["burn_object"])
    assert ids.max() <= len(objects.day)
    assert pickle.loads(pickle.dumps(objects)).tiles[0].ids.dtype == np.int32
