import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import numpy as np
import pytest
import rasterio
from scene_files import X0, Y0, noise, write_item, write_tif

from habitat.domain.errors import InputError, SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period
from habitat.io.scenes.folder import FolderSource

GRID = Grid(32652, 20, 64)
JUNE = Period(date(2024, 6, 1), date(2024, 6, 30))
EXTENT = GRID.window_of_bounds((X0, Y0 - 2000, X0 + 2000, Y0))


@pytest.fixture
def scene(tmp_path):
    """Write one clear scene of 100 x 100 px: B04, B8A, SCL."""
    bands = {"B04": noise((100, 100), 1), "B8A": noise((100, 100), 2)}
    bands["B04"][:10] = 0
    for band, values in bands.items():
        write_tif(tmp_path / f"{band}.tif", values)
    bands["SCL"] = np.where(bands["B04"] == 0, 0, 4).astype(np.uint8)
    write_tif(tmp_path / "SCL.tif", bands["SCL"])
    write_item(tmp_path / "one.json", {b: f"./{b}.tif" for b in bands})
    return tmp_path, bands


def only(source, window=EXTENT):
    """Return the only item of June, or fail with the reasons."""
    items, refused = source.search(JUNE, window)
    assert not refused, refused
    assert len(items) == 1
    return items[0]


def reason(source):
    """Return why the only item of June is refused."""
    items, refused = source.search(JUNE, EXTENT)
    assert not items
    assert len(refused) == 1
    return refused[0].reason


def test_a_scene_comes_back_by_band_name_as_it_was_written(scene):
    root, bands = scene
    source = FolderSource(root, GRID)
    item = only(source)
    pixels = source.read(item, ["B8A", "B04"], EXTENT)
    assert source.available_bands() == ("B04", "B8A")
    assert not source.simulated
    assert pixels.mask_kind == "scl"
    np.testing.assert_array_equal(pixels.bands["B04"], bands["B04"])
    np.testing.assert_array_equal(pixels.bands["B8A"], bands["B8A"])
    np.testing.assert_array_equal(pixels.mask, bands["SCL"])
    assert pixels.bands["B04"].dtype == np.uint16
    assert pixels.mask.dtype == np.uint8


def test_a_window_beyond_the_scene_is_no_data_there(scene):
    root, bands = scene
    source = FolderSource(root, GRID)
    item = only(source)
    pixels = source.read(item, ["B8A"], EXTENT.pad(7))
    np.testing.assert_array_equal(pixels.bands["B8A"][7:-7, 7:-7], bands["B8A"])
    outside = np.ones(EXTENT.pad(7).shape, bool)
    outside[7:-7, 7:-7] = False
    assert not pixels.bands["B8A"][outside].any()
    far = source.read(item, ["B8A"], Window(0, 0, 5, 5))
    assert not far.bands["B8A"].any()
    assert not far.mask.any()


def test_items_outside_the_period_or_the_window_are_not_found(scene):
    source = FolderSource(scene[0], GRID)
    assert source.search(Period(date(2024, 7, 1), date(2024, 7, 2)), EXTENT) == ([], [])
    items, (beside,) = source.search(JUNE, Window(0, 0, 10, 10))
    assert not items
    assert (beside.item_id, beside.kind) == ("one", "outside")
    assert "129.000..129.025 E" in beside.reason


def test_bands_are_found_by_common_name_and_in_a_file_of_many_bands(tmp_path):
    stack = noise((3, 50, 50))
    write_tif(tmp_path / "all.tif", stack)
    bands = [{"name": "swir16"}, {"name": "B02"}, {"name": "nir08"}]
    write_item(tmp_path / "one.json", {"data": {"href": "all.tif", "bands": bands}})
    source = FolderSource(tmp_path, GRID)
    pixels = source.read(
        only(source), ["B02", "B8A", "B11"], Window(EXTENT.row, EXTENT.col, 50, 50)
    )
    for band, index in {"B11": 0, "B02": 1, "B8A": 2}.items():
        np.testing.assert_array_equal(pixels.bands[band], stack[index])
    assert pixels.mask_kind == "none"
    assert not pixels.mask.any()


def test_a_missing_band_is_an_error_that_names_it(scene):
    source = FolderSource(scene[0], GRID)
    with pytest.raises(SceneError, match=r"one: expected the bands B04, B12, got none of B12"):
        source.read(only(source), ["B04", "B12"], EXTENT)


def test_coarser_pixels_in_line_with_the_grid_are_repeated(tmp_path):
    values = noise((20, 20))
    write_tif(tmp_path / "B04.tif", values)
    write_item(tmp_path / "one.json", {"B04": "B04.tif"})
    grid = Grid(32652, 10, 64)
    window = grid.window_of_bounds((X0, Y0 - 400, X0 + 400, Y0))
    source = FolderSource(tmp_path, grid)
    found = source.read(only(source, window), ["B04"], window).bands["B04"]
    np.testing.assert_array_equal(found, np.kron(values, np.ones((2, 2), np.uint16)))
    odd = Window(window.row + 1, window.col + 3, 5, 5)
    part = source.read(only(source, window), ["B04"], odd).bands["B04"]
    np.testing.assert_array_equal(part, found[1:6, 3:8])


def test_finer_pixels_in_line_with_the_grid_are_averaged_over_the_observed(tmp_path):
    values = noise((40, 40))
    values[:2, :2] = 0
    values[0, 2:4] = 0
    write_tif(tmp_path / "B04.tif", values, pixel=10.0, x0=X0 + 10)
    write_item(tmp_path / "one.json", {"B04": "B04.tif"})
    source = FolderSource(tmp_path, GRID)
    found = source.read(only(source), ["B04"], Window(EXTENT.row, EXTENT.col, 3, 3)).bands["B04"]
    assert found[0, 0] == 0
    first = values[:2, 1:3].astype(int)
    assert found[0, 1] == round_half_up(first)
    assert found[1, 2] == round_half_up(values[2:4, 3:5].astype(int))


def round_half_up(block):
    observed = block[block > 0]
    return int(observed.mean() + 0.5)


@pytest.mark.parametrize(
    ("pixel", "x0", "crs"),
    [
        (20.0, X0 + 7.3, "EPSG:32652"),
        (19.99, X0 + 1, "EPSG:32652"),
        (20.0, 13_000.0, "EPSG:32653"),
        (10.0, 13_000.0, "EPSG:32653"),
    ],
)
def test_one_window_and_many_give_the_same_bytes(tmp_path, pixel, x0, crs):
    values = noise((220, 220), 5)
    values[50:60, 50:80] = 0
    y0 = Y0 if crs == "EPSG:32652" else 4_812_000.0
    write_tif(tmp_path / "B04.tif", values, pixel=pixel, x0=x0, y0=y0, crs=crs)
    scl = np.where(values > 0, 4, 0).astype(np.uint8)
    write_tif(tmp_path / "SCL.tif", scl, pixel=pixel, x0=x0, y0=y0, crs=crs)
    write_item(tmp_path / "one.json", {"B04": "B04.tif", "SCL": "SCL.tif"})
    source = FolderSource(tmp_path, GRID)
    items, _ = source.search(JUNE, EXTENT.pad(2000))
    extent = GRID.window_of_bounds(items[0].bounds)
    whole = source.read(items[0], ["B04"], extent)
    assert (whole.bands["B04"] > 0).mean() > 0.5
    np.testing.assert_array_equal(whole.bands["B04"] > 0, whole.mask == 4)
    for size in (37, 64):
        for row in range(extent.row, extent.row + extent.height, size):
            for col in range(extent.col, extent.col + extent.width, size):
                part = Window(row, col, size, size).intersect(extent)
                found = source.read(items[0], ["B04"], part)
                inside = part.slices_in(extent)
                np.testing.assert_array_equal(found.bands["B04"], whole.bands["B04"][inside])
                np.testing.assert_array_equal(found.mask, whole.mask[inside])


def test_a_scene_of_the_next_zone_lands_where_its_coordinates_say(tmp_path, monkeypatch):
    # A plane in the coordinates of zone 53, so that the true value is known everywhere.
    x, y = 13_000.0 + (np.arange(200) + 0.5) * 20, 4_812_000.0 - (np.arange(200) + 0.5) * 20
    plane = 2000 + (x[None] - 13_000) / 2 + (4_812_000 - y[:, None]) / 5
    write_tif(
        tmp_path / "B04.tif", plane.round().astype(np.uint16), x0=13_000.0, y0=4_812_000.0,
        crs="EPSG:32653",
    )  # fmt: skip
    write_item(
        tmp_path / "one.json", {"B04": "B04.tif"}, **{"earthsearch:boa_offset_applied": True}
    )
    source = FolderSource(tmp_path, GRID)
    # a plane is no landscape
    monkeypatch.setattr("habitat.io.scenes.folder.offset_reason", lambda *_: None)
    items, refused = source.search(JUNE, EXTENT.pad(5000))
    assert not refused
    extent = GRID.window_of_bounds(items[0].bounds)
    window = Window(extent.row + extent.height // 2, extent.col + extent.width // 2, 20, 20)
    found = source.read(items[0], ["B04"], window).bands["B04"].astype(float)
    transformer = pytest.importorskip("pyproj").Transformer.from_crs(32652, 32653, always_xy=True)
    xs, ys = transformer.transform(*np.meshgrid(GRID.x(window), GRID.y(window)))
    truth = 2000 + (xs - 13_000) / 2 + (4_812_000 - ys) / 5
    assert np.abs(found - truth).max() <= 1.01


def test_the_offset_of_a_new_baseline_is_taken_off(tmp_path):
    values = noise((100, 100), 1)
    write_tif(tmp_path / "B04.tif", values + np.uint16(1000))
    write_item(tmp_path / "one.json", {"B04": "B04.tif"}, **{"s2:processing_baseline": "05.10"})
    source = FolderSource(tmp_path, GRID)
    found = source.read(only(source), ["B04"], EXTENT).bands["B04"]
    np.testing.assert_array_equal(found, values)


def test_an_offset_that_contradicts_the_pixels_refuses_the_scene(tmp_path):
    values = noise((100, 100), 1)
    write_tif(tmp_path / "B04.tif", values + np.uint16(1000))
    item = tmp_path / "one.json"
    write_item(item, {"B04": "B04.tif"}, **{"s2:processing_baseline": "03.00"})
    assert "was not taken off" in reason(FolderSource(tmp_path, GRID))
    write_tif(tmp_path / "B04.tif", values)
    write_item(item, {"B04": "B04.tif"}, **{"s2:processing_baseline": "05.10"})
    assert "already taken off" in reason(FolderSource(tmp_path, GRID))


def test_float_reflectance_needs_a_declared_scale(tmp_path):
    values = (noise((100, 100), 1) / 10_000).astype(np.float32)
    write_tif(tmp_path / "B04.tif", values)
    write_item(tmp_path / "one.json", {"B04": "B04.tif"})
    assert "expected a declared scale" in reason(FolderSource(tmp_path, GRID))
    write_item(tmp_path / "one.json", {"B04": {"href": "B04.tif", "raster:scale": 1.0}})
    source = FolderSource(tmp_path, GRID)
    found = source.read(only(source), ["B04"], EXTENT).bands["B04"]
    np.testing.assert_array_equal(found, noise((100, 100), 1))


@pytest.mark.parametrize("dtype", ["float64", "uint8", "int32"])
def test_a_dtype_that_cannot_be_reflectance_is_refused(tmp_path, dtype):
    write_tif(tmp_path / "B04.tif", np.full((100, 100), 7, dtype))
    write_item(tmp_path / "one.json", {"B04": {"href": "B04.tif", "raster:scale": 1e-4}})
    assert f"got {dtype}" in reason(FolderSource(tmp_path, GRID))


@pytest.mark.parametrize(
    ("broken", "expected"),
    [({"crs": None}, "expected a CRS"), ({"x0": None}, "expected a north-up transform")],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_file_without_crs_or_transform_is_refused_by_name(tmp_path, broken, expected):
    write_tif(tmp_path / "B04.tif", noise((100, 100)), **broken)
    write_item(tmp_path / "one.json", {"B04": "B04.tif"})
    why = reason(FolderSource(tmp_path, GRID))
    assert expected in why
    assert "B04.tif" in why


@pytest.mark.parametrize(
    "declared",
    [
        {"proj:code": "EPSG:32653"},
        {"proj:shape": [100, 101]},
        {"proj:transform": [20, 0, X0 + 20, 0, -20, Y0]},
    ],
)
def test_a_declared_grid_that_is_not_the_files_is_refused(scene, declared):
    root, _ = scene
    write_item(root / "one.json", {"B04": {"href": "B04.tif", **declared}})
    assert "expected the declared grid" in reason(FolderSource(root, GRID))


def test_a_declared_box_elsewhere_is_refused(scene):
    root, _ = scene
    path = root / "one.json"
    document = json.loads(path.read_text())
    document["bbox"] = [123.0, 43.3, 123.1, 43.4]
    path.write_text(json.dumps(document))
    assert "declared bbox" in reason(FolderSource(root, GRID))
    document["bbox"] = [129.0, 43.34, 129.02, 43.35]
    path.write_text(json.dumps(document))
    only(FolderSource(root, GRID))


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.99])
def test_a_truncated_file_is_an_error_and_never_zeros(tmp_path, cut):
    path = write_tif(tmp_path / "B04.tif", noise((100, 100)), compress="deflate")
    write_item(tmp_path / "one.json", {"B04": "B04.tif"})
    source = FolderSource(tmp_path, GRID)
    item = only(source)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    with pytest.raises(SceneError, match=r"item one: .*B04\.tif.*damaged"):
        source.read(item, ["B04"], EXTENT)
    assert "damaged" in reason(FolderSource(tmp_path, GRID))


def test_a_changed_file_is_found_when_asked_to_verify(scene):
    root, _ = scene
    write_item(root / "one.json", {"B04": {"href": "B04.tif", "file:checksum": "1220" + "ab" * 32}})
    only(FolderSource(root, GRID))
    assert "expected SHA-256 abab" in reason(FolderSource(root, GRID, verify=True))


def test_the_checksum_follows_the_pixels_and_not_the_place(scene, tmp_path_factory):
    root, bands = scene
    first = only(FolderSource(root, GRID))
    other = tmp_path_factory.mktemp("other")
    for path in root.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    assert only(FolderSource(other, GRID)) == first
    bands["B8A"][50, 50] += 1
    write_tif(other / "B8A.tif", bands["B8A"])
    assert only(FolderSource(other, GRID)).checksum != first.checksum


def test_a_block_that_was_never_written_is_an_error_where_the_mask_saw_land(tmp_path):
    values = noise((512, 512))
    path = tmp_path / "B04.tif"
    write_tif(path, values)
    with rasterio.open(path) as dataset:
        profile = {**dataset.profile, "tiled": True, "blockxsize": 256, "blockysize": 256}
    with rasterio.open(path, "w", **profile, SPARSE_OK="TRUE") as dataset:
        dataset.write(values[:256], 1, window=((0, 256), (0, 512)))
    scl = np.full((512, 512), 4, np.uint8)
    write_tif(tmp_path / "SCL.tif", scl)
    write_item(tmp_path / "one.json", {"B04": "B04.tif", "SCL": "SCL.tif"})
    assert "missing blocks" in reason(FolderSource(tmp_path, GRID))
    scl[256:] = 0
    write_tif(tmp_path / "SCL.tif", scl)
    source = FolderSource(tmp_path, GRID)
    pixels = source.read(only(source), ["B04"], Window(EXTENT.row, EXTENT.col, 512, 512))
    assert not pixels.bands["B04"][256:].any()


def test_a_mask_with_other_values_is_refused(scene):
    root, _ = scene
    write_tif(root / "SCL.tif", np.full((100, 100), 77, np.uint8))
    assert "expected values from 0 to 11, got [77]" in reason(FolderSource(root, GRID))


def test_cloud_probability_is_the_mask_where_there_is_no_classification(tmp_path):
    write_tif(tmp_path / "B04.tif", noise((100, 100)))
    probability = np.full((100, 100), 30, np.uint8)
    probability[:5] = 255
    write_tif(tmp_path / "clp.tif", probability, nodata=255)
    write_item(tmp_path / "one.json", {"B04": "B04.tif", "cloud_probability": "clp.tif"})
    source = FolderSource(tmp_path, GRID)
    pixels = source.read(only(source), ["B04"], EXTENT.pad(1))
    assert pixels.mask_kind == "cloud_probability"
    assert (pixels.mask[1:6] == 255).all()
    assert (pixels.mask[0] == 255).all()
    assert (pixels.mask[7:-1, 1:-1] == 30).all()


@pytest.mark.parametrize(
    "href",
    [
        "https://example.org/B04.tif",
        "/vsicurl/https://example.org/B04.tif",
        "/vsizip/a.zip/B04.tif",
        "s3://bucket/B04.tif",
        "../outside.tif",
        "link.tif",
        "folder.tif",
        "absent.tif",
        "<VRTDataset/>",
    ],
)
def test_only_regular_files_under_the_folder_are_opened(tmp_path, href):
    root = tmp_path / "root"
    write_tif(tmp_path / "outside.tif", noise((100, 100)))
    root.mkdir()
    (root / "link.tif").symlink_to(tmp_path / "outside.tif")
    (root / "folder.tif").mkdir()
    write_item(root / "one.json", {"B04": href})
    assert "expected a" in reason(FolderSource(root, GRID))


def test_a_vrt_that_calls_itself_a_tif_is_refused(tmp_path):
    (tmp_path / "B04.tif").write_text("<VRTDataset rasterXSize='1' rasterYSize='1'/>")
    write_item(tmp_path / "one.json", {"B04": "B04.tif"})
    assert "expected a TIFF file, got first bytes" in reason(FolderSource(tmp_path, GRID))


def test_a_header_that_promises_too_much_is_refused_before_any_read(tmp_path):
    path = tmp_path / "B04.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=200_000,
        height=200_000,
        count=1,
        dtype="uint16",
        SPARSE_OK="TRUE",
        tiled=True,
        crs="EPSG:32652",
        BIGTIFF="YES",
        transform=rasterio.Affine(20, 0, X0, 0, -20, Y0),
    ):
        pass  # fmt: skip
    write_item(tmp_path / "one.json", {"B04": "B04.tif"})
    assert "expected at most 65536 px a side" in reason(FolderSource(tmp_path, GRID))


def test_the_newest_baseline_of_a_view_is_used(scene):
    root, _ = scene
    view = {"platform": "sentinel-2b", "s2:mgrs_tile": "52TFN"}
    for name, baseline in {"a": "02.14", "b": "03.01"}.items():
        write_item(
            root / f"{name}.json", {"B04": "B04.tif"},
            **view, **{"s2:processing_baseline": baseline,
                       "s2:datatake_id": f"GS2B_20240601T021529_037185_N{baseline}"},
        )  # fmt: skip
    (root / "one.json").unlink()
    items, refused = FolderSource(root, GRID).search(JUNE, EXTENT)
    assert [item.item_id for item in items] == ["b"]
    assert [(r.item_id, r.reason) for r in refused] == [("a", "superseded by b")]


def test_a_broken_item_is_reported_and_the_others_are_used(scene):
    root, _ = scene
    (root / "bad.json").write_text("{")
    (root / "catalog.json").write_text('{"type": "Catalog"}')
    write_item(root / "naive.json", {"B04": "B04.tif"}, time="2024-06-01T00:00:00")
    write_item(root / "twin.json", {"B04": "B04.tif"}, item_id="one")
    write_item(root / "late.json", {"B04": "B04.tif"}, time="2024-06-20T00:00:00Z")
    now = datetime(2024, 6, 10, tzinfo=UTC)
    items, refused = FolderSource(root, GRID, now=now).search(JUNE, EXTENT)
    assert [item.item_id for item in items] == ["one"]
    assert [r.item_id for r in refused] == ["bad.json", "late", "naive.json", "twin.json"]


def test_an_empty_folder_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match="habitat index"):
        FolderSource(tmp_path, GRID).search(JUNE, EXTENT)
    with pytest.raises(InputError, match="expected a folder"):
        FolderSource(tmp_path / "absent", GRID).available_bands()


def test_the_source_can_be_sent_to_a_worker(scene):
    root, bands = scene
    source = FolderSource(root, GRID)
    item = only(source)
    copy, item = pickle.loads(pickle.dumps((source, item)))
    assert copy == source
    pixels = copy.read(item, ["B04"], EXTENT)
    np.testing.assert_array_equal(pixels.bands["B04"], bands["B04"])


def test_threads_read_the_same_bytes(scene):
    root, bands = scene
    source = FolderSource(root, GRID)
    item = only(source)
    windows = [Window(EXTENT.row + i, EXTENT.col + i, 60, 60) for i in range(24)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda w: source.read(item, ["B04", "B8A"], w), windows))
    for i, pixels in enumerate(found):
        part = np.s_[i : min(i + 60, 100), i : min(i + 60, 100)]
        inside = pixels.bands["B8A"][: 100 - i, : 100 - i]
        np.testing.assert_array_equal(inside, bands["B8A"][part])


def test_a_simulated_folder_says_so(scene):
    root, _ = scene
    write_item(root / "two.json", {"B04": "B04.tif"}, **{"habitat:simulated": True})
    assert FolderSource(root, GRID).simulated


def test_a_static_catalogue_on_disk_is_a_folder_of_scenes(scene):
    folder, _ = scene
    before = FolderSource(folder, GRID).search(JUNE, EXTENT)[0]
    links = [{"rel": "item", "href": "item.json"}]
    for kind, name in (("Catalog", "catalog.json"), ("Collection", "collection.json")):
        document = {"type": kind, "id": "c", "stac_version": "1.0.0", "links": links}
        (folder / name).write_text(json.dumps(document))
    items, refused = FolderSource(folder, GRID).search(JUNE, EXTENT)
    assert items == before
    assert items
    assert not refused


def test_scenes_that_share_files_are_refused_under_their_own_names(scene, monkeypatch):
    root, bands = scene
    write_item(root / "two.json", {b: f"./{b}.tif" for b in bands}, item_id="two")
    monkeypatch.setattr(
        "habitat.io.scenes.folder.offset_reason", lambda item, *_: f"of {item.item_id}"
    )
    items, refused = FolderSource(root, GRID).search(JUNE, EXTENT)
    assert not items
    assert all(scene.reason == f"of {scene.item_id}" for scene in refused)
    assert len(refused) == 2
