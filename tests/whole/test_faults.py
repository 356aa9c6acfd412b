"""Every fault gives a clear message and its exit code before anything is published."""

import fcntl
import hashlib
import json
import shutil
from contextlib import contextmanager

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import rasterio.warp
import tiny
from scene_files import write_item, write_tif

from habitat.cli.main import run
from habitat.domain.legend import Legend, LegendClass

OK, CONFIG, INPUT, PARTIAL, LOCKED, RESOURCE, NOTHING_SEEN = 0, 3, 4, 5, 9, 10, 11


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A project with a release."""
    folder = tmp_path_factory.mktemp("published") / "project"
    tiny.write_project(folder)
    assert tiny.run_it(folder) == OK
    return folder


@pytest.fixture
def refuses(project, capfd):
    """Run the spoilt project: it fails with a code, says the words, and publishes nothing."""
    before = tiny.releases(project), tiny.current(project)

    def check(code, *words, command="run"):
        path = project / "pipelines" / "tiny.yaml"
        options = ["--as-of", "2025-01-01"] if command == "run" else []
        found = run(["--log", "text", command, str(path), *options])
        printed = capfd.readouterr()
        assert found == code, printed.err
        assert not printed.out
        for word in words:
            assert str(word) in printed.err
        assert "Traceback" not in printed.err
        assert (tiny.releases(project), tiny.current(project)) == before
        assert run(["verify", str(project / "outputs" / "tiny")]) == OK
        capfd.readouterr()
        return printed.err

    return check


def steps(*changed, **top):
    """Return the short pipeline with changed fields of steps, by position."""
    made = tiny.composites_only()
    for index, change in changed:
        made[index] = {**made[index], **change}
    return tiny.content(steps=made, **top)


# --- the area of interest -------------------------------------------------------------------------

BOW_TIE = {"type": "Polygon", "coordinates": [[*tiny.ring()[:2], *tiny.ring()[3:1:-1],
                                               tiny.ring()[0]]]}  # fmt: skip


def square(west, south, east, north):
    """Return a GeoJSON polygon."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


AOI_FAULTS = {
    "bow-tie": ({"geometry": BOW_TIE}, ["feature 0", "Self-intersection", "666894.06"]),
    "points": (
        {"geometry": {"type": "Point", "coordinates": tiny.ring()[0]}},
        ["feature 0", "Polygon", "Point"],
    ),
    "line": (
        {"geometry": {"type": "LineString", "coordinates": tiny.ring()[:3]}},
        ["feature 0", "Polygon", "LineString"],
    ),
    "no features": ({"features": []}, ["tiny.geojson"]),
    "empty polygon": ({"geometry": {"type": "Polygon", "coordinates": []}}, ["feature 0", "empty"]),
    "null geometry": (
        {"features": [{"type": "Feature", "properties": {}, "geometry": None}]},
        ["tiny.geojson"],
    ),
    "metres without a CRS": ({"crs": None}, ["feature 0", "metres", "WGS 84"]),
    "swapped": (
        {"geometry": square(43.0, 131.0, 43.2, 131.2), "crs": None},
        ["longitude first", "swapped", "131"],
    ),
    "huge": (
        {"geometry": square(126.5, 38.0, 131.5, 48.0), "crs": None},
        ["200,000 km2", "km2; check the units"],
    ),
    "elsewhere": (
        {"geometry": square(20.0, 43.0, 20.1, 43.1), "crs": None},
        ["20.0000..20.1000 E", "EPSG:32652"],
    ),
    "not JSON": ({"raw": "a polygon, please"}, ["tiny.geojson"]),
    "an empty file": ({"raw": ""}, ["tiny.geojson"]),
    "NaN": (
        {"raw": '{"type": "Polygon", "coordinates": [[[NaN, 1], [2, 2], [3, 1], [NaN, 1]]]}'},
        ["NaN"],
    ),
    "no pixel centre inside": (
        {"geometry": square(*(tiny.EAST + 101, tiny.NORTH + 101, tiny.EAST + 104,
                              tiny.NORTH + 104))},
        ["tiny", "20 m"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", AOI_FAULTS)
def test_a_wrong_aoi_is_refused(project, refuses, fault):
    how, words = AOI_FAULTS[fault]
    tiny.write_aoi(project, **how)
    refuses(INPUT, "tiny.geojson", *words)


def test_a_missing_aoi_is_refused(project, refuses):
    (project / "aoi" / "tiny.geojson").unlink()
    refuses(INPUT, "tiny.geojson")


def test_an_aoi_beside_the_imagery_is_refused(project, refuses):
    far = square(tiny.EAST + 40_000, tiny.NORTH, tiny.EAST + 41_000, tiny.NORTH + 1_000)
    tiny.write_aoi(project, far)
    refuses(INPUT, "2024-06-01/2024-09-15", "3 beside the AOI", "131.024..131.056 E")


def test_an_aoi_around_the_imagery_and_not_on_it_is_refused(project, refuses):
    """The bounds of the AOI meet the scenes, the AOI does not."""
    e, n, far = tiny.EAST, tiny.NORTH, 20_000
    corner = [[e - far, n - far], [e + far, n - far], [e + far, n - far + 900],
              [e - far + 900, n - far + 900], [e - far + 900, n + far], [e - far, n + far],
              [e - far, n - far]]  # fmt: skip
    tiny.write_aoi(project, {"type": "Polygon", "coordinates": [corner]})
    refuses(INPUT, "3 beside the AOI")


# --- the pipeline file ----------------------------------------------------------------------------

PIPELINE_FAULTS = {
    "key with a typo": (
        steps((1, {"perod": "2024-06-01/2024-09-15"})),
        ["tiny.yaml:", "steps.1", "'perod'", "'period'"],
    ),
    "unknown key": (tiny.content(colour="red"), ["'colour'", "known here", "on_failed_tile"]),
    "unknown step": (steps((1, {"step": "sieve"})), ["steps.1", "sieve", "composite"]),
    "unknown result": (
        steps((1, {"scenes": "scenez"})),
        ["step 2 (composite)", "'scenez'", "['scenes']"],
    ),
    "wrong kind of result": (
        steps((2, {"layers": ["scenes"]})),
        ["step 3 (publish)", "composite or radar or forest", "'scenes' is scenes"],
    ),
    "name used twice": (steps((1, {"save_as": "scenes"})), ["step 2", "'scenes'", "already"]),
    "text for a number": (
        tiny.content(grid={"epsg": 32652, "pixel_m": "20", "tile_px": 64}),
        ["grid.pixel_m", "'20'"],
    ),
    "bool for a number": (
        tiny.content(grid={"epsg": 32652, "pixel_m": True, "tile_px": 64}),
        ["grid.pixel_m", "True"],
    ),
    "out of range": (
        tiny.content(grid={"epsg": 32652, "pixel_m": 20, "tile_px": 3}),
        ["grid.tile_px", "64", "3"],
    ),
    "unknown band": (steps((0, {"bands": ["B04", "B99"]})), ["B99", "B8A"]),
    "no such date": (steps((0, {"period": "2024-06-31/2024-09-15"})), ["2024-06-31"]),
    "backward period": (
        steps((0, {"period": "2024-09-15/2024-06-01"})),
        ["2024-09-15", "2024-06-01"],
    ),
    "no steps": (tiny.content(steps=[]), ["steps", "at least 1"]),
    "path outside": (tiny.content(aoi="../other.geojson"), ["aoi", "../other.geojson"]),
    "name outside": (tiny.content(name="../../etc"), ["name", "../../etc"]),
    "geographic CRS": (
        tiny.content(grid={"epsg": 4326, "pixel_m": 20, "tile_px": 64}),
        ["EPSG:4326", "geographic", "32652"],
    ),
    "CRS in feet": (
        tiny.content(grid={"epsg": 2229, "pixel_m": 20, "tile_px": 64}),
        ["EPSG:2229", "foot"],
    ),
    "no such CRS": (tiny.content(grid={"epsg": 29999, "pixel_m": 20, "tile_px": 64}), ["29999"]),
    "missing legend": (tiny.content(legend="legends/none.yaml"), ["legends/none.yaml"]),
    "missing seasons": (tiny.content(seasons="antarctica"), ["antarctica", "border-zone"]),
    "two faults at once": (
        tiny.content(colour="red", grid={"epsg": 32652, "pixel_m": -20}),
        ["'colour'", "grid.pixel_m", "-20"],
    ),
}


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("fault", PIPELINE_FAULTS)
def test_a_wrong_pipeline_file_is_refused(project, refuses, fault, command):
    pipeline, words = PIPELINE_FAULTS[fault]
    tiny.write_pipeline(project, pipeline)
    refuses(CONFIG, *words, command=command)


TEXT_FAULTS = {
    "duplicate key": ("name: tiny\naoi: a.geojson\nname: other\n", [":3:", "'name'", "line 1"]),
    "NaN": ("name: tiny\ngrid: {pixel_m: .nan}\n", [":2:", "'.nan'", "finite"]),
    "infinity": ("name: tiny\ngrid: {pixel_m: -.inf}\n", [":2:", "'-.inf'"]),
    "python tag": (
        "name: tiny\naoi: !!python/object/apply:os.system ['touch pwned']\n",
        [":2:", "python/object/apply:os.system", "not allowed"],
    ),
    "alias": ("name: &n tiny\naoi: *n\n", [":1:", "anchors"]),
    "syntax": ("name: [tiny\n", ["not valid YAML"]),
    "a list": ("- name\n", ["tiny.yaml:1"]),
    "an empty file": ("", ["tiny.yaml:1"]),
    "environment": ("name: ${HOME}\n", ["${HOME}"]),
}


@pytest.mark.parametrize("fault", TEXT_FAULTS)
def test_a_hostile_or_broken_pipeline_file_is_refused(project, refuses, fault):
    text, words = TEXT_FAULTS[fault]
    tiny.write_pipeline(project, text)
    refuses(CONFIG, "tiny.yaml", *words)
    assert not list(project.rglob("pwned"))


def maps(**changed):
    """Return the pipeline with maps and habitat of the tiger; changed are fields of all steps."""
    made = tiny.maps_and_tables()
    tiger = {"step": "habitat", "species": "tiger", "before": "forest_before",
             "after": "forest_after", "save_as": "tiger"}  # fmt: skip
    made.insert(-2, tiger)
    return tiny.content(steps=[s | {k: v for k, v in changed.items() if k in s} for s in made])


def test_a_missing_species_file_is_refused(project, refuses):
    tiny.write_pipeline(project, maps(species="unicorn"))
    refuses(CONFIG, "unicorn", "tiger")


def test_a_missing_model_file_is_refused(project, refuses):
    tiny.write_pipeline(project, maps(model="models/none.json"))
    refuses(CONFIG, "models/none.json", "step 3 (classify_forest)")
    refuses(CONFIG, "models/none.json", "step 3 (classify_forest)", command="check")


@pytest.mark.parametrize("source", [{"kind": "stac", "preset": "cdse"}])
def test_a_source_that_is_not_built_stops_before_any_work(project, refuses, source):
    tiny.write_pipeline(project, tiny.content(source=source))
    refuses(CONFIG, "cdse", "this version")


def test_two_results_that_would_be_one_file_are_refused(project, refuses):
    made = tiny.composites_only()
    made.insert(2, {**made[1], "save_as": "again"})
    made[-1] = {"step": "publish", "layers": ["image", "again"]}
    tiny.write_pipeline(project, tiny.content(steps=made))
    refuses(CONFIG, "composite_20240601-20240915", "'image'", "'again'")


def test_a_step_that_is_not_built_stops_before_any_work(project, refuses):
    tiny.write_pipeline(project, tiny.content(steps=[{"step": "fire_risk"}]))
    refuses(CONFIG, "'fire_risk'", "this version")
    tiny.write_pipeline(
        project, tiny.content(steps=[*tiny.composites_only(), {"step": "fire_risk"}])
    )
    message = refuses(CONFIG, "'fire_risk'", "this version")
    assert "tiles to compute" not in message


def test_a_period_after_the_as_of_date_is_refused(project, refuses):
    steps_ = tiny.composites_only("2031-06-01/2031-09-15")
    tiny.write_pipeline(project, tiny.content(steps=steps_))
    refuses(CONFIG, "2031-06-01", "2025-01-01", "--as-of")


# --- scenes ---------------------------------------------------------------------------------------


@pytest.fixture
def one_scene(project):
    """The folder of the project's only scene of 2024."""
    for day in tiny.DAYS[3:]:
        shutil.rmtree(project / "scenes" / f"scene_{day}")
    return project / "scenes" / f"scene_{tiny.DAYS[2]}"


def test_a_band_that_no_item_has_is_refused(project, refuses):
    tiny.write_pipeline(project, steps((0, {"bands": ["B04", "B05"]})))
    refuses(INPUT, "'B05'", "B8A")


def test_a_folder_without_scenes_is_refused(project, refuses):
    shutil.rmtree(project / "scenes")
    refuses(INPUT, project / "scenes")
    (project / "scenes").mkdir()
    refuses(INPUT, project / "scenes", "habitat index")


def test_a_scene_without_crs_is_refused(project, refuses, one_scene):
    tiny.write_scene(project, tiny.DAYS[2], crs=None)
    refuses(INPUT, one_scene.name, "bands.tif", "CRS", "none")


@pytest.mark.parametrize(
    ("dtype", "factor"), [("float64", 1e-4), ("float32", 1e-4), ("uint8", 0.05)]
)
def test_a_scene_of_another_dtype_is_refused(project, refuses, one_scene, dtype, factor):
    bands = {b: (v * factor).astype(dtype) for b, v in tiny.forest().items()}
    tiny.write_scene(project, tiny.DAYS[2], bands=bands)
    refuses(INPUT, one_scene.name, "bands.tif", dtype, "float32")


def test_a_scene_whose_offset_contradicts_its_pixels_is_refused(project, refuses, one_scene):
    bright = {b: (v + 1000).astype(np.uint16) for b, v in tiny.forest().items()}
    tiny.write_scene(project, tiny.DAYS[2], bands=bright)
    refuses(INPUT, one_scene.name, "offset", "-1000")


def test_a_damaged_item_file_is_refused(project, refuses, one_scene):
    (one_scene / "item.json").write_text('{"type": "Feature", "id": ')
    refuses(INPUT, one_scene.name, "JSON")


def test_an_asset_outside_the_folder_is_refused(project, refuses, one_scene):
    write_item(
        one_scene / "item.json",
        {"B04": "../../secret.tif"} | dict.fromkeys(tiny.BANDS[2:], "bands.tif"),
    )
    write_tif(project / "secret.tif", tiny.forest()["B04"])
    refuses(INPUT, "../../secret.tif", project / "scenes")


def without(place, *names):
    """Take assets out of the item of a scene."""
    item = json.loads((place / "item.json").read_text())
    item["assets"] = {k: a for k, a in item["assets"].items() if k not in names}
    (place / "item.json").write_text(json.dumps(item))


def test_scenes_without_a_mask_are_refused(project, refuses, one_scene):
    without(one_scene, "scl")
    refuses(INPUT, one_scene.name, "all 1 are refused", "1 faulty", "SCL", "without_mask")


def test_scenes_without_a_mask_are_used_where_the_file_says_so_and_that_is_on_record(
    project, one_scene, capfd
):
    without(one_scene, "scl")
    source = {"kind": "folder", "path": "scenes", "without_mask": "use"}
    tiny.write_pipeline(project, tiny.content(source=source))
    assert tiny.run_it(project) == OK
    assert "without a cloud mask" in capfd.readouterr().err
    record = tiny.record(project)
    assert record["scenes"]["scenes"]["without_mask"] == [one_scene.name]
    assert any("without a cloud mask" in note for note in record["notes"])
    with rasterio.open(next(tiny.current(project).glob("composite_*.tif"))) as dataset:
        assert "pass for land" in dataset.tags()["CLOUD_MASK"]


@pytest.fixture
def unpublished(project):
    """The project before its first run: a run that has nothing to do writes no record."""
    shutil.rmtree(project / "outputs")
    return project


def test_a_scene_that_lacks_a_band_is_refused_and_the_rest_goes_on(unpublished, capfd):
    less = {band: values for band, values in tiny.forest().items() if band != "B12"}
    place = tiny.write_scene(unpublished, "2024-07-20", bands=less)
    assert tiny.run_it(unpublished) == OK
    scenes = tiny.record(unpublished)["scenes"]["scenes"]
    assert place.name not in scenes["used"]
    (refused,) = scenes["refused"]
    assert refused["id"] == place.name
    assert "found no B12" in refused["reason"]
    assert "B12" in capfd.readouterr().err


def test_an_older_version_is_used_where_the_newest_lacks_a_band(project):
    view = {"s2:datatake_id": "GS2A_20240720T021529_000001_N05.00", "s2:mgrs_tile": "52TFN",
            "platform": "sentinel-2a"}  # fmt: skip
    less = {band: values for band, values in tiny.forest().items() if band != "B12"}
    for baseline, bands in (("03.00", None), ("03.01", less)):
        tiny.write_scene(
            project, "2024-07-20", item_id=f"again_{baseline}", bands=bands,
            properties={**view, "s2:processing_baseline": baseline},
        )  # fmt: skip
    assert tiny.run_it(project) == OK
    assert "again_03.00" in tiny.record(project)["scenes"]["scenes"]["used"]


def test_a_scene_with_a_wrong_crs_lies_beside_the_aoi_and_is_on_record(unpublished):
    tiny.write_scene(unpublished, "2024-07-20", crs="EPSG:32651")
    assert tiny.run_it(unpublished) == OK
    scenes = tiny.record(unpublished)["scenes"]["scenes"]
    (beside,) = scenes["outside_aoi"]
    assert beside["id"] == "scene_2024-07-20"
    assert "125.0" in beside["reason"]
    assert not scenes["refused"]


def test_a_scene_whose_place_cannot_be_projecteded_is_refused_and_on_record(unpublished):
    tiny.write_scene(unpublished, "2024-07-20", crs="EPSG:4326")
    assert tiny.run_it(unpublished) == OK
    scenes = tiny.record(unpublished)["scenes"]["scenes"]
    assert "scene_2024-07-20" in [s["id"] for s in scenes["refused"] + scenes["outside_aoi"]]


def test_refused_scenes_are_named_where_the_others_show_only_clouds(project, refuses):
    tiny.write_scene(project, "2024-07-20", crs=None)
    for day in tiny.DAYS[2:]:
        cloud = np.full((tiny.SIDE, tiny.SIDE), tiny.CLOUD, np.uint8)
        tiny.write_scene(project, day, scl=cloud)
    message = refuses(NOTHING_SEEN, f"cloud {pixels_inside(project)}", "1 faulty")
    assert "scene_2024-07-20" in message


def test_a_season_in_which_all_scenes_are_refused_is_refused_before_any_work(project, refuses):
    tiny.write_scene(project, "2021-06-10", crs=None)
    tiny.write_scene(project, "2021-07-10", crs=None)
    steps_ = tiny.composites_only()
    steps_[0]["period"] = "2021-01-01/2024-12-31"
    steps_[1]["period"] = "2021-06-01/2021-09-15"
    tiny.write_pipeline(project, tiny.content(steps=steps_))
    message = refuses(INPUT, "composite 'image'", "2 faulty", "scene_2021-06-10", "CRS")
    assert "tiles to compute" not in message


def test_a_refused_scene_beside_good_ones_is_on_record(project, capfd):
    tiny.write_scene(project, "2024-07-20", crs=None)
    bright = {b: (v + 1000).astype(np.uint16) for b, v in tiny.forest().items()}
    tiny.write_scene(project, "2024-08-20", bands=bright)
    tiny.write_pipeline(project, tiny.content(steps=tiny.maps_and_tables()))
    assert tiny.run_it(project) == OK
    scenes = tiny.record(project)["scenes"]["s_after"]
    assert scenes["used"] == [f"scene_{day}" for day in tiny.DAYS[2:]]
    refused = {scene["id"]: scene["reason"] for scene in scenes["refused"]}
    assert list(refused) == ["scene_2024-07-20", "scene_2024-08-20"]
    assert "CRS" in refused["scene_2024-07-20"]
    assert "offset" in refused["scene_2024-08-20"]
    assert "scene_2024-08-20" in capfd.readouterr().err


def test_a_scene_that_is_not_what_its_item_says_is_refused_and_on_record(project):
    place = project / "scenes" / f"scene_{tiny.DAYS[2]}"
    item = json.loads((place / "item.json").read_text())
    digest = hashlib.sha256((place / "bands.tif").read_bytes()).hexdigest()
    item["assets"]["bands"]["file:checksum"] = f"1220{digest}"
    (place / "item.json").write_text(json.dumps(item))
    pixels = bytearray((place / "bands.tif").read_bytes())
    pixels[-1000] ^= 4
    (place / "bands.tif").write_bytes(pixels)
    assert tiny.run_it(project) == OK
    (refused,) = tiny.record(project)["scenes"]["scenes"]["refused"]
    assert refused["id"] == f"scene_{tiny.DAYS[2]}"
    assert digest in refused["reason"]


def test_duplicates_are_resolved_and_on_record(project):
    view = {"s2:datatake_id": "GS2A_20240620T021529_000001_N05.00", "s2:mgrs_tile": "52TFN",
            "platform": "sentinel-2a"}  # fmt: skip
    for baseline in ("03.00", "03.01"):
        tiny.write_scene(
            project, "2024-06-20", item_id=f"again_{baseline}",
            properties={**view, "s2:processing_baseline": baseline},
        )  # fmt: skip
    assert tiny.run_it(project) == OK
    scenes = tiny.record(project)["scenes"]["scenes"]
    assert "again_03.01" in scenes["used"]
    assert scenes["refused"] == [
        {"id": "again_03.00", "reason": "superseded by again_03.01"},
    ]


def test_a_scene_in_another_crs_is_reprojected(project, one_scene):
    """The same place in the next zone: seen there, and nowhere else."""
    with rasterio.open(one_scene / "bands.tif") as dataset:
        corner = rasterio.warp.transform(
            dataset.crs, "EPSG:32653", [dataset.bounds.left], [dataset.bounds.top]
        )
    tiny.write_scene(
        project, tiny.DAYS[2], crs="EPSG:32653", x0=corner[0][0], y0=corner[1][0],
    )  # fmt: skip
    assert tiny.run_it(project) == OK
    image, n_valid = (
        tiny.current(project) / f"{name}_20240601-20240915.tif" for name in ("composite", "n_valid")
    )
    with rasterio.open(n_valid) as dataset:
        assert dataset.crs.to_epsg() == tiny.EPSG
        seen = dataset.read(1) == 1
    assert seen.mean() > 0.7
    with rasterio.open(image) as dataset:
        red = dataset.read(2)[seen]
    assert 200 <= red.min() <= red.max() < 400


# --- what was not observed ------------------------------------------------------------------------


def test_an_empty_period_is_not_observed(project, refuses):
    tiny.write_pipeline(project, tiny.content(steps=tiny.composites_only("2023-06-01/2023-09-15")))
    refuses(NOTHING_SEEN, "2023-06-01/2023-09-15", "none")


@pytest.mark.parametrize("code", [tiny.CLOUD, tiny.SHADOW, tiny.SNOW, 0], ids=str)
def test_a_period_of_cloud_shadow_snow_or_nothing_is_not_observed(
    project, refuses, one_scene, code
):
    tiny.write_scene(project, tiny.DAYS[2], scl=np.full((tiny.SIDE, tiny.SIDE), code, np.uint8))
    message = refuses(NOTHING_SEEN, "2024-06-01/2024-09-15", "'image'")
    inside = pixels_inside(project)
    assert str(inside) in message


def pixels_inside(project):
    """Return how many pixels of the AOI the published layers have."""
    with rasterio.open(tiny.current(project) / "n_valid_20240601-20240915.tif") as dataset:
        return int((dataset.read(1) != dataset.nodata).sum())


def test_zeros_for_no_data_are_not_observed(project, refuses, one_scene):
    nothing = {b: np.zeros_like(v) for b, v in tiny.forest().items()}
    tiny.write_scene(project, tiny.DAYS[2], bands=nothing)
    refuses(NOTHING_SEEN, "2024-06-01/2024-09-15")


def test_what_clouds_hide_is_not_observed_with_reasons_that_add_up(project):
    scl = np.full((tiny.SIDE, tiny.SIDE), tiny.VEGETATION, np.uint8)
    scl[:40], scl[60:70], scl[90:95], scl[100:105] = tiny.CLOUD, tiny.SHADOW, tiny.SNOW, 0
    shutil.rmtree(project / "scenes")
    tiny.write_scene(project, "2021-07-10")
    tiny.write_scene(project, "2024-07-10", scl=scl)
    tiny.write_pipeline(project, tiny.content(steps=tiny.maps_and_tables()))
    assert tiny.run_it(project) == OK
    release = tiny.current(project)
    layers = {path.stem.rsplit("_", 1)[0]: path for path in release.glob("*2024*.tif")}
    with rasterio.open(layers["forest_class"]) as dataset:
        codes = dataset.read(1)
    with rasterio.open(layers["n_valid"]) as dataset:
        n_valid = dataset.read(1)
    outside = codes == 255
    np.testing.assert_array_equal(codes == 0, (n_valid == 0) & ~outside)
    top = round((tiny.SIDE * tiny.PIXEL - 2390) / tiny.PIXEL)  # rows of the scene above the AOI
    assert set(np.unique(codes[: 40 - top])) == {0, 255}
    assert (codes[45 - top : 55 - top][~outside[45 - top : 55 - top]] > 0).all()
    for name in ("change", "forest_change"):
        for path in release.glob(f"{name}_*.tif"):
            with rasterio.open(path) as dataset:
                changed = dataset.read(1)
            np.testing.assert_array_equal(changed == 0, codes == 0)
    reasons = gpd.read_file(release / "cells.gpkg", layer="reasons")
    why = ["observed", "no_scene", "cloud", "shadow", "snow", "failed", "burned"]
    assert (reasons[why].sum(axis=1) == reasons["aoi_px"]).all()
    after = reasons[reasons["layer"] == "composite_20240601-20240915"][why].sum()
    assert after.sum() == (~outside).sum()
    assert after.drop("observed").sum() == (codes == 0).sum()
    assert (after[["no_scene", "cloud", "shadow", "snow"]] > 0).all()
    assert after["failed"] == 0


# --- models ---------------------------------------------------------------------------------------


def other_legend():
    """Return a legend of one's own."""
    return Legend("mine", tuple(LegendClass(c, f"c{c}", "#000000") for c in range(1, 6)))


MODEL_FAULTS = {
    "another legend": ({"legend": other_legend()}, ["'mine'", "'border-zone'"]),
    "another band": ({"bands": ("B02", "B04")}, ["B02", "missing"]),
}


@pytest.mark.parametrize("fault", MODEL_FAULTS)
def test_a_model_for_other_data_is_refused(project, refuses, fault):
    how, words = MODEL_FAULTS[fault]
    tiny.write_tiny_model(project / "models" / "tiny.json", **how)
    tiny.write_pipeline(project, maps())
    refuses(INPUT, "model", *words)


def test_a_tampered_model_is_refused(project, refuses):
    path = project / "models" / "tiny.json"
    document = json.loads(path.read_text())
    document["model"]["legend_codes"][0] = 99
    path.write_text(json.dumps(document))
    tiny.write_pipeline(project, maps())
    refuses(INPUT, "tiny.json", "sha256")
    refuses(INPUT, "tiny.json", "sha256", command="check")


# --- the machine ----------------------------------------------------------------------------------


@contextmanager
def holding(path):
    """Hold the lock of a store as another process would."""
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_another_run_holds_the_lock(project, refuses):
    with holding(project / "outputs" / "tiny" / "state" / "lock"):
        refuses(LOCKED, project / "outputs" / "tiny", "lock")


def test_a_file_where_the_output_folder_should_be(project, capfd):
    tiny.write_pipeline(project, tiny.content(name="other"))
    (project / "outputs" / "other").write_text("in the way")
    assert tiny.run_it(project) == RESOURCE
    assert str(project / "outputs" / "other") in capfd.readouterr().err
    assert (project / "outputs" / "other").read_text() == "in the way"


# --- failed tiles ---------------------------------------------------------------------------------


def spoil_south(project, day=tiny.DAYS[2]):
    """Cut a file that the search does not read, so that the southern tiles cannot be read."""
    place = project / "scenes" / f"scene_{day}"
    stored = write_tif(
        place / "stored.tif", tiny.forest()["B8A"],
        x0=tiny.EAST, y0=tiny.NORTH + tiny.SIDE * tiny.PIXEL,
    )  # fmt: skip
    path = place / "nir.tif"  # with the header before the pixels, so that a cut leaves it whole
    rasterio.shutil.copy(
        stored, path, driver="COG", BLOCKSIZE=16, COMPRESS="NONE", OVERVIEWS="NONE"
    )
    item = json.loads((place / "item.json").read_text())
    item["assets"]["bands"]["bands"][2]["name"] = "not a band"
    item["assets"]["B8A"] = {"href": "nir.tif"}
    (place / "item.json").write_text(json.dumps(item))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 9 // 10])
    return path, whole


def test_a_truncated_file_fails_its_tiles_and_the_old_release_stays(project, refuses):
    path, whole = spoil_south(project)
    tiny.write_pipeline(project, tiny.content(steps=tiny.maps_and_tables()))
    message = refuses(PARTIAL, "2 of 4 tiles", "nir.tif", "scene_2024-06-10", "attempts: 1")
    assert "tile y-3700x00520" in message or "tile y-3701x00520" in message
    path.write_bytes(whole)  # repaired: only what failed is computed again
    assert tiny.run_it(project) == OK
    of_after = [tile for tile in tiny.record(project)["tiles"] if tile["stage"] == 1]
    assert len(of_after) == 4, "the file has changed, so all tiles that it touches are new"


def test_failed_tiles_can_be_published_as_not_observed(project, capfd):
    path, whole = spoil_south(project)
    pipeline = tiny.content(steps=tiny.maps_and_tables(), on_failed_tile="publish")
    tiny.write_pipeline(project, pipeline)
    assert tiny.run_it(project) == PARTIAL
    printed = capfd.readouterr().out
    assert "2 tiles failed" in printed
    assert "nir.tif" in printed
    release = tiny.current(project)
    assert run(["verify", str(release)]) == OK
    capfd.readouterr()
    with rasterio.open(next(release.glob("forest_class_2024*.tif"))) as dataset:
        codes = dataset.read(1)
    assert set(np.unique(codes[-50:])) == {0, 255}
    assert 0 not in codes[:50]
    reasons = gpd.read_file(release / "cells.gpkg", layer="reasons")
    why = ["observed", "no_scene", "cloud", "shadow", "snow", "failed", "burned"]
    assert (reasons[why].sum(axis=1) == reasons["aoi_px"]).all()
    after = reasons[reasons["layer"] == "composite_20240601-20240915"]
    assert after["failed"].sum() == (codes == 0).sum() > 0
    faults = [tile["fault"] for tile in tiny.record(project)["tiles"] if tile["fault"]]
    assert len(faults) == 2
    assert all("nir.tif" in fault for fault in faults)

    assert tiny.run_it(project, "--json") == PARTIAL, "the failed tiles are tried again"
    assert len(json.loads(capfd.readouterr().out)["tiles_failed"]) == 2
    path.write_bytes(whole)
    assert tiny.run_it(project) == OK
    with rasterio.open(next(tiny.current(project).glob("forest_class_2024*.tif"))) as dataset:
        assert 0 not in dataset.read(1)


def test_a_run_in_which_every_tile_fails_publishes_nothing(project, refuses, one_scene):
    path, whole = spoil_south(project)
    path.write_bytes(whole[: len(whole) // 10])
    tiny.write_pipeline(project, tiny.content(on_failed_tile="publish"))
    refuses(PARTIAL, "4 of 4 tiles", "nir.tif")


def test_a_truncated_file_that_the_search_reads_is_refused(project, refuses, one_scene):
    path = one_scene / "bands.tif"
    path.write_bytes(path.read_bytes()[:20_000])
    refuses(INPUT, one_scene.name, "bands.tif")
