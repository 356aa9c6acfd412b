import base64
import gzip
import io
import json
import pickle
import zlib
from dataclasses import fields, replace

import numpy as np
import pytest

from habitat.domain.errors import ModelError
from habitat.domain.legend import Legend, LegendClass
from habitat.domain.model import (
    CandidateReport,
    ClassReport,
    CrossValidation,
    FeatureSet,
    ForestModel,
    MlpModel,
    ModelSet,
    Variant,
    legend_sha256,
)
from habitat.io.model import model_file, model_json
from habitat.io.model.model_file import check_fits, model_sha256, read_model, write_model

LEGEND = Legend("t", tuple(LegendClass(c, f"c{c}", "#000000") for c in (1, 2, 3)))


def forest(**changes):
    values = {
        "codes": (1, 3),
        "n_features": 2,
        "feature": np.array([0, -1, 1, -1, -1, -1], np.int16),
        "threshold": np.array([0.5, 0, 0.25, 0, 0, 0], np.float32),
        "child": np.array([1, 0, 3, 1, 2, 3], np.int32),
        "roots": np.array([0, 5], np.int32),
        "leaf_counts": np.array([[3, 0], [1, 2], [0, 5], [4, 7]], np.uint32),
        "temperature": 0.75,
    } | changes
    return ForestModel(**values)


def mlp(**changes):
    rng = np.random.default_rng(0)
    values = {
        "codes": (1, 2, 3),
        "w1": rng.normal(size=(2, 4)).astype(np.float32),
        "b1": rng.normal(size=4).astype(np.float32),
        "w2": rng.normal(size=(4, 3)).astype(np.float32),
        "b2": rng.normal(size=3).astype(np.float32),
        "temperature": 1.3,
    } | changes
    return MlpModel(**values)


def model(*classifiers):
    features = FeatureSet(("on_B04", "on_B8A"), ("on",), ("B04", "B8A"), ())
    reports = (
        CandidateReport(
            "mlp", 0.9, 0.85, 0.95, (ClassReport(1, 10, None, 0.5, 2 / 3),), 1.3, 0.05, 0.01
        ),
    )
    return ModelSet(
        legend_name="t",
        legend_codes=(1, 2, 3),
        legend_sha256=legend_sha256(LEGEND),
        bands=("B04", "B8A"),
        dn_scale=10_000,
        variants=tuple(Variant(features, c, 100) for c in classifiers or (mlp(), forest())),
        description="SIMULATED: a landscape (Хасан, 珲春)",
        simulated=True,
        seed=3,
        versions=(("numpy", "2"), ("scikit-learn", "1.9")),
        cross_validation=CrossValidation(reports, "mlp", "why", "how", 4, 9, 5000, 100),
    )


def rewrite(path, change, *, rehash=True):
    """Change the document as an attacker would who also repairs the digest."""
    document = json.loads(path.read_bytes())
    change(document)
    if rehash:
        document["content_sha256"] = model_file._digest(document["model"])
    path.write_text(json.dumps(document))


def forged(array, dtype):
    return model_json.array_out(np.asarray(array), dtype)


@pytest.fixture
def path(tmp_path):
    write_model(tmp_path / "m.json", model())
    return tmp_path / "m.json"


def test_a_model_comes_back_as_it_was(path):
    before, after = model(), read_model(path)
    for field in fields(ModelSet):
        if field.name != "variants":
            assert getattr(after, field.name) == getattr(before, field.name)
    for one, two in zip(before.variants, after.variants, strict=True):
        assert one.features == two.features
        assert type(one.classifier) is type(two.classifier)
        for field in fields(one.classifier):
            left, right = getattr(one.classifier, field.name), getattr(two.classifier, field.name)
            assert np.array_equal(left, right)
            assert np.asarray(left).dtype == np.asarray(right).dtype
    assert model_sha256(before) == model_sha256(after)


def test_the_same_model_gives_the_same_bytes_and_another_does_not(tmp_path, path):
    again = tmp_path / "again.json"
    write_model(again, read_model(path))
    assert again.read_bytes() == path.read_bytes()
    write_model(again, model(mlp(temperature=1.4)))
    assert again.read_bytes() != path.read_bytes()
    assert model_sha256(read_model(again)) != model_sha256(model())


def test_the_pinned_digest_is_held(path):
    assert read_model(path, sha256=model_sha256(model())).seed == 3
    with pytest.raises(ModelError, match="expected content with sha256 ab"):
        read_model(path, sha256="ab" * 32)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"a": 1}),
        pickle.dumps({"a": 1}, protocol=0),
        zlib.compress(pickle.dumps({"a": 1})),
        gzip.compress(b"{}", mtime=0),
        b"PK\x03\x04skops",
        b"",
        b"[]",
        b"\xff\xfe{",
    ],
)
def test_pickles_and_other_files_are_refused_by_content(tmp_path, content):
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="never loaded") as caught:
        read_model(path)
    assert "model.json" in str(caught.value)


def test_an_array_file_with_objects_is_refused_and_not_run(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "m.json").write_bytes(buffer.getvalue())
    with pytest.raises(ModelError, match="NumPy array file"):
        read_model(tmp_path / "m.json")


def test_a_pickle_is_named_as_such(tmp_path):
    (tmp_path / "m.json").write_bytes(pickle.dumps([1]))
    with pytest.raises(ModelError, match="pickle"):
        read_model(tmp_path / "m.json")


def test_a_missing_and_a_too_large_file_are_refused(tmp_path, path, monkeypatch):
    with pytest.raises(ModelError, match="No such file"):
        read_model(tmp_path / "none.json")
    monkeypatch.setattr(model_json, "MAX_FILE_BYTES", 100)
    with pytest.raises(ModelError, match="at most 100 bytes"):
        read_model(path)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('{"a": 1', "valid JSON"),
        ('{"a": 1, "a": 2}', "each key once"),
        ('{"a": NaN}', "finite"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, r"valid JSON|levels"),
        ('{"a":' * 20 + "1" + "}" * 20, "levels"),
        ('{"a": ' + "9" * 5000 + "}", "valid JSON"),
        ('{"format": "other"}', "format"),
        ('{"format": "habitat-model", "format_version": 2}', "version 2"),
        ('{"format": "habitat-model", "format_version": 1}', "model: expected dict"),
    ],
)
def test_json_that_is_no_model_is_refused(tmp_path, text, match):
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(ModelError, match=match):
        read_model(tmp_path / "m.json")


def test_every_flipped_value_is_found_by_the_digest(path):
    def change(document):
        document["model"]["seed"] = 4

    rewrite(path, change, rehash=False)
    with pytest.raises(ModelError, match="sha256"):
        read_model(path)


def test_data_that_do_not_match_their_digest_are_refused(path):
    def change(document):
        array = document["model"]["variants"][0]["classifier"]["w1"]
        array["data"] = base64.b64encode(zlib.compress(bytes(32))).decode()

    rewrite(path, change)
    with pytest.raises(ModelError, match="w1: expected bytes with sha256"):
        read_model(path)


def test_a_decompression_bomb_stops_at_the_declared_size(path):
    def change(document):
        array = document["model"]["variants"][0]["classifier"]["w1"]
        array["data"] = base64.b64encode(zlib.compress(bytes(50_000_000))).decode()

    rewrite(path, change)
    with pytest.raises(ModelError, match="expected 32 bytes by its shape, got 33 or more"):
        read_model(path)


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("child", forged([0, 0, 3, 1, 2, 3], "<i4"), "not after its parent.*node 0"),
        ("child", forged([1, 0, 2, 1, 2, 3], "<i4"), "not after its parent.*node 2"),
        ("child", forged([1, 0, 4, 1, 2, 3], "<i4"), "within the tree.*node 2"),
        ("child", forged([1, 0, 2**31 - 1, 1, 2, 3], "<i4"), "within the tree.*node 2"),
        ("child", forged([1, 9, 3, 1, 2, 3], "<i4"), "no such leaf.*node 1"),
        ("child", forged([1, -1, 3, 1, 2, 3], "<i4"), "no such leaf.*node 1"),
        ("child", forged([1, 0, 3], "<i4"), "child: expected one number"),
        ("feature", forged([0, -1, 2, -1, -1, -1], "<i2"), "feature: out of range.*node 2"),
        ("feature", forged([0, -2, 1, -1, -1, -1], "<i2"), "feature: out of range.*node 1"),
        ("threshold", forged([np.nan, 0, 0, 0, 0, 0], "<f4"), "threshold: not finite"),
        ("roots", forged([1, 5], "<i4"), "roots"),
        ("roots", forged([0, 6], "<i4"), "roots"),
        ("roots", forged([0, 0], "<i4"), "roots"),
        ("roots", forged([], "<i4"), "roots"),
        ("leaf_counts", forged([[3, 0], [1, 2], [0, 0], [4, 7]], "<u4"), "empty leaf"),
        ("leaf_counts", forged([[3], [1], [5], [4]], "<u4"), "leaf_counts: expected a column"),
        ("leaf_counts", forged(np.zeros((0, 2)), "<u4"), "empty leaf"),
        ("feature", forged([0, -1, 1, -1, -1, -1], "<i4"), "feature: expected <i2"),
        ("feature", forged([[0, -1]], "<i2"), "feature: expected <i2 of 1 dims"),
        ("codes", [3, 1], "rising"),
        ("codes", [0, 1], "1 to 254"),
        ("codes", [1, 9], "expected codes of"),
        ("codes", [1.0, 3.0], "list of int"),
        ("temperature", -1.0, "temperature"),
        ("temperature", True, "temperature"),
        ("n_features", 3, "expected 3 feature names, got 2"),
        ("algorithm", "os.system", "expected one of"),
    ],
)
def test_a_tampered_forest_is_refused_even_with_a_right_digest(tmp_path, key, value, match):
    path = tmp_path / "m.json"
    write_model(path, model(forest()))
    rewrite(path, lambda d: d["model"]["variants"][0]["classifier"].update({key: value}))
    with pytest.raises(ModelError, match=match):
        read_model(path)


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("w1", forged(np.full((2, 4), np.inf), "<f4"), "w1: expected finite"),
        ("b2", forged([0, np.nan, 0], "<f4"), "b2: expected finite"),
        ("b1", forged([0, 0, 0], "<f4"), r"w1: expected shape \(2, 3\)"),
        ("w2", forged(np.zeros((4, 2)), "<f4"), "w2: expected shape"),
        ("w1", forged(np.zeros((3, 4)), "<f4"), "n_features: expected 3"),
        ("w1", {"dtype": "|O", "shape": [2, 4], "sha256": "", "data": ""}, "w1: expected <f4"),
        ("w1", {"dtype": "<f4", "shape": [2, -4], "sha256": "", "data": ""}, "w1: expected"),
        ("w1", {"dtype": "<f4", "shape": [2**40, 4], "sha256": "", "data": ""}, "at most"),
        ("w1", {"dtype": "<f4", "shape": [2, 4], "sha256": "", "data": "!"}, "deflated base64"),
        ("w1", [1, 2], "w1: expected dict"),
    ],
)
def test_a_tampered_perceptron_is_refused_even_with_a_right_digest(tmp_path, key, value, match):
    path = tmp_path / "m.json"
    write_model(path, model(mlp()))
    rewrite(path, lambda d: d["model"]["variants"][0]["classifier"].update({key: value}))
    with pytest.raises(ModelError, match=match):
        read_model(path)


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("variants", [], "at least one variant"),
        ("variants", [{}] * 9, "at most 8 variants"),
        ("variants", [3], "features: expected dict"),
        ("bands", ["B04"], "bands of"),
        ("simulated", "no", "simulated: expected bool"),
        ("description", None, "description: expected str"),
        ("seed", True, "seed: expected int"),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(path, key, value, match):
    rewrite(path, lambda d: d["model"].update({key: value}))
    with pytest.raises(ModelError, match=match):
        read_model(path)


def test_a_chosen_algorithm_without_report_is_refused(path):
    rewrite(path, lambda d: d["model"]["cross_validation"].update({"chosen": "svm"}))
    with pytest.raises(ModelError, match="svm"):
        read_model(path)


def test_an_accuracy_that_is_infinite_is_refused(path):
    def change(document):
        document["model"]["cross_validation"]["candidates"][0]["accuracy"] = float("inf")

    rewrite(path, change)
    path.write_text(path.read_text().replace("Infinity", "1e999"))
    with pytest.raises(ModelError, match="accuracy: expected a finite number, got inf"):
        read_model(path)


def test_a_model_that_could_not_be_read_is_not_written(tmp_path):
    with pytest.raises(ModelError, match="finite"):
        write_model(tmp_path / "m.json", model(mlp(b1=np.full(4, np.nan, np.float32))))
    assert list(tmp_path.iterdir()) == []


FITTING = {"legend": LEGEND, "bands": ("B04", "B8A", "B11"), "feature_names": ("on_B04", "on_B8A")}


def test_a_model_fits_the_data_it_was_made_for():
    check_fits(model(), **FITTING)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"legend": replace(LEGEND, name="other")}, "expected legend 't'.*got 'other'"),
        ({"legend": replace(LEGEND, classes=LEGEND.classes[:2])}, r"\[1, 2, 3\].*\[1, 2\]"),
        (
            {"legend": Legend("t", tuple(replace(c, name="x") for c in LEGEND.classes))},
            "class names",
        ),
        ({"bands": ("B04",)}, r"expected bands \['B04', 'B8A'\], got \['B04'\]"),
        ({"dn_scale": 1}, "expected 10000 DN per reflectance, got 1"),
        ({"feature_names": ("on_B04",)}, "expected features .*on_B8A.*got"),
    ],
)
def test_a_model_for_other_data_is_refused_with_expected_and_got(change, match):
    with pytest.raises(ModelError, match=match):
        check_fits(model(), **(FITTING | change))


def test_other_colours_of_the_legend_do_not_matter():
    check_fits(
        model(),
        **FITTING
        | {"legend": Legend("t", tuple(replace(c, colour="#ffffff") for c in LEGEND.classes))},
    )


def test_classes_that_were_left_out_are_in_the_file_and_older_files_have_none(tmp_path):
    made = model()
    validation = replace(made.cross_validation, left_out=((4, 3), (12, 0)))
    path = tmp_path / "m.json"
    write_model(path, replace(made, cross_validation=validation))
    assert read_model(path).cross_validation.left_out == ((4, 3), (12, 0))
    rewrite(path, lambda document: document["model"]["cross_validation"].pop("left_out"))
    assert read_model(path).cross_validation.left_out == ()
