"""Sentinel-1 beside Sentinel-2, end to end: the same maps from a folder and from a catalogue."""

import json
from datetime import date

import numpy as np
import pytest
import rasterio
import stac_served as served
import tiny
from radar_files import power, write_radar

from habitat.domain.errors import HabitatError
from habitat.pipeline.check import check_pipeline
from habitat.pipeline.context import bind
from habitat.pipeline.loader import load_pipeline
from habitat.pipeline.plan import plan_pipeline

OK, CONFIG, INPUT, NOTHING_SEEN = 0, 3, 4, 11
SUMMER = "2024-06-01/2024-09-15"
PASSES = (
    ("one", "2024-06-05T21:40:00Z", "descending"),
    ("two", "2024-06-17T21:40:00Z", "descending"),
    ("three", "2024-06-11T09:30:00Z", "ascending"),
)
TODAY = date(2025, 1, 1)
NODATA = -32768


def steps(orbit="descending", *, classify=True):
    """Return a map from imagery and backscatter."""
    made = [
        *tiny.composites_only()[:2],
        {"step": "radar_scenes", "period": SUMMER, "save_as": "s1"},
        {"step": "radar_composite", "scenes": "s1", "period": SUMMER, "orbit": orbit,
         "save_as": "back"},
        {"step": "classify_forest", "composites": {"leaf_on": "image"},
         "radar": {"leaf_on": "back"}, "model": "models/tiny.json", "save_as": "map"},
    ]  # fmt: skip
    if not classify:
        made.pop()
    return [*made, {"step": "publish", "layers": ["back", "map"] if classify else ["back"]}]


def write_passes(folder):
    """Write three passes over the scene; return the power of each."""
    looks = {}
    for number, (name, time, state) in enumerate(PASSES):
        bands = {"vv": power((128, 128), number), "vh": power((128, 128), 10 + number, 0.02)}
        bands["vv"][:8, : 8 * (number + 1)] = np.nan
        write_radar(
            folder / "scenes-s1", name, bands, time=time, x0=tiny.EAST,
            y0=tiny.NORTH + tiny.SIDE * tiny.PIXEL, **{"sat:orbit_state": state},
        )  # fmt: skip
        looks[name] = bands
    return looks


def write_project(folder, *, bands=(*tiny.BANDS, "VV", "VH"), **changes):
    """Write a project of both; return the pipeline file and the looks."""
    head = {"radar": {"kind": "folder", "path": "scenes-s1"}, "steps": steps()}
    path = tiny.write_project(folder, days=("2024-06-10", "2024-07-10"), **head | changes)
    tiny.write_tiny_model(folder / "models" / "tiny.json", bands=bands)
    return path, write_passes(folder)


def layer(folder, name):
    """Return a layer of the current release."""
    (path,) = tiny.current(folder).glob(f"{name}_*.tif")
    with rasterio.open(path) as dataset:
        return dataset.read(), dataset.window(*tiny_bounds()), dataset.tags()


def tiny_bounds():
    top = tiny.NORTH + tiny.SIDE * tiny.PIXEL
    return tiny.EAST, tiny.NORTH, tiny.EAST + tiny.SIDE * tiny.PIXEL, top


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("radar")
    _, looks = write_project(folder)
    assert tiny.run_it(folder) == OK
    return folder, looks, served.layers(folder)


def test_the_composite_is_the_median_of_the_passes_of_one_direction(origin):
    folder, looks, _ = origin
    stored, window, tags = layer(folder, "radar_composite")
    vv = np.stack([looks[name]["vv"] for name in ("one", "two")]).astype(np.float64)
    row, col = -round(window.row_off), -round(window.col_off)
    inside = vv[:, row : row + stored.shape[1], col : col + stored.shape[2]]
    known = stored[0] != NODATA
    assert known.mean() > 0.8
    expected = 1000 * np.log10(np.nanmean(inside, axis=0))
    assert np.abs(stored[0] - expected)[known].max() <= 0.51
    assert tags["ORBIT"] == "descending"


def test_the_same_scenes_give_the_same_maps_from_a_catalogue_and_offline(origin, tmp_path):
    folder, _, expected = origin
    with served.serving(folder / "scenes-s1") as url:
        write_project(tmp_path, radar=served.stac(url))
        assert tiny.run_it(tmp_path, "--dry-run") == OK
        assert tiny.run_it(tmp_path) == OK
        asked = len(served.requests(folder / "scenes-s1"))
        assert tiny.record(tmp_path)["requests"] > 0
    pixels = {n: content_of(b) for n, b in served.layers(tmp_path).items()}
    assert pixels == {n: content_of(b) for n, b in expected.items()}
    assert asked > 0
    assert tiny.run_it(tmp_path, "--offline") == OK


def content_of(body):
    """Return the pixels of a file, without its tags."""
    with rasterio.MemoryFile(body) as memory, memory.open() as dataset:
        return dataset.read().tobytes(), dataset.descriptions, dataset.dtypes


def test_one_tile_gives_the_same_bytes_as_four(origin, tmp_path):
    grid = {"epsg": tiny.EPSG, "pixel_m": tiny.PIXEL, "tile_px": 128}
    write_project(tmp_path, grid=grid)
    assert tiny.run_it(tmp_path) == OK
    assert {n: content_of(b) for n, b in served.layers(tmp_path).items()} == {
        n: content_of(b) for n, b in origin[2].items()
    }


def test_backscatter_changes_the_map_of_a_model_that_was_trained_with_it(origin, tmp_path):
    with_radar, _, _ = layer(origin[0], "forest_class")
    write_project(tmp_path)
    for path in (tmp_path / "scenes-s1").rglob("vh.tif"):
        with rasterio.open(path, "r+") as dataset:
            dataset.write(dataset.read() * 30)
    assert tiny.run_it(tmp_path) == OK
    other, _, _ = layer(tmp_path, "forest_class")
    assert (other != with_radar).any()


def test_a_model_without_backscatter_gives_the_same_map_with_it_and_without(tmp_path):
    maps = []
    for name in ("with", "without"):
        write_project(tmp_path / name, bands=tiny.BANDS)
    alone = [s for s in steps() if not s["step"].startswith("radar")]
    alone[-2].pop("radar")
    alone[-1] = {"step": "publish", "layers": ["map"]}
    tiny.write_pipeline(tmp_path / "without", tiny.content(steps=alone))
    for name in ("with", "without"):
        assert tiny.run_it(tmp_path / name) == OK
        maps.append(layer(tmp_path / name, "forest_class")[0])
    np.testing.assert_array_equal(*maps)


def test_mixed_directions_are_noted_and_a_direction_without_passes_is_refused(tmp_path, capsys):
    write_project(tmp_path, steps=steps("mixed", classify=False))
    assert tiny.run_it(tmp_path) == OK
    (note,) = [n for n in tiny.record(tmp_path)["notes"] if "mixed" in n]
    assert "ascending and descending passes are mixed" in note
    for name in ("one", "two"):
        (tmp_path / "scenes-s1" / name / "item.json").unlink()
    tiny.write_pipeline(
        tmp_path,
        tiny.content(radar={"kind": "folder", "path": "scenes-s1"}, steps=steps(classify=False)),
    )
    assert tiny.run_it(tmp_path) == NOTHING_SEEN
    assert "descending passes" in capsys.readouterr().err


def test_scenes_in_decibels_alone_are_an_input_error_and_nothing_is_published(tmp_path, capsys):
    write_project(tmp_path)
    for path in (tmp_path / "scenes-s1").rglob("v?.tif"):
        with rasterio.open(path, "r+") as dataset:
            dataset.write(10 * np.log10(dataset.read()))
    assert tiny.run_it(tmp_path) == INPUT
    assert "decibels" in capsys.readouterr().err
    assert tiny.releases(tmp_path) == []


def fault(path):
    with pytest.raises(HabitatError) as caught:
        check_pipeline(path, None, TODAY)
    return str(caught.value)


def test_check_refuses_what_run_refuses(tmp_path):
    path, _ = write_project(tmp_path)
    check_pipeline(path, None, TODAY)
    head = {"radar": {"kind": "folder", "path": "scenes-s1"}}
    tiny.write_pipeline(tmp_path, tiny.content(steps=steps()))
    assert "expected the source of Sentinel-1" in fault(path)
    made = steps()
    made[-2].pop("radar")
    tiny.write_pipeline(tmp_path, tiny.content(steps=made, **head))
    assert "['VV', 'VH'] missing" in fault(path)
    made = steps()
    made[-2]["radar"] = {"leaf_off": "back"}
    tiny.write_pipeline(tmp_path, tiny.content(steps=made, **head))
    assert "expected the seasons of composites" in fault(path)
    made = steps()
    del made[3]["orbit"]
    tiny.write_pipeline(tmp_path, tiny.content(steps=made, **head))
    assert "orbit" in fault(path)
    tiny.write_pipeline(tmp_path, tiny.content(steps=steps(), radar={"kind": "simulated"}))
    assert "expected the landscape of the imagery" in fault(path)


def test_a_folder_that_is_not_there_yet_is_a_note_of_the_check(tmp_path):
    path, _ = write_project(tmp_path, radar={"kind": "folder", "path": "later"})
    assert any("no folder of scenes at" in note for note in check_pipeline(path, None, TODAY))


def test_training_has_a_variant_without_backscatter_after_each_with_it(tmp_path):
    tiny.write_aoi(tmp_path)
    made = steps(classify=False)
    made[-1:] = [
        {"step": "train", "composites": {"leaf_on": "image"}, "radar": {"leaf_on": "back"},
         "reference": {"truth": "simulated", "day": "2024-07-01"}, "save_as": "model"},
        {"step": "publish", "layers": ["back"]},
    ]  # fmt: skip
    head = {"source": {"kind": "simulated"}, "radar": {"kind": "simulated"}}
    path = tiny.write_pipeline(tmp_path, json.loads(json.dumps(tiny.content(steps=made, **head))))
    ctx = bind(load_pipeline(path), tmp_path, TODAY)
    plan = plan_pipeline(ctx)
    names = [v.names for v in plan.ctx.results["model"].detail.variants]
    assert [sum("V" in name or "vh" in name for name in v) for v in names] == [3, 0]
    assert {"leaf_on_VV", "leaf_on_VH", "leaf_on_vh_vv"} <= set(names[0])
    assert ctx.simulated
    assert {item.orbit for item in ctx.scene_sets["s1"].items} == {"descending 134", "ascending 54"}
