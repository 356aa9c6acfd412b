import json
from datetime import date

import numpy as np
import pytest
from scene_files import X0, Y0, noise, write_item, write_tif

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid
from habitat.domain.period import Period
from habitat.io.durable import sha256_file
from habitat.io.scenes.folder import SIMULATED, FolderSource
from habitat.io.scenes.index import already_listed, index_folder

GRID = Grid(32652, 20, 64)
ALL = Period(date(2015, 1, 1), date(2026, 1, 1))
EXTENT = GRID.window_of_bounds((X0, Y0 - 2000, X0 + 2000, Y0))
PRODUCT = "S2B_MSIL2A_20240417T021529_N0510_R003_T52TFN_20240417T040000"


def safe(root, offset=1000):
    """Write a product like those of ESA, with GeoTIFFs."""
    images = root / f"{PRODUCT}.SAFE" / "GRANULE" / "L2A_T52TFN_A037185" / "IMG_DATA"
    red = noise((200, 200), 1) + np.uint16(offset)
    write_tif(images / "R10m" / "T52TFN_20240417T021529_B04_10m.tif", red, pixel=10.0)
    write_tif(images / "R20m" / "T52TFN_20240417T021529_B04_20m.tif", red[::2, ::2])
    write_tif(images / "R20m" / "T52TFN_20240417T021529_B12_20m.tif", red[::2, 1::2])
    write_tif(images / "R20m" / "T52TFN_20240417T021529_SCL_20m.tif", np.full((100, 100), 4, "u1"))
    write_tif(images / "R10m" / "T52TFN_20240417T021529_TCI_10m.tif", np.full((200, 200), 9, "u1"))
    return red


def test_an_esa_product_becomes_one_item_that_the_source_reads(tmp_path):
    red = safe(tmp_path)
    (path,) = index_folder(tmp_path)
    assert path == tmp_path / f"{PRODUCT}.SAFE" / f"{PRODUCT}.json"
    item = json.loads(path.read_text())
    assert item["properties"]["datetime"] == "2024-04-17T02:15:29Z"
    assert item["properties"]["s2:processing_baseline"] == "05.10"
    assert sorted(item["assets"]) == ["B04_10m", "B04_20m", "B12", "scl"]
    twelve = item["assets"]["B12"]
    assert twelve["raster:offset"] == -0.1
    assert twelve["proj:code"] == "EPSG:32652"
    assert twelve["file:checksum"] == "1220" + sha256_file(path.parent / twelve["href"])
    source = FolderSource(tmp_path, GRID, verify=True)
    (scene,), refused = source.search(ALL, EXTENT)
    assert not refused
    assert (scene.mission, scene.mgrs_tile, scene.datatake) == ("S2B", "52TFN", "20240417T021529")
    assert scene.bounds == (X0, Y0 - 2000, X0 + 2000, Y0)
    found = source.read(scene, ["B04"], EXTENT)
    np.testing.assert_array_equal(found.bands["B04"], red[::2, ::2] - 1000)
    assert found.mask_kind == "scl"


def test_the_same_files_give_the_same_bytes_anywhere(tmp_path):
    for name in ("a", "b"):
        safe(tmp_path / name)
    first, second = (index_folder(tmp_path / name)[0] for name in ("a", "b"))
    before = first.read_bytes()
    assert before == second.read_bytes()
    assert index_folder(tmp_path / "a") == [first]
    assert first.read_bytes() == before


def test_a_folder_per_date_becomes_an_item_per_date(tmp_path):
    for day in ("2017-06-01", "2017-06-11"):
        write_tif(tmp_path / day / "B04.tif", noise((50, 50), 1))
        write_tif(tmp_path / day / "b8a.tif", noise((50, 50), 2))
        write_tif(tmp_path / day / "SCL.tif", np.full((50, 50), 4, np.uint8))
    paths = index_folder(tmp_path)
    assert [p.relative_to(tmp_path).as_posix() for p in paths] == [
        "2017-06-01/2017-06-01.json",
        "2017-06-11/2017-06-11.json",
    ]
    items, refused = FolderSource(tmp_path, GRID).search(ALL, EXTENT)
    assert not refused
    assert [(i.item_id, i.acquired.date()) for i in items] == [
        ("2017-06-01", date(2017, 6, 1)),
        ("2017-06-11", date(2017, 6, 11)),
    ]
    assert sorted(items[0].assets) == ["B04", "B8A", "scl"]


def test_files_of_one_folder_are_told_apart_by_the_rest_of_their_names(tmp_path):
    for time in ("20240601T021529", "20240611T021529"):
        for band in ("B04", "B11"):
            write_tif(tmp_path / f"T52TFN_{time}_{band}_20m.tif", noise((50, 50)))
    assert [path.name for path in index_folder(tmp_path)] == [
        "T52TFN_20240601T021529.json",
        "T52TFN_20240611T021529.json",
    ]


def test_a_file_of_many_bands_goes_by_its_descriptions_and_its_tag(tmp_path):
    stack = (noise((3, 50, 50)) / 10_000).astype(np.float32)
    names, tags = ["B4", "B8A", "B12"], {"DATETIME": "2015-07-11T10:00:08"}
    write_tif(tmp_path / "scene.tif", stack, nodata=None, names=names, tags=tags)
    with pytest.raises(InputError, match="expected a declared scale for float32"):
        index_folder(tmp_path)
    index_folder(tmp_path, scale=1.0, offset_dn=0)
    source = FolderSource(tmp_path, GRID)
    (scene,), refused = source.search(ALL, EXTENT)
    assert not refused
    assert scene.acquired.isoformat() == "2015-07-11T10:00:08+00:00"
    window = GRID.window_of_bounds(scene.bounds)
    found = source.read(scene, ["B12", "B04"], window)
    np.testing.assert_array_equal(found.bands["B04"], noise((3, 50, 50))[0])
    np.testing.assert_array_equal(found.bands["B12"], noise((3, 50, 50))[2])


def test_all_that_cannot_be_named_is_listed_at_once_and_nothing_is_written(tmp_path):
    write_tif(tmp_path / "2024-06-01" / "B04.tif", noise((9, 9)))
    write_tif(tmp_path / "2024-06-01" / "B05.tif", noise((9, 9)), crs=None)
    write_tif(tmp_path / "2024-06-01" / "reference.tif", noise((9, 9)))
    write_tif(tmp_path / "undated" / "B04.tif", noise((9, 9)))
    with pytest.raises(InputError) as error:
        index_folder(tmp_path)
    text = str(error.value)
    assert "B05.tif: expected a CRS" in text
    assert "reference.tif: expected the name of a Sentinel-2 band" in text
    assert "expected a date in the name" in text
    assert "undated" in text
    assert not list(tmp_path.rglob("*.json"))
    ignored = ["undated/*", "*/reference.tif", "*/B05.tif"]
    assert len(index_folder(tmp_path, ignore=ignored)) == 1


def test_items_of_others_are_left_alone(tmp_path):
    write_tif(tmp_path / "20240601" / "B04.tif", noise((9, 9)))
    theirs = write_item(tmp_path / "20240601" / "theirs.json", {"red": "B04.tif"})
    before = theirs.read_bytes()
    assert not index_folder(tmp_path)
    assert already_listed(tmp_path) == [tmp_path / "20240601" / "B04.tif"]
    write_tif(tmp_path / "20240611" / "B04.tif", noise((9, 9)))
    assert [path.name for path in index_folder(tmp_path)] == ["20240611.json"]
    write_item(tmp_path / "20240611" / "20240611.json", {"red": "other.tif"})
    with pytest.raises(InputError, match="an item that habitat did not write"):
        index_folder(tmp_path)
    assert theirs.read_bytes() == before


def test_an_empty_or_absent_folder_says_so(tmp_path):
    with pytest.raises(InputError, match="expected GeoTIFFs"):
        index_folder(tmp_path)
    with pytest.raises(InputError, match="expected a folder of GeoTIFFs"):
        index_folder(tmp_path / "absent")


def test_a_scene_of_files_that_say_simulated_keeps_the_mark(tmp_path):
    for band in ("B04", "B8A"):
        tags = {"SIMULATED": "YES"} if band == "B8A" else {}
        write_tif(tmp_path / "2024-06-01" / f"{band}.tif", noise((50, 50)), tags=tags)
    write_tif(tmp_path / "2024-06-06" / "B04.tif", noise((50, 50)))
    marks = {}
    for path in index_folder(tmp_path):
        marks[path.parent.name] = json.loads(path.read_text())["properties"].get(SIMULATED)
    assert marks == {"2024-06-01": True, "2024-06-06": None}
    assert FolderSource(tmp_path, GRID).simulated


def test_a_pattern_for_any_folder_holds_in_the_root_too(tmp_path):
    write_tif(tmp_path / "2024-06-01" / "B04.tif", noise((9, 9)))
    write_tif(tmp_path / "reference.tif", noise((9, 9)))
    (path,) = index_folder(tmp_path, ignore=["*/reference.tif"])
    assert path.parent.name == "2024-06-01"


def test_the_truth_of_a_simulated_folder_is_no_scene(tmp_path):
    for place in ("scenes/2024-06-01/B04.tif", "scenes/truth/elevation.tif"):
        write_tif(tmp_path / place, noise((9, 9)), tags={"SIMULATED": "YES"})
    (path,) = index_folder(tmp_path / "scenes")
    assert path.parent.name == "2024-06-01"
