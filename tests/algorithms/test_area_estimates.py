"""Tests of habitat.algorithms.area_estimates."""

import csv

import numpy as np
import pytest

from habitat.algorithms.area_estimates import (
    normal_interval,
    strata_of_classes,
    stratified_accuracy,
)

#: Olofsson et al. (2014), table 8: rows mapped, columns reference; areas in hectares.
TABLE_8 = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
TABLE_8_HA = np.array([200_000, 150_000, 3_200_000, 6_450_000]) * 0.09


def test_the_published_example_is_reproduced():
    found = stratified_accuracy(strata_of_classes(TABLE_8), TABLE_8_HA, design="stratified")
    lo, hi = normal_interval(found.area, found.area_se)
    assert np.round(found.area).tolist() == [21_158, 11_686, 285_770, 581_386]
    assert np.abs((hi - lo) / 2 - [6_158, 3_756, 15_510, 16_282]).max() < 1
    assert np.round(found.users, 2).tolist() == [0.88, 0.73, 0.93, 0.96]
    assert np.round(found.producers, 2).tolist() == [0.75, 0.85, 0.93, 0.96]
    assert round(found.overall, 3) == 0.947
    assert round(1.96 * found.overall_se, 3) == 0.018


def read(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("case", "corrected"),
    [("olofsson2014_table8", False), ("olofsson2013_example1", False), ("stehman2014", True)],
)
def test_estimates_equal_those_of_mapaccuracy(shared_data, case, corrected):
    table = {
        name: read(shared_data / "occupancy-oracle" / "area" / f"{case}_{name}.csv")
        for name in ("sample", "strata", "expected", "expected_overall")
    }
    classes = [row["class"] for row in table["expected"]]
    strata = [row["stratum"] for row in table["strata"]]
    area = np.array([float(row["area"]) for row in table["strata"]])
    counts = np.zeros((len(strata), len(classes), len(classes)), np.int64)
    for unit in table["sample"]:
        stratum = strata.index(unit.get("stratum", unit["map"]))
        counts[stratum, classes.index(unit["map"]), classes.index(unit["reference"])] += 1
    found = stratified_accuracy(
        counts, area, design="stratified", stratum_units=area if corrected else None
    )
    columns = {
        "area_proportion": found.area_share,
        "area_proportion_se": found.area_share_se,
        "area": found.area,
        "area_se": found.area_se,
        "users_accuracy": found.users,
        "users_se": found.users_se,
        "producers_accuracy": found.producers,
        "producers_se": found.producers_se,
    }
    for name, values in columns.items():
        expected = [float(row[name]) for row in table["expected"]]
        np.testing.assert_allclose(values, expected, rtol=1e-9)
    overall = table["expected_overall"][0]
    assert found.overall == pytest.approx(float(overall["overall_accuracy"]), rel=1e-9)
    assert found.overall_se == pytest.approx(float(overall["overall_se"]), rel=1e-9)


def test_a_stratum_without_units_is_refused_and_one_with_one_has_no_error():
    counts = strata_of_classes(np.array([[5, 1], [0, 0]]))
    with pytest.raises(ValueError, match=r"\[6, 0\]"):
        stratified_accuracy(counts, np.ones(2), design="stratified")
    counts = strata_of_classes(np.array([[5, 1], [0, 1]]))
    assert np.isnan(stratified_accuracy(counts, np.ones(2), design="stratified").overall_se)


@pytest.mark.parametrize("design", ["census", "simple_random", "purposive"])
def test_another_design_is_refused(design):
    with pytest.raises(ValueError, match=design):
        stratified_accuracy(strata_of_classes(TABLE_8), TABLE_8_HA, design=design)
