import json
import re
from collections import Counter

import pytest

from habitat.domain.errors import SceneError
from habitat.io.scenes.stac_item import parse_item


def recorded(path):
    """Yield the Sentinel-2 items of a recorded answer."""
    document = json.loads(path.read_text())
    found = document.get("response", document) if isinstance(document, dict) else document
    items = found if isinstance(found, list) else found.get("features", [found])
    return [
        i for i in items if i.get("collection", "").startswith("sentinel-2-") or len(items) == 1
    ]


def offsets(record):
    return {a.offset_dn for a in record.assets if a.name.startswith("B")}


def test_items_of_earth_search_with_the_offset_in_or_off_are_told_apart(shared_data):
    path = shared_data / "stac_recorded/earth-search-v1/search_filter_cloud_two_pages_01.json"
    records = {}
    for item in recorded(path):
        if item["collection"] in {"sentinel-2-c1-l2a", "sentinel-2-l2a"}:
            records.setdefault(item["collection"], (item, parse_item(item)))
    item, collection1 = records["sentinel-2-c1-l2a"]
    assert offsets(collection1) == {1000}
    assert collection1.mission == "S2B"
    assert collection1.datatake == "20250731T131909"
    assert collection1.mgrs_tile == "20EPT"
    assert collection1.baseline == "05.11"
    item, cogs = records["sentinel-2-l2a"]
    # The item still declares offset -0.1, though it was taken off.
    assert item["properties"]["earthsearch:boa_offset_applied"] is True
    assert item["assets"]["red"]["raster:bands"][0]["offset"] == -0.1
    assert offsets(cogs) == {0}
    best = cogs.best_assets(20)
    assert best["B04"].href.endswith("/B04.tif")
    assert {"B02", "B8A", "B11", "B12", "scl"} <= set(best)
    assert not any(a.href.endswith((".jp2", "TCI.tif", "PVI.tif")) for a in cogs.assets)


def sentinel_2(document):
    """Yield the Sentinel-2 L2A items anywhere in a recorded answer."""
    if isinstance(document, dict) and document.get("type") == "Feature" and "assets" in document:
        l2a = ("sentinel-2-l2a", "sentinel-2-c1-l2a", "sentinel-s2-l2a-cogs")
        if document.get("collection") in l2a and len(document["assets"]) > 10:
            yield document
        return
    for part in document.values() if isinstance(document, dict) else document:
        if isinstance(part, dict | list):
            yield from sentinel_2(part)


def test_every_recorded_item_has_time_tile_datatake_and_the_offset_of_its_product(shared_data):
    seen = Counter()
    for path in sorted((shared_data / "stac_recorded").rglob("*.json")):
        for item in sentinel_2(json.loads(path.read_text())):
            record, properties = parse_item(item), item["properties"]
            taken_off = properties.get(
                "earthsearch:boa_offset_applied", properties.get("sentinel:boa_offset_applied")
            )
            assert record.mission in {"S2A", "S2B"}
            assert re.fullmatch(r"\d{2}[A-Z]{3}", record.mgrs_tile), item["id"]
            assert re.fullmatch(r"\d{8}T\d{6}", record.datatake), item["id"]
            assert record.datatake[:8] == f"{record.acquired:%Y%m%d}"
            expected = 0 if taken_off or record.baseline < "04.00" else 1000
            assert offsets(record) == {expected}, item["id"]
            assert {"B04", "B8A", "B11", "B12", "scl"} <= set(record.best_assets(20))
            seen[path.parent.name, expected, bool(taken_off)] += 1
    assert seen["planetary-computer", 1000, False] == 6
    assert seen["planetary-computer", 0, False] == 68
    assert seen["earth-search-v0", 1000, False] == 3  # baseline 04.00, which no property tells
    assert seen["earth-search-v0", 0, True] == 1
    assert seen["earth-search-v1", 0, True] == 7
    assert seen["earth-search-v1", 1000, False] == 6


def test_items_of_the_planetary_computer_go_by_their_baseline(shared_data):
    folder = shared_data / "stac_recorded/planetary-computer"
    (new,) = recorded(folder / "item_sentinel-2.json")
    name = "odc_S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531.json"
    (old,) = recorded(folder / name)
    assert offsets(parse_item(new)) == {1000}
    record = parse_item(old)
    assert offsets(record) == {0}
    assert (record.baseline, record.mgrs_tile) == ("02.12", "06VVN")
    assert record.best_assets(10)["B04"].pixel_m == 10
    assert not any("visual" in a.href.lower() or "TCI" in a.href for a in record.assets)


@pytest.mark.parametrize(
    ("folder", "offset"),
    [
        ("S2A_MSIL2A_20190212T192651_N0212_R013_T07HFE_20201007T160857.SAFE", 0),
        ("S2B_MSIL2A_20220413T150759_N0400_R025_T33XWJ_20220414T082126.SAFE", 1000),
    ],
)
def test_products_of_several_baselines_get_their_offset(shared_data, folder, offset):
    path = shared_data / "s2_product_metadata" / folder / "expected_output.json"
    record = parse_item(json.loads(path.read_text()))
    assert offsets(record) == {offset}
    best = record.best_assets(20)
    assert best["B04"].href.endswith("_B04_20m.tif")
    assert best["B04"].pixel_m == 20
    assert best["scl"].pixel_m == 20
    assert record.best_assets(10)["B04"].href.endswith("_B04_10m.tif")


def as_geotiff(path):
    """Return a recorded item as if its files had been converted."""
    return json.loads(path.read_text().replace("image/jp2", "image/tiff").replace(".jp2", ".tif"))


def test_an_old_image_processed_again_has_the_offset(shared_data):
    folder = "S2B_MSIL2A_20200914T231559_N0500_R087_T01VCG_20230315T224658"
    item = as_geotiff(shared_data / "s2_product_metadata" / folder / "expected_output.json")
    assert offsets(parse_item(item)) == {1000}
    for asset in item["assets"].values():
        asset.pop("raster:bands", None)
    record = parse_item(item)
    assert offsets(record) == {1000}
    assert record.mgrs_tile == "01VCG"


def test_an_offset_that_no_product_has_is_refused(shared_data):
    folder = "S2A_OPER_MSI_L2A_TL_VGS1_20220401T110010_A035382_T34LBQ"
    item = as_geotiff(shared_data / "s2_product_metadata" / folder / "expected_output.json")
    with pytest.raises(SceneError, match=r"expected an offset of 0 or -0\.1, got -0\.7"):
        parse_item(item)


def test_files_of_another_format_are_no_bands(shared_data):
    folder = "esa_S2B_MSIL2A_20210122T133229_N0214_R081_T22HBD_20210122T155500.SAFE"
    path = shared_data / "s2_product_metadata" / folder / "expected_output.json"
    with pytest.raises(SceneError, match="as GeoTIFF"):
        parse_item(json.loads(path.read_text()))


ITEM = {"type": "Feature", "id": "x", "properties": {"datetime": "2024-06-01T00:00:00Z"}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": ""}, "expected an id"),
        ({"properties": None}, "expected properties"),
        ({"properties": {}}, "expected a datetime"),
        ({"properties": {"datetime": "2024-06-01T00:00:00"}}, "offset from UTC"),
        ({"assets": {"TCI": {"href": "a.tif"}}}, "expected assets with Sentinel-2 bands"),
        ({"assets": {"B04": {"href": "a.tif", "raster:scale": 0}}}, "expected a positive scale"),
    ],
)
def test_a_broken_item_is_refused_with_its_fault(change, message):
    item = {**ITEM, "assets": {"B04": {"href": "a.tif"}}, **change}
    with pytest.raises(SceneError, match=message):
        parse_item(item)


def test_time_is_utc_whatever_the_item_is_written_in():
    item = {**ITEM, "assets": {"red": {"href": "a.tif"}}}
    item["properties"] = {"datetime": "2024-06-01T09:15:29+10:00"}
    assert parse_item(item).acquired.isoformat() == "2024-05-31T23:15:29+00:00"
