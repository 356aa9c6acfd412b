import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms import fitting
from habitat.algorithms.classifier import classify
from habitat.algorithms.cross_validation import _choose, block_folds, block_interval
from habitat.algorithms.features import feature_set
from habitat.algorithms.fitting import fit
from habitat.algorithms.training import train
from habitat.algorithms.training_table import TrainingSettings, TrainingTable, training_table
from habitat.domain.errors import InputError
from habitat.domain.legend import Legend, LegendClass
from habitat.domain.model import CandidateReport
from habitat.io.model.model_file import model_sha256

LEGEND = Legend("test", tuple(LegendClass(c, f"class {c}", "#000000") for c in range(1, 13)))
BOTH = feature_set(("leaf_on", "leaf_off"), ("B04", "B8A"))
ONE = feature_set(("leaf_on",), ("B04", "B8A"))
SETTINGS = TrainingSettings("SIMULATED: a test", simulated=True)


def samples(n=600, classes=4, seed=0, names=BOTH.names, spread=0.05):
    rng = np.random.default_rng(seed)
    code = (np.arange(n) % classes + 1).astype(np.uint8)
    centres = np.random.default_rng(9).uniform(0, 0.5, (classes, len(names)))
    x = (centres[code - 1] + rng.normal(0, spread, (n, len(names)))).astype(np.float32)
    x_m, y_m = rng.uniform(500_000, 530_000, n), rng.uniform(4_700_000, 4_730_000, n)
    return training_table(names, x, code, x_m=x_m, y_m=y_m, block_m=5000)


@pytest.fixture(scope="module")
def trained():
    return train(samples(), (BOTH, ONE), LEGEND, SETTINGS)


def test_the_model_says_what_it_is(trained):
    model, validation = trained
    assert model.legend_name == "test"
    assert model.bands == ("B04", "B8A")
    assert [v.features.names for v in model.variants] == [BOTH.names, ONE.names]
    assert [v.n_samples for v in model.variants] == [600, 600]
    assert model.simulated
    assert model.cross_validation == validation
    assert dict(model.versions).keys() == {"numpy", "scikit-learn"}
    assert validation.n_samples == 600
    assert validation.n_blocks == 36


def test_it_learns_classes_that_can_be_told_apart(trained):
    model, validation = trained
    new = samples(2000, seed=5)
    maps = classify(
        model.variants[0].classifier, new.features.T.reshape(6, 40, 50).copy(), forest_codes=(1,)
    )
    right = (maps.class_code.ravel() == new.code).mean()
    report = validation.of_chosen()
    assert right > 0.95
    assert report.accuracy == pytest.approx(right, abs=0.03)
    assert report.accuracy_lo <= report.accuracy <= report.accuracy_hi
    assert [c.n for c in report.classes] == [150] * 4


def test_training_twice_and_in_another_row_order_gives_the_same_model(trained):
    table = samples()
    shuffled = table.take(np.random.default_rng(1).permutation(600))
    again, _ = train(shuffled, (BOTH, ONE), LEGEND, SETTINGS)
    assert model_sha256(again) == model_sha256(trained[0])


def test_both_algorithms_are_the_same_to_the_byte_each_time_and_differ_by_seed():
    table = samples(300)
    for algorithm, name in (("mlp", "w1"), ("forest", "threshold")):
        first, same, other = (
            getattr(fit(algorithm, table.features, table.code, seed=s, n_trees=10), name).tobytes()
            for s in (1, 1, 2)
        )
        assert first == same
        assert first != other


def test_rows_without_the_second_season_still_train_the_second_variant():
    table = samples()
    x = table.features.copy()
    x[:200, 3:] = np.nan
    model, validation = train(
        replace(table, features=x), (BOTH, ONE), LEGEND, replace(SETTINGS, candidates=("mlp",))
    )
    assert [v.n_samples for v in model.variants] == [400, 600]
    assert validation.n_samples == 400


def test_a_class_that_lives_in_one_block_is_never_recognised_when_held_out():
    table = samples()
    x_m, y_m = table.x_m.copy(), table.y_m.copy()
    only = table.code == 4
    x_m[only], y_m[only] = 512_500, 4_712_500
    moved = training_table(BOTH.names, table.features, table.code, x_m=x_m, y_m=y_m, block_m=5000)
    _, validation = train(moved, (BOTH,), LEGEND, replace(SETTINGS, candidates=("forest",)))
    fourth = validation.of_chosen().classes[3]
    assert (fourth.recall, fourth.precision) == (0, None)


def test_labels_that_mean_nothing_give_the_accuracy_of_chance():
    table = samples(1200)
    code = np.random.default_rng(3).permutation(table.code)
    _, validation = train(replace(table, code=code), (ONE,), LEGEND, SETTINGS)
    for report in validation.candidates:
        assert report.accuracy == pytest.approx(0.25, abs=0.06)
        assert report.calibration_error_after <= report.calibration_error_before


def report(algorithm, accuracy):
    return CandidateReport(algorithm, accuracy, accuracy, accuracy, (), 1.0, 0.0, 0.0)


@pytest.mark.parametrize(("forest", "chosen"), [(0.9049, "mlp"), (0.9051, "forest"), (0.8, "mlp")])
def test_the_forest_must_be_better_by_more_than_half_a_point(forest, chosen):
    name, reason = _choose((report("mlp", 0.9), report("forest", forest)))
    assert name == chosen
    assert "90.0 %" in reason
    assert f"{100 * forest:.1f} %" in reason


@given(st.integers(0, 1000), st.integers(2, 5))
def test_folds_keep_blocks_whole_and_spread_the_classes(seed, folds):
    rng = np.random.default_rng(seed)
    block = rng.integers(0, 40, 2000)
    code = rng.integers(1, 4, 2000)
    fold = block_folds(block, code, folds=folds)
    assert all(np.unique(fold[block == b]).size == 1 for b in np.unique(block))
    assert np.unique(fold).size == folds
    for c in (1, 2, 3):
        share = np.bincount(fold[code == c], minlength=folds) / (code == c).sum()
        assert np.abs(share - 1 / folds).max() < 0.1


def test_the_interval_is_wider_when_whole_blocks_are_right_or_wrong():
    block = np.repeat(np.arange(20), 50)
    scattered = np.arange(1000) % 5 > 0
    clumped = block % 5 > 0
    lo, hi = block_interval(scattered, block, seed=0)
    assert lo == hi == 0.8
    lo, hi = block_interval(clumped, block, seed=0)
    # 20 blocks, each right with 0.8: a binomial, sd 0.089
    assert hi - lo == pytest.approx(2 * 1.96 * 0.0894, abs=0.06)


def refused(table, match, variants=(BOTH,), settings=SETTINGS):
    with pytest.raises(InputError, match=match):
        train(table, variants, LEGEND, settings)


def test_bad_tables_are_refused_with_counts():
    table = samples()
    one = replace(table, code=np.ones(600, np.uint8))
    refused(one, r"two classes or more, got \{1: 600\}")
    few = table.take(np.flatnonzero((table.code != 4) | (np.arange(600) < 40)))
    refused(few, r"at least 20 complete samples of each class, got \{4: 10\}")
    refused(replace(table, features=np.full_like(table.features, np.nan)), "none complete")
    refused(replace(table, code=table.code + np.uint8(20)), r"got \[21, 22, 23, 24\] too")
    refused(replace(table, block=np.arange(600) % 3), "at least 4 blocks .* got 3 with 600")
    refused(samples(names=ONE.names), "'leaf_off_B04'.* missing")
    refused(table, "folds", settings=replace(SETTINGS, folds=1))
    refused(table, "candidates", settings=replace(SETTINGS, candidates=("svm",)))


def test_a_class_seen_only_where_a_season_is_missing_is_refused():
    table = samples()
    x = table.features.copy()
    x[table.code == 2, 3] = np.nan
    refused(replace(table, features=x), r"got \{2: 0\}")


def test_classes_each_in_its_own_block_cannot_be_cross_validated():
    table = samples(400, classes=2)
    refused(
        replace(table, block=table.code.astype(np.int64)),
        r"blocks per class: \{1: 1, 2: 1\}",
        settings=replace(SETTINGS, folds=2),
    )


def test_columns_of_wrong_length_or_width_are_refused():
    table = samples(100)
    with pytest.raises(InputError, match=r"shape \(100, 6\).*got \(100, 5\)"):
        replace(table, features=table.features[:, :5])
    with pytest.raises(InputError, match="100 x_m"):
        TrainingTable(
            table.names, table.features, table.code, table.x_m[1:], table.y_m, table.block
        )


def test_a_perceptron_that_does_not_converge_is_logged_not_warned(monkeypatch, caplog):
    monkeypatch.setattr(fitting, "_MAX_EPOCHS", 2)
    table = samples(300)
    with caplog.at_level(logging.WARNING):
        fit("mlp", table.features, table.code, seed=0)
    assert "stopped after 2 passes" in caplog.text


def test_very_few_samples_train_without_early_stopping():
    table = samples(12, classes=4)
    assert fit("mlp", table.features, table.code, seed=0).codes == (1, 2, 3, 4)


def test_one_class_and_unknown_algorithms_are_wrong_arguments():
    table = samples(40)
    with pytest.raises(ValueError, match="two classes"):
        fit("mlp", table.features, np.ones(40, np.uint8), seed=0)
    with pytest.raises(ValueError, match="svm"):
        fit("svm", table.features, table.code, seed=0)
