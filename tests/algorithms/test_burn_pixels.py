"""Burn evidence and scars, worked by hand on small plots."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from burn_landscape import CHAR, ENDMEMBERS, KINDS, MEADOW, OAK, PIXEL_M, WATER, Scene, run

from habitat.algorithms import indices
from habitat.algorithms.burn.evidence import evidence
from habitat.algorithms.burn.inputs import (
    BurnParams,
    CoverKinds,
    FireYear,
    Kind,
    Looks,
    Place,
)
from habitat.algorithms.burn.statistics import EvidenceCounts, add, combine, hotspot_free
from habitat.algorithms.kernels.burn import MISSING
from habitat.algorithms.kernels.burn_looks import BIN_UNITS, FIRST_UNITS, N_BINS
from habitat.domain.grid import Window
from habitat.domain.hotspots import Hotspots
from habitat.domain.legend import Legend, LegendClass
from habitat.domain.period import Period, days_since_epoch, fire_year

PARAMS = BurnParams()
NAMES = ("B03", "B8A", "B11", "B12")
APRIL = days_since_epoch(date(2024, 4, 1))
YEAR = FireYear.of_periods(fire_year(2024), [Period(date(2023, 10, 1), date(2024, 5, 31))])


def plot(days, burned, cover=MEADOW, size=12, spectrum=CHAR):
    """A plot of one cover; a square of 8 × 8 pixels shows ``spectrum`` in the burned looks."""
    days = np.asarray(days, np.int32)
    stacks = np.zeros((4, len(days), size, size), np.uint16)
    for t in range(len(days)):
        for k in range(4):
            stacks[k, t] = round(ENDMEMBERS[cover][k] * 10_000)
            if burned[t]:
                stacks[k, t, 2:10, 2:10] = round(spectrum[k] * 10_000)
    state = np.ones((len(days), size, size), np.uint8)
    looks = Looks(
        days, dict(zip(NAMES, stacks, strict=True)), state, np.full((size, size), cover, np.uint8)
    )
    return Scene(looks, np.zeros((size, size), np.int32), Hotspots.empty(), PARAMS)


def mapped(land, hotspots=None, year=YEAR):
    land = land if hotspots is None else replace(land, hotspots=hotspots)
    return run(land, fire_year=year)[0]


def centre(layers, name):
    return layers[name][5, 5].item()


def hotspot(land, day, row=5, col=5):
    place = land.window
    return Hotspots(
        np.array([(place.col + col + 0.5) * PIXEL_M]),
        np.array([-(place.row + row + 0.5) * PIXEL_M]),
        np.array([day * 86_400], "datetime64[s]"),
        np.array([12.0], np.float32),
    )


WEEKLY = APRIL + 5 * np.arange(-3, 5)


def test_evidence_is_the_difference_of_indices():
    land = plot(WEEKLY, WEEKLY >= APRIL)
    found = evidence(land.looks, KINDS, PARAMS)
    t = list(WEEKLY).index(APRIL)
    grass, char = (np.float32(v) for v in (ENDMEMBERS[MEADOW], CHAR))
    expected = [
        1 - char[1] / grass[1],
        indices.nbr2(grass[2], grass[3]) - indices.nbr2(char[2], char[3]),
        indices.mirbi(char[2], char[3]) - indices.mirbi(grass[2], grass[3]),
        indices.nbr(grass[1], grass[3]),
    ]
    got = [a[t, 5, 5] / 1e4 for a in (found.nir_drop, found.dnbr2, found.third, found.nbr_before)]
    np.testing.assert_allclose(got, expected, atol=2e-4)
    assert found.nir_drop[t, 0, 0] == 0
    assert found.look[0, 5, 5] == 1
    assert found.nir_drop[0, 5, 5] == MISSING


def test_a_burn_seen_twice_is_a_burn_and_dated_by_its_first_look():
    layers = mapped(plot(WEEKLY, WEEKLY >= APRIL))
    assert centre(layers, "burn_scar") == 2
    assert centre(layers, "burn_date") == centre(layers, "burn_date_hi") == 20240401
    assert centre(layers, "burn_date_lo") == 20240327
    assert centre(layers, "times_burned") == 1
    assert centre(layers, "burn_severity") == 9
    assert centre(layers, "seen_again") == 2
    assert layers["burn_object"].max() == 1
    assert (layers["burn_object"] > 0).sum() == 64


def test_a_burn_seen_once_only_is_possible():
    layers = mapped(plot(WEEKLY[:4], WEEKLY[:4] >= APRIL))
    assert centre(layers, "burn_scar") == 3
    assert centre(layers, "burn_date") == 20240401
    assert centre(layers, "times_burned") == 0
    assert centre(layers, "burn_severity") == 0


def test_a_burn_seen_once_with_a_hotspot_is_a_burn_of_its_day():
    land = plot(WEEKLY[:4], WEEKLY[:4] >= APRIL)
    layers = mapped(land, hotspot(land, APRIL - 3))
    assert centre(layers, "burn_scar") == 2
    assert centre(layers, "burn_date") == 20240329
    assert bool(centre(layers, "from_hotspot"))


@pytest.mark.parametrize("day", [APRIL - 7, APRIL + 1])
def test_a_hotspot_before_the_last_unburned_look_or_after_the_burn_proves_nothing(day):
    land = plot(WEEKLY[:4], WEEKLY[:4] >= APRIL)
    assert centre(mapped(land, hotspot(land, day)), "burn_scar") == 3


def test_a_hotspot_out_of_reach_proves_nothing():
    land = plot(WEEKLY[:4], WEEKLY[:4] >= APRIL)
    assert centre(mapped(land, hotspot(land, APRIL - 1, col=60)), "burn_scar") == 3
    assert centre(mapped(land, hotspot(land, APRIL - 1, col=40)), "burn_scar") == 2


def test_a_dark_shadow_seen_once_is_unburned():
    grass = np.array(ENDMEMBERS[MEADOW])
    land = plot(WEEKLY, WEEKLY == APRIL, spectrum=grass * 0.3)
    assert centre(mapped(land), "burn_scar") != 2
    refuted = plot(WEEKLY, WEEKLY == APRIL)  # even char, if the next looks show grass
    layers = mapped(refuted)
    assert centre(layers, "burn_scar") not in (2, 3)
    assert centre(layers, "burn_date") in (0, 1)


def test_water_and_flooded_ground_are_never_burned():
    flooded = plot(WEEKLY, WEEKLY >= APRIL, cover=WATER)
    assert set(np.unique(mapped(flooded)["burn_scar"])) == {1}


def test_snow_that_the_mask_missed_is_no_reference():
    days = APRIL + 5 * np.arange(-3, 4)
    land = plot(days, days < APRIL, spectrum=(0.82, 0.70, 0.10, 0.06))
    found = evidence(land.looks, KINDS, PARAMS)
    assert (found.look[:3, 5, 5] == 3).all()
    assert not np.isin(mapped(land)["burn_scar"], (2, 3)).any()


def test_a_scar_smaller_than_the_least_area_is_dropped():
    land = plot(WEEKLY, WEEKLY >= APRIL)
    for band in land.looks.bands.values():
        band[:, 6:] = band[:1, :1, :1]  # 4 × 8 pixels are left: 1.28 ha
    assert centre(mapped(land), "burn_scar") == 2
    larger = replace(land, params=replace(PARAMS, min_area_ha=1.3))
    assert centre(mapped(larger), "burn_scar") != 2


def test_a_pixel_burns_once_before_the_next_leaf_flush():
    days = APRIL + 5 * np.arange(-3, 8)
    burned = np.isin(days - APRIL, [0, 5, 10, 25, 30, 35])
    assert centre(mapped(plot(days, burned)), "times_burned") == 1


def test_burns_of_autumn_and_of_spring_differ_by_the_leaf_flush_between():
    spring = APRIL + 5 * np.arange(-3, 5)
    autumn = APRIL + 210 + 5 * np.arange(-3, 5)
    days = np.concatenate([spring, autumn])
    burned = np.isin(days - APRIL, [0, 5, 10, 210, 215, 220])
    both = FireYear(APRIL - 30, APRIL + 300, ((APRIL - 30, APRIL + 300),))
    assert centre(mapped(plot(days, burned), year=both), "times_burned") == 2


SEASON = FireYear(APRIL, APRIL + 60, ((APRIL, APRIL + 60),))


@pytest.mark.parametrize(
    ("cover", "gap", "code"),
    [(MEADOW, 20, 1), (MEADOW, 21, 4), (OAK, 55, 1), (OAK, 61, 4), (WATER, 61, 1), (7, 5, 4)],
)
def test_a_gap_too_long_is_told_by_the_cover(cover, gap, code):
    days = np.array([-20, -10, 0, *range(gap, 62, 5), 61]) + APRIL
    days = np.unique(days[(days <= APRIL) | (days >= APRIL + gap)])
    assert centre(mapped(plot(days, days < 0, cover=cover), year=SEASON), "burn_scar") == code


def test_snow_at_both_ends_of_a_gap_closes_it():
    days = APRIL + np.array([-10, -5, 0, 5, 50, 55, 60])
    land = plot(days, days < 0)
    assert centre(mapped(land, year=SEASON), "burn_scar") == 4
    land.looks.state[3:5] = 4
    assert centre(mapped(land, year=SEASON), "burn_scar") == 1


def canopy_plot(june):
    """Oak burned in April, with the given June spectrum where it burned."""
    days = np.array([date(2023, 7, d) for d in (5, 15, 25)] + [date(2024, 6, d) for d in (5, 15)])
    summer = np.array([days_since_epoch(d) for d in days.tolist()], np.int32)
    land = plot(np.sort(np.concatenate([summer, WEEKLY])), [False] * 13, cover=OAK)
    leaves = (0.06, 0.42, 0.17, 0.075)
    for k, name in enumerate(NAMES):
        stack = land.looks.bands[name]
        for t, day in enumerate(land.looks.days.tolist()):
            burned = day >= APRIL
            if day in summer:
                stack[t] = round(leaves[k] * 1e4)
                if burned:
                    stack[t, 2:10, 2:10] = round(june[k] * 1e4)
            elif burned:
                stack[t, 2:10, 2:10] = round(CHAR[k] * 1e4)
    return land


def test_a_litter_fire_under_a_canopy_that_flushes_has_no_canopy_effect():
    layers = mapped(canopy_plot((0.06, 0.41, 0.17, 0.078)))
    assert centre(layers, "burn_scar") == 2
    assert centre(layers, "burn_severity") == 1


def test_a_canopy_that_does_not_come_back_is_high_severity():
    layers = mapped(canopy_plot((0.06, 0.15, 0.22, 0.18)))
    assert centre(layers, "burn_severity") == 5
    before, after = (0.42 - 0.075) / 0.495, (0.15 - 0.18) / 0.33
    assert centre(layers, "rbr") / 1e4 == pytest.approx(
        (before - after) / (before + 1.001), abs=1e-3
    )


def test_char_seen_leaf_off_only_is_never_a_killed_canopy():
    layers = mapped(plot(WEEKLY, WEEKLY >= APRIL, cover=OAK, spectrum=(0.03, 0.04, 0.14, 0.15)))
    assert centre(layers, "burn_scar") == 2
    assert centre(layers, "burn_severity") == 3


def test_statistics_add_in_any_order_and_small_classes_have_none():
    rng = np.random.default_rng(0)

    def counts(n):
        values = np.clip(rng.normal(0.05, 0.02, (3, n)), -1.9, 0.9) * 1e4
        bins = ((values - FIRST_UNITS) // BIN_UNITS).astype(int)
        return np.array([[np.bincount(b, minlength=N_BINS) for b in bins]], np.int32)

    keys = [np.array([[APRIL, code, 0]], np.int32) for code in (6, 6, 2)]
    parts = [EvidenceCounts(k, counts(n)) for k, n in zip(keys, (400, 300, 499), strict=True)]
    one, two = add(parts), add([add(parts[1:]), parts[0]])
    np.testing.assert_array_equal(one.keys, two.keys)
    np.testing.assert_array_equal(one.counts, two.counts)
    found = combine(parts, PARAMS)
    assert found.keys.tolist() == [[APRIL, 6]]
    np.testing.assert_allclose(found.centre, 500, atol=30)
    np.testing.assert_allclose(found.scale[0, 0], 200, atol=30)
    assert (found.tables(APRIL)[1][[2, 7]] == 0).all()


def test_statistics_keep_away_from_hotspots():
    window = Window(-100, 50, 300, 300)
    place = Place(window, window, PIXEL_M)
    spot = Hotspots(
        place.x_m[[150]],
        place.y_m[[150]],
        np.array([APRIL * 86_400], "datetime64[s]"),
        np.ones(1, np.float32),
    )
    free = hotspot_free(place, spot, APRIL + 5, PARAMS)
    away = np.hypot(*(np.indices((300, 300)) - 150)) * PIXEL_M
    np.testing.assert_array_equal(free, away > 2000)
    assert hotspot_free(place, spot, APRIL + 60, PARAMS).all()
    assert hotspot_free(place, spot, APRIL - 1, PARAMS).all()


def test_looks_that_do_not_fit_are_refused():
    looks = plot(WEEKLY, WEEKLY < 0).looks
    with pytest.raises(ValueError, match="missing \\['B12'\\]"):
        replace(looks, bands={n: looks.bands[n] for n in NAMES[:3]})
    with pytest.raises(ValueError, match="strictly rising"):
        replace(looks, days=looks.days[::-1])
    with pytest.raises(ValueError, match="state of shape"):
        replace(looks, state=looks.state[1:])


def test_kinds_follow_the_legend():
    legend = Legend(
        "small",
        (
            LegendClass(1, "oak", "#000000", "forest"),
            LegendClass(3, "field", "#000000", "crop"),
            LegendClass(9, "lake", "#000000", "water"),
        ),
    )
    table = CoverKinds.of_legend(legend).table(include_crop=False)
    assert table[[0, 1, 3, 9, 255]].tolist() == [
        Kind.OTHER,
        Kind.FOREST,
        Kind.MASKED,
        Kind.EXCLUDED,
        Kind.EXCLUDED,
    ]
    assert CoverKinds.of_legend(legend).table(include_crop=True)[3] == Kind.GRASS


def test_hotspots_of_a_period_and_of_unequal_columns():
    land = plot(WEEKLY, WEEKLY < 0)
    spot = hotspot(land, APRIL)
    assert len(spot.in_period(Period(date(2024, 4, 1), date(2024, 4, 1)))) == 1
    assert len(spot.in_period(Period(date(2024, 4, 2), date(2024, 4, 9)))) == 0
    assert spot.days.tolist() == [APRIL]
    assert len(Hotspots.empty()) == 0
    with pytest.raises(ValueError, match="one length"):
        replace(spot, x_m=np.zeros(2))
