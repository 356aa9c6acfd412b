from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms.calibration import calibration_error, fit_temperature
from habitat.algorithms.classifier import (
    _CHUNK_PX,
    classify,
    classify_composites,
    predict_proba,
    predict_raw,
)
from habitat.algorithms.features import compute, feature_set
from habitat.algorithms.fitting import (
    fit,
    forest_model,
    mlp_model,
    sklearn_forest,
    sklearn_mlp,
)
from habitat.domain.legend import Legend, LegendClass
from habitat.domain.model import (
    CrossValidation,
    MlpModel,
    ModelSet,
    Variant,
    legend_sha256,
)

FOREST = (1, 2)
BANDS = ("B04", "B8A")


def samples(n, seed, classes=5, width=6):
    rng = np.random.default_rng(seed)
    code = rng.integers(1, classes + 1, n).astype(np.uint8)
    centres = np.random.default_rng(9).uniform(0, 0.5, (classes, width))
    return (centres[code - 1] + rng.normal(0, 0.05, (n, width))).astype(np.float32), code


@pytest.fixture(scope="module")
def models():
    x, code = samples(800, 0)
    return {
        "mlp": fit("mlp", x, code, seed=0),
        "forest": fit("forest", x, code, seed=0, n_trees=20),
    }


def test_perceptron_gives_the_labels_of_scikit_learn():
    x, code = samples(2000, 1)
    scaler, mlp = sklearn_mlp(x, code, seed=0)
    new, _ = samples(50_000, 2)
    maps = classify(mlp_model(scaler, mlp), new.T.reshape(6, 100, 500), forest_codes=FOREST)
    expected = mlp.predict(scaler.transform(new))
    assert (maps.class_code.ravel() == expected).mean() > 0.9999
    raw = predict_raw(mlp_model(scaler, mlp), np.ascontiguousarray(new.T))
    assert np.abs(raw.T - mlp.predict_proba(scaler.transform(new))).max() < 1e-4


def test_perceptron_of_two_classes_gives_the_probabilities_of_scikit_learn():
    x, code = samples(500, 1, classes=2)
    scaler, mlp = sklearn_mlp(x, code, seed=0)
    raw = predict_raw(mlp_model(scaler, mlp), np.ascontiguousarray(x.T))
    assert np.abs(raw.T - mlp.predict_proba(scaler.transform(x))).max() < 1e-5


def test_forest_gives_exactly_the_labels_of_scikit_learn():
    x, code = samples(800, 1)
    forest = sklearn_forest(x, code, seed=0, n_trees=20)
    new, _ = samples(20_000, 2)
    maps = classify(forest_model(forest), new.T.reshape(6, 100, 200), forest_codes=FOREST)
    assert np.array_equal(maps.class_code.ravel(), forest.predict(new))


@pytest.mark.parametrize("name", ["mlp", "forest"])
def test_per_cents_are_the_calibrated_probabilities_rounded_half_up(models, name):
    model = replace(models[name], temperature=1.4)
    new, _ = samples(3000, 3)
    maps = classify(model, new.T.reshape(6, 50, 60), forest_codes=FOREST)
    p = predict_proba(model, np.ascontiguousarray(new.T))
    shown = p[np.arange(len(new)), np.searchsorted(model.codes, maps.class_code.ravel())]
    assert np.array_equal(maps.confidence.ravel(), np.floor(shown * 100 + np.float32(0.5)))
    forest = np.floor((p[:, 0] + p[:, 1]) * 100 + np.float32(0.5))
    assert np.array_equal(maps.forest_probability.ravel(), np.minimum(forest, 100))
    assert maps.confidence.max() <= 100
    assert p.shape == (3000, 5)
    assert np.abs(p.sum(axis=1) - 1).max() < 1e-5


def test_half_a_per_cent_is_rounded_up_and_temperature_keeps_the_class():
    def two(score, temperature=1.0):
        zero = np.zeros((1, 1), np.float32)
        b2 = np.array([score, 0], np.float32)
        return MlpModel((1, 2), zero, zero[0], np.zeros((1, 2), np.float32), b2, temperature)

    pixel = np.zeros((1, 1, 1), np.float32)
    sure, calm = two(3.0), two(3.0, temperature=3.0)
    assert classify(sure, pixel, forest_codes=[2]).confidence[0, 0] == 95  # 1/(1+e**-3) = 0.9526
    assert classify(calm, pixel, forest_codes=[2]).confidence[0, 0] == 73  # 1/(1+e**-1) = 0.7311
    assert classify(calm, pixel, forest_codes=[2]).forest_probability[0, 0] == 27
    assert classify(calm, pixel, forest_codes=[2]).class_code[0, 0] == 1
    assert classify(two(0.0), pixel, forest_codes=[]).forest_probability[0, 0] == 0
    tie = classify(two(0.0), pixel, forest_codes=[1, 2])
    assert (tie.class_code[0, 0], tie.forest_probability[0, 0]) == (1, 100)
    half = classify(two(float(np.log(0.625 / 0.375))), pixel, forest_codes=[])
    assert half.confidence[0, 0] == 63  # 62.5


@pytest.mark.parametrize("name", ["mlp", "forest"])
def test_a_pixel_with_a_missing_feature_is_not_observed(models, name):
    new, _ = samples(120, 3)
    features = new.T.reshape(6, 10, 12).copy()
    whole = classify(models[name], features, forest_codes=FOREST)
    features[3, 4, 5] = np.nan
    maps = classify(models[name], features, forest_codes=FOREST)
    for found, before, missing in (
        (maps.class_code, whole.class_code, 0),
        (maps.confidence, whole.confidence, 255),
        (maps.forest_probability, whole.forest_probability, 255),
    ):
        assert found.dtype == np.uint8
        assert found[4, 5] == missing
        assert (found != before).sum() == 1


@given(st.sampled_from(["mlp", "forest"]), st.integers(0, 90), st.integers(0, 290), st.data())
def test_a_window_gives_the_same_bytes_as_the_whole(models, name, row, col, data):
    height, width = data.draw(st.integers(1, 100 - row)), data.draw(st.integers(1, 300 - col))
    features = compute_field(name)
    whole = WHOLE.setdefault(name, classify(models[name], features, forest_codes=FOREST))
    at = (slice(row, row + height), slice(col, col + width))
    part = classify(models[name], features[:, *at], forest_codes=FOREST)
    assert part.class_code.tobytes() == whole.class_code[at].tobytes()
    assert part.confidence.tobytes() == whole.confidence[at].tobytes()
    assert part.forest_probability.tobytes() == whole.forest_probability[at].tobytes()


WHOLE = {}


def compute_field(name):
    if name not in FIELD:
        new, _ = samples(100 * 300, 8)
        field = new.T.reshape(6, 100, 300).copy()
        field[0, np.random.default_rng(0).random((100, 300)) < 0.2] = np.nan
        FIELD[name] = field
    return FIELD[name]


FIELD = {}


def test_a_wrong_number_of_features_is_refused_before_any_walk(models):
    for model in models.values():
        with pytest.raises(ValueError, match="expected 6"):
            classify(model, np.zeros((5, 2, 2), np.float32), forest_codes=FOREST)
        with pytest.raises(ValueError, match="float64"):
            classify(model, np.zeros((6, 2, 2)), forest_codes=FOREST)


def seasonal_model():
    legend = Legend("t", tuple(LegendClass(c, f"c{c}", "#000000") for c in range(1, 6)))
    both, one = feature_set(("on", "off"), BANDS), feature_set(("on",), BANDS)
    x, code = samples(500, 0)
    variants = tuple(
        Variant(f, fit("mlp", x[:, : len(f.names)], code, seed=0), 500) for f in (both, one)
    )
    validation = CrossValidation((), "mlp", "", "", 4, 4, 5000, 500)
    return ModelSet(
        "t", legend.codes, legend_sha256(legend), BANDS, 10_000, variants, "", True, 0, (),
        validation,
    )  # fmt: skip


def seasons(shape, seed=0):
    rng = np.random.default_rng(seed)
    return {
        season: {band: rng.integers(1, 6000, shape).astype(np.uint16) for band in BANDS}
        for season in ("on", "off")
    }


def test_each_pixel_goes_to_the_first_variant_whose_features_are_there():
    model, composites = seasonal_model(), seasons((40, 50))
    composites["off"]["B04"][:, :20] = 0
    composites["on"]["B8A"][:10] = 0
    maps = classify_composites(model, composites, forest_codes=FOREST)
    assert (maps.class_code[:10] == 0).all()
    assert (maps.confidence[:10] == 255).all()
    for variant, cols in zip(model.variants, (slice(20, 50), slice(0, 20)), strict=True):
        alone = classify(
            variant.classifier, compute(variant.features, composites), forest_codes=FOREST
        )
        assert np.array_equal(maps.class_code[10:, cols], alone.class_code[10:, cols])
        assert np.array_equal(
            maps.forest_probability[10:, cols], alone.forest_probability[10:, cols]
        )


def test_without_the_second_season_the_whole_map_comes_from_the_second_variant():
    model, composites = seasonal_model(), seasons((40, 50))
    del composites["off"]
    maps = classify_composites(model, composites, forest_codes=FOREST)
    second = model.variants[1]
    alone = classify(second.classifier, compute(second.features, composites), forest_codes=FOREST)
    assert np.array_equal(maps.class_code, alone.class_code)
    assert (maps.class_code > 0).all()


def test_composites_wider_than_a_chunk_give_the_same_bytes_in_parts():
    model, composites = seasonal_model(), seasons((3, _CHUNK_PX + 77))
    composites["off"]["B04"][1, 5000:] = 0
    whole = classify_composites(model, composites, forest_codes=FOREST)
    cut = 9001
    for cols in (slice(0, cut), slice(cut, None)):
        part = {s: {b: a[:, cols] for b, a in bands.items()} for s, bands in composites.items()}
        maps = classify_composites(model, part, forest_codes=FOREST)
        assert maps.class_code.tobytes() == whole.class_code[:, cols].tobytes()
        assert maps.confidence.tobytes() == whole.confidence[:, cols].tobytes()


def test_composites_of_two_shapes_are_refused():
    composites = seasons((4, 4))
    composites["off"]["B04"] = composites["off"]["B04"][1:]
    with pytest.raises(ValueError, match="one shape"):
        classify_composites(seasonal_model(), composites, forest_codes=FOREST)


def test_temperature_recovers_the_factor_by_which_scores_were_sharpened():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1.5, (4, 20_000))
    p = np.exp(scores)
    p /= p.sum(axis=0)
    truth = (p.cumsum(axis=0) < rng.random(20_000)).sum(axis=0)
    assert fit_temperature(scores * 2.5, truth) == pytest.approx(2.5, rel=0.03)
    assert fit_temperature(scores, truth) == pytest.approx(1.0, rel=0.03)


def test_calibration_error_worked_by_hand():
    # 0.9 twice, one right: |0.5 - 0.9| * 2/4; 0.5 twice, both right: |1 - 0.5| * 2/4.
    confidence = np.array([0.9, 0.9, 0.5, 0.5])
    correct = np.array([True, False, True, True])
    assert calibration_error(confidence, correct) == pytest.approx(0.45)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0
