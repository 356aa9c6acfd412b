"""Traps of the tools that habitat stands on, each shown to be shut."""

import shutil

import numpy as np
import pytest
import rasterio
import tiny
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from habitat.algorithms import features, habitat_share, indices, masks, tables
from habitat.algorithms.classifier import classify_composites
from habitat.algorithms.composite import median_composite
from habitat.cli.main import run
from habitat.domain.bands import State
from habitat.domain.errors import ConfigError
from habitat.domain.harmonise import harmonise
from habitat.domain.layers import N_VALID, conform
from habitat.io.config.yaml_file import parse_yaml
from habitat.io.model.model_file import read_model
from habitat.pipeline.config_steps import STEPS
from habitat.pipeline.config_words import Model

# --- unsigned arithmetic --------------------------------------------------------------------------

RATIOS = [indices.nbr, indices.nbr2, indices.ndvi, indices.ndmi, indices.mndwi, indices.ndsi]


@pytest.mark.parametrize("index", [*RATIOS, indices.mirbi, indices.dnbr, indices.rbr])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_an_index_refuses_integers(index, dtype):
    with pytest.raises(ValueError, match=np.dtype(dtype).name):
        index(np.array([100], dtype), np.array([101], dtype))


@pytest.mark.parametrize("index", RATIOS)
def test_the_index_of_a_darker_first_band_is_negative(index):
    value = index(np.array([100], np.float32), np.array([300], np.float32))
    assert value.tolist() == [-0.5]
    assert value.dtype == np.float32


def test_features_of_a_darker_near_infrared_are_negative():
    composite = {"B04": np.array([[300]], np.uint16), "B8A": np.array([[100]], np.uint16)}
    found = features.compute(
        features.feature_set(("leaf_on",), ("B04", "B8A")), {"leaf_on": composite}
    )
    assert found.dtype == np.float32, "a float64 scalar would double the memory"
    np.testing.assert_allclose(found.ravel(), [0.03, 0.01, -0.5], rtol=1e-6)


@given(arrays(np.uint16, (5, 1, 3), elements=st.integers(1, 65_535)))
def test_the_median_of_bright_pixels_does_not_wrap(values):
    whole = np.ones(values.shape, dtype=bool)
    for n in (4, 5):
        exact = np.floor(np.median(values[:n].astype(np.float64), axis=0) + 0.5)
        found = median_composite(values[:n], whole[:n])
        np.testing.assert_array_equal(found, np.clip(exact, 1, 65_535))
        assert found.dtype == np.uint16


def test_land_that_is_brighter_in_the_infrared_is_no_snow():
    """green - swir1 wraps to 65,000 in uint16, far above any threshold."""
    bands = {"B03": np.full((1, 1), 2000, np.uint16), "B11": np.full((1, 1), 2500, np.uint16)}
    state = masks.observation_state(np.full((1, 1), 5, np.uint8), "scl", bands)
    assert state.tolist() == [[State.CLEAR]]


@given(st.integers(0, 65_535))
def test_taking_the_offset_off_does_not_wrap(value):
    (dn,) = harmonise(np.array([value], np.uint16), offset_dn=1000, scale=1e-4).tolist()
    assert dn == (0 if value == 0 else max(value - 1000, 1))


# --- xarray ---------------------------------------------------------------------------------------


def field(shift=0, dtype=np.float32, **attributes):
    """Return an array on coordinates, moved by pixels to the east."""
    x = (np.arange(4) + shift) * 20.0
    return xr.DataArray(
        np.ones((2, 4), dtype), {"y": [30.0, 10.0], "x": x}, ("y", "x"), attrs=attributes
    )


@pytest.mark.parametrize("index", [*RATIOS, indices.mirbi, indices.dnbr, indices.rbr])
def test_arrays_a_pixel_apart_are_refused_and_not_cut_to_what_they_share(index):
    assert index(field(), field()).shape == (2, 4)
    with pytest.raises(ValueError, match="align"):
        index(field(), field(shift=1))


def test_inherited_attributes_do_not_reach_a_layer():
    total = field(dtype=np.uint16, _FillValue=0, scale_factor=1e-4, units="days")
    total.encoding = {"_FillValue": 0}
    layer = conform(total + np.uint16(1), N_VALID)
    assert not {"_FillValue", "scale_factor"} & {*layer.attrs, *layer.encoding}
    assert layer.attrs["long_name"] == N_VALID.title
    assert layer.attrs.get("units") != "days"


# --- NaN and missing ------------------------------------------------------------------------------


@given(arrays(np.bool_, (3, 4)), arrays(np.bool_, (3, 4)))
def test_a_class_is_missing_exactly_where_the_image_is(tmp_path_factory, gone_red, gone_nir):
    path = tmp_path_factory.getbasetemp() / "traps.json"
    if not path.exists():
        tiny.write_tiny_model(path, bands=("B04", "B8A"))
    composite = {
        "B04": np.where(gone_red, 0, 300).astype(np.uint16),
        "B8A": np.where(gone_nir, 0, 3000).astype(np.uint16),
    }
    maps = classify_composites(read_model(path), {"leaf_on": composite}, forest_codes=(1, 2))
    np.testing.assert_array_equal(maps.class_code == 0, gone_red | gone_nir)
    assert maps.class_code.dtype == maps.confidence.dtype == np.uint8


def test_a_cell_without_observations_is_no_gain():
    state = tables.habitat_state(np.array([np.nan, 0.9]), np.array([0.0, 1.0]), 0.05)
    assert state.tolist() == ["not_observed", "gain"]


@pytest.mark.parametrize("unseen", [0, 255])
def test_what_one_date_did_not_see_has_no_change(unseen):
    seen = np.array([[1, 6]], np.uint8)
    missing = np.full((1, 2), unseen, np.uint8)
    for pair in ((seen, missing), (missing, seen)):
        assert (habitat_share.observed_code(*pair) != habitat_share.observed_code(seen, seen)).all()


# --- YAML -----------------------------------------------------------------------------------------


def test_a_duplicate_key_is_refused_at_any_depth():
    with pytest.raises(ConfigError, match=r"x:4: 'pixel_m' .* line 3"):
        parse_yaml("grid:\n  epsg: 32652\n  pixel_m: 20\n  pixel_m: 10\n", "x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("on", "on"), ("12:30", "12:30"), ("010", "010"), ("1e-3", 0.001),
        ("2024-06-01", "2024-06-01"), ("0x10", "0x10"), ("1_000", "1_000"), ("~", None),
    ],
)  # fmt: skip
def test_yaml_does_not_guess(text, value):
    assert parse_yaml(f"key: {text}\n", "x").data == {"key": value}


def test_a_wrong_item_of_a_list_is_one_fault(tmp_path, capsys):
    steps = tiny.composites_only()
    steps[1]["period"] = "soon"
    tiny.write_project(tmp_path, days=(), steps=steps)
    assert run(["--log", "text", "check", str(tmp_path / "pipelines" / "tiny.yaml")]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert len([line for line in lines if "tiny.yaml:" in line]) == 1
    assert "too_short" not in "".join(lines)


@pytest.mark.parametrize("step", STEPS)
def test_every_part_of_a_pipeline_refuses_unknown_keys_and_nan(step):
    assert issubclass(step, Model)
    assert step.model_config["extra"] == "forbid"
    assert step.model_config["allow_inf_nan"] is False


# --- dark is not missing --------------------------------------------------------------------------


def test_dark_water_and_conifer_that_reach_zero_after_the_offset_stay_observed(tmp_path):
    """Baseline 05.10: 1,000 is reflectance 0; water is dark in the infrared, conifer in red."""
    stored = {band: values + np.uint16(1000) for band, values in tiny.forest().items()}
    water, conifer, nothing = np.s_[20:40, 20:60], np.s_[50:70, 50:90], np.s_[90:100, 50:90]
    scl = np.full((tiny.SIDE, tiny.SIDE), tiny.VEGETATION, np.uint8)
    scl[water] = 6
    for band in ("B8A", "B11", "B12"):
        stored[band][water] = 990
    for band in ("B03", "B04", "B12"):
        stored[band][conifer] = 1000
    for values in stored.values():
        values[nothing] = 0
    tiny.write_project(tmp_path, days=())
    for day in tiny.DAYS[2:]:
        tiny.write_scene(
            tmp_path, day, bands=stored, scl=scl, properties={"s2:processing_baseline": "05.10"}
        )
    assert tiny.run_it(tmp_path) == 0
    release = tiny.current(tmp_path)
    found = {}
    for name in ("composite", "n_valid"):
        with rasterio.open(release / f"{name}_20240601-20240915.tif") as dataset:
            layer = dataset.read()
            row, col = (round(v) for v in dataset.index(tiny.EAST, tiny.NORTH + 128 * 20 - 1))
            found[name] = np.zeros((len(layer), tiny.SIDE, tiny.SIDE), layer.dtype)
            inside = found[name][:, -row:, -col:]
            inside[:, : layer.shape[1], : layer.shape[2]] = layer
    bands = dict(zip(tiny.BANDS, found["composite"], strict=True))
    for place in (water, conifer):
        assert (found["n_valid"][0][place] == 3).all()
    for band in ("B8A", "B11", "B12"):
        assert (bands[band][water] == 1).all(), "observed, reflectance 0: not 0, not 65,526"
    for band in ("B03", "B04", "B12"):
        assert (bands[band][conifer] == 1).all()
    assert (bands["B8A"][conifer] > 2500).all()
    assert (found["n_valid"][0][nothing] == 0).all()
    assert (found["composite"][(slice(None), *nothing)] == 0).all()


def test_two_baselines_of_one_view_give_the_same_image(tmp_path):
    """The same ground before and after baseline 04.00: the offset leaves no step."""
    tiny.write_project(tmp_path, days=())
    raised = {band: values + np.uint16(1000) for band, values in tiny.forest().items()}
    images = []
    for bands, baseline in ((tiny.forest(), "03.01"), (raised, "05.10")):
        shutil.rmtree(tmp_path / "scenes", ignore_errors=True)
        tiny.write_scene(
            tmp_path, "2024-06-10", bands=bands, properties={"s2:processing_baseline": baseline}
        )
        assert tiny.run_it(tmp_path) == 0
        with rasterio.open(tiny.current(tmp_path) / "composite_20240601-20240915.tif") as dataset:
            images.append(dataset.read())
    np.testing.assert_array_equal(*images)
