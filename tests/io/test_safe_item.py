from safe_files import write_safe

from habitat.io.safe.safe_item import safe_item
from habitat.io.safe.safe_metadata import choose_images, read_safe
from habitat.io.scenes.stac_item import parse_item

SMALL = {20: ("B04", "SCL")}


def test_an_item_says_what_the_product_says(tmp_path):
    product = read_safe(write_safe(tmp_path, images=SMALL))
    cog = tmp_path / "cog.tif"
    cog.write_bytes(b"pixels")
    item = safe_item(product, [(i, cog, "0" * 64) for i in choose_images(product, 20)])
    assert item["properties"]["view:azimuth"] == 5.0
    assert item["properties"]["view:incidence_angle"] == 4.0
    assert item["properties"]["view:sun_elevation"] == 65.0
    record = parse_item(item)
    assert {a.name: a.offset_dn for a in record.assets}["B04"] == 1000
    assert "raster:offset" not in item["assets"]["scl"]
    assert (record.cloud_percent, record.mgrs_tile, record.mission) == (12.5, "52TFN", "S2B")
    assert record.datatake == "20240601T021529"
    assert record.made == "2024-06-01T06:12:34.000000Z"
    west, south, east, north = record.bbox
    assert 128.9 < west < east < 129.1
    assert 43.2 < south < north < 43.4
    assert all(a.grid.epsg == 32652 and a.sha256 == "0" * 64 for a in record.assets)
