"""Tests of habitat.algorithms.tables."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.cell_counts import CellCounts, CodeCounts, ValueCounts
from habitat.algorithms.habitat_share import N_JOINT_CODES
from habitat.algorithms.patches import PatchFacts
from habitat.algorithms.tables import (
    N_CODES,
    PeriodPair,
    cells_table,
    habitat_state,
    habitat_table,
    reasons_table,
)
from habitat.domain.cells import CellGrid
from habitat.domain.period import Period
from habitat.domain.species import Species

CELLS = CellGrid(32652, 1200)
PERIODS = PeriodPair(
    Period(date(2020, 6, 1), date(2020, 9, 15)), Period(date(2024, 6, 1), date(2024, 9, 15))
)
TIGER = Species("tiger", "Panthera tigris altaica", (1, 2), (5,), 40, 4, 10, 1, 3, 5, 5, 60, 0.02)
CELL_MM2 = 1_440_000 * 10**6


def codes(*rows):
    area = np.array(rows, np.int64)
    return CodeCounts(area // 7, area)


def values(*rows):
    """Rows of cell, value, pixels, area."""
    return ValueCounts(*np.array(rows, np.int64).reshape(-1, 4).T)


def counts(n, code_layers, value_layers=None):
    cells = np.array([[3958, 535 + i] for i in range(n)], np.int64).reshape(n, 2)
    return CellCounts(cells, code_layers, value_layers or {})


def cells_of(*, n_fire_years=5, **layers):
    n = len(layers["observed"].area_mm2)
    value_layers = {k: v for k, v in layers.items() if isinstance(v, ValueCounts)}
    code_layers = {k: v for k, v in layers.items() if isinstance(v, CodeCounts)}
    area = np.full(n, CELL_MM2, np.int64)
    return cells_table(
        counts(n, code_layers, value_layers), CELLS, PERIODS, area, n_fire_years=n_fire_years
    )


def habitat_of(*joint, core=None, patch=None, patches=None, **known):
    whole = [[*row, *[0] * (N_JOINT_CODES - len(row))] for row in joint]
    code_layers = {"joint_tiger": codes(*whole)}
    if core is not None:
        code_layers["core_tiger"] = codes(*core)
    value_layers = {} if patch is None else {"patch_tiger": patch}
    return habitat_table(
        counts(len(joint), code_layers, value_layers), CELLS, PERIODS, TIGER, patches, **known
    )


def test_the_columns_are_those_of_the_contract():
    cells = cells_of(observed=codes([0, 0, 0, 1]), forest_change=codes([0, 1, 0, 0, 0, 0]))
    assert list(cells) == [
        "cell_id",
        "period_before",
        "period_after",
        "aoi_share",
        "observed_share_before",
        "observed_share_after",
        "observed_share_both",
        "forest_share_before",
        "forest_share_after",
        "forest_change",
        "forest_gain",
        "forest_loss",
        "burned_share",
        "recently_burned_share",
        "times_burned_mean_5y",
        "days_since_last_burn_median",
    ]
    assert list(habitat_of([0, 1, 0, 0, 0, 0, 0])) == [
        "cell_id",
        "species",
        "period_before",
        "period_after",
        "habitat_share_before",
        "habitat_share_after",
        "habitat_km2_before",
        "habitat_km2_after",
        "habitat_change",
        "habitat_change_se",
        "habitat_change_lo",
        "habitat_change_hi",
        "gain_forest",
        "gain_recovery",
        "loss_forest",
        "loss_burn",
        "loss_human",
        "mapped_gain",
        "mapped_loss",
        "habitat_state",
        "core_share",
        "patch_id",
    ]


def test_a_cell_worked_by_hand():
    quarter = CELL_MM2 // 4
    cells = cells_of(
        observed=codes([quarter // 5, quarter // 5, 0, 3 * quarter // 5]),
        forest_change=codes([0, 30, 20, 10, 5, 35]),
        burn_scar=codes([100, 60, 20, 10, 10]),
        recently_burned=codes([100, 90, 10]),
        times_burned=values([0, 0, 60, 600], [0, 1, 30, 300], [0, 3, 10, 100]),
        days_since_burn=values([0, 100, 1, 9], [0, 200, 1, 9], [0, 900, 2, 9]),
    )
    row = {name: column[0] for name, column in cells.items()}
    assert row["cell_id"] == "32652-1200-E535-N3958"
    assert row["period_after"] == "2024-06-01/2024-09-15"
    assert row["aoi_share"] == 0.25
    assert row["observed_share_before"] == pytest.approx(0.8, rel=1e-15)
    assert row["observed_share_after"] == pytest.approx(0.6, rel=1e-15)
    assert row["observed_share_both"] == pytest.approx(0.6, rel=1e-15)
    assert row["forest_share_before"] == pytest.approx(0.75, rel=1e-14)
    assert row["forest_gain"] == pytest.approx(0.05, rel=1e-13)
    assert row["forest_loss"] == pytest.approx(-0.1, rel=1e-13)
    assert row["forest_share_after"] - row["forest_share_before"] == row["forest_change"]
    assert row["burned_share"] == 0.2
    assert row["recently_burned_share"] == 0.1
    assert row["times_burned_mean_5y"] == pytest.approx(0.6)
    assert row["days_since_last_burn_median"] == 550


def test_what_is_not_known_is_null_and_not_zero():
    known = {
        "observed": codes([9, 0, 0, 0], [0, 0, 0, 9]),
        "forest_change": codes([9, 0, 0, 0, 0, 0], [0, 0, 9, 0, 0, 0]),
    }
    cells = cells_of(**known)
    for name in ("burned_share", "recently_burned_share", "days_since_last_burn_median"):
        assert np.isnan(cells[name]).all()
    for name in ("forest_share_before", "forest_change", "forest_gain", "forest_loss"):
        assert np.isnan(cells[name][0])
        assert cells[name][1] == 0
    scars = {"burn_scar": codes([0, 0, 0, 2, 9], [0, 1, 0, 2, 9])}
    looked = cells_of(**known, **scars, recently_burned=codes([0, 9, 0], [0, 9, 0]))
    for name in ("burned_share", "recently_burned_share"):
        assert np.isnan(looked[name][0]), "gaps allow no yes or no"
        assert looked[name][1] == 0
    times = values([0, 1, 9, 9])
    assert np.isnan(
        cells_of(**known, times_burned=times, n_fire_years=4)["times_burned_mean_5y"]
    ).all()
    mean = cells_of(**known, times_burned=times)["times_burned_mean_5y"]
    assert mean[0] == 1
    assert np.isnan(mean[1])


parts = st.lists(st.integers(0, CELL_MM2 // 8), min_size=7, max_size=7)


@given(parts)
def test_change_is_after_minus_before_and_the_sum_of_its_causes_to_the_last_bit(areas):
    found = habitat_of([0, *areas], people_known=True)
    row = {name: column[0] for name, column in found.items()}
    names = ("gain_forest", "gain_recovery", "loss_forest", "loss_burn", "loss_human")
    causes = [row[k] for k in names]
    if not sum(areas):
        assert np.isnan([row["habitat_change"], *causes, row["mapped_gain"]]).all()
        return
    change = row["habitat_change"]
    assert row["habitat_share_after"] - row["habitat_share_before"] == change
    assert sum(causes) == change
    assert sum(causes[::-1]) == change
    assert row["mapped_gain"] + row["mapped_loss"] == change
    assert min(causes[:2]) >= 0
    assert max(causes[2:]) <= 0
    assert 0 <= row["habitat_share_before"] <= 1
    assert 0 <= row["habitat_share_after"] <= 1
    exact = np.array([*areas[2:4], *(-area for area in areas[4:])]) / sum(areas)
    assert np.abs(causes - exact).max() < 2e-15
    km2 = (areas[1] + areas[2] + areas[3]) / 1e12
    assert row["habitat_km2_after"] == pytest.approx(km2, rel=1e-15)


def test_intervals_and_people_are_null():
    table = habitat_of([0, 1, 2, 3, 4, 5, 6])
    for name in ("habitat_change_se", "habitat_change_lo", "habitat_change_hi", "loss_human"):
        assert np.isnan(table[name]).all()
    assert np.isnan(table["core_share"]).all()
    assert table["patch_id"].tolist() == [None]


@pytest.mark.parametrize(
    ("joint", "state"),
    [
        ([100, 0, 0, 0, 0, 0, 0], "not_observed"),
        ([51, 0, 0, 49, 0, 0, 0], "uncertain"),
        ([50, 0, 0, 50, 0, 0, 0], "gain"),
        ([0, 979, 0, 21, 0, 0, 0], "gain"),
        ([0, 981, 0, 19, 0, 0, 0], "stable"),
        ([0, 0, 970, 0, 0, 15, 15], "loss"),
        ([0, 0, 96, 2, 0, 1, 1], "stable"),
    ],
)
def test_each_cell_has_its_state(joint, state):
    assert habitat_of(joint)["habitat_state"].tolist() == [state]


def test_a_cell_outside_everything_is_not_observed():
    assert habitat_state(np.array([np.nan]), np.array([np.nan]), 0.02).tolist() == ["not_observed"]


def test_core_and_patch_of_a_cell():
    rows = np.array([-10, -3])
    patches = PatchFacts(rows, rows, rows, np.array([5, 6]))
    table = habitat_of(
        [0, 1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0],
        core=[[5, 3, 1], [9, 0, 0]],
        patch=values([0, 0, 1, 10], [0, 1, 9, 30]),
        patches=patches,
    )
    assert table["core_share"][0] == 0.25
    assert np.isnan(table["core_share"][1])
    assert table["patch_id"].tolist() == ["r-3c6", None]


def test_the_reasons_add_up_to_the_pixels_of_the_aoi():
    layers = {
        "reason_n_valid": CodeCounts(np.array([[0, 5, 1, 2, 3, 4, 6, 7]]), np.zeros((1, 8))),
        "reason_burn_scar": CodeCounts(np.array([[0, 28, 0, 0, 0, 0, 0, 0]]), np.zeros((1, 8))),
    }
    table = reasons_table(counts(1, layers), CELLS, ["n_valid", "burn_scar"])
    assert table["layer"].tolist() == ["n_valid", "burn_scar"]
    assert table["aoi_px"].tolist() == [28, 28]
    assert table["snow"].tolist() == [4, 0]
    names = ("observed", "no_scene", "cloud", "shadow", "snow", "failed", "burned")
    assert sum(table[name] for name in names).tolist() == [28, 28]
    layers["reason_n_valid"].pixels[0, 0] = 1
    with pytest.raises(ValueError, match="n_valid"):
        reasons_table(counts(1, layers), CELLS, ["n_valid"])


def test_an_empty_aoi_gives_empty_tables():
    empty = {name: np.zeros((0, n), np.int64) for name, n in N_CODES.items()}
    table = cells_of(
        observed=CodeCounts(empty["observed"], empty["observed"]),
        forest_change=CodeCounts(empty["forest_change"], empty["forest_change"]),
    )
    assert {len(column) for column in table.values()} == {0}


def test_losses_to_people_are_worked_by_hand_and_null_without_people():
    # 10 of 100 observed parts were habitat before and are too near to people after.
    joint = [0, 50, 30, 0, 5, 5, 0, 10]
    found = habitat_of(joint, burns_known=(False, False), people_known=True)
    assert found["habitat_share_before"] == pytest.approx(0.45, abs=1e-15)
    assert found["habitat_share_after"] == pytest.approx(0.35, abs=1e-15)
    assert found["loss_human"] == pytest.approx(-0.10, abs=1e-15)
    assert found["gain_recovery"] == pytest.approx(0.05, abs=1e-15)  # people left
    assert found["mapped_loss"] == pytest.approx(-0.15, abs=1e-15)
    assert np.isnan(habitat_of(joint)["loss_human"]).all()


def test_causes_without_burns_are_null_not_zero():
    found = habitat_of([0, 4, 0, 0, 0, 0, 0], burns_known=(False, True))
    assert np.isnan(found["gain_recovery"]).all()
    assert not np.isnan(found["loss_burn"]).any()
    found = habitat_of([0, 4, 0, 0, 0, 0, 0], burns_known=(True, False))
    assert np.isnan(found["loss_burn"]).all()
