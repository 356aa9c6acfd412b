import pytest

from habitat.domain.errors import SceneError
from habitat.io.scenes.radar_item import parse_radar_item

# The fields of an item of the Planetary Computer's sentinel-1-rtc, shortened.
ITEM = {
    "type": "Feature",
    "id": "S1A_IW_GRDH_1SDV_20240605T214012_20240605T214037_054190_0696F1_rtc",
    "bbox": [130.0, 42.0, 133.0, 44.0],
    "properties": {
        "datetime": "2024-06-05T21:40:24.5Z",
        "platform": "SENTINEL-1A",
        "sar:instrument_mode": "IW",
        "sar:polarizations": ["VV", "VH"],
        "sat:orbit_state": "descending",
        "sat:relative_orbit": 134,
        "proj:epsg": 32652,
        "proj:shape": [100, 200],
        "proj:transform": [10.0, 0.0, 500000.0, 0.0, -10.0, 4800000.0, 0, 0, 1],
    },
    "assets": {
        "vv": {
            "href": "https://x.test/vv.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "raster:bands": [{"nodata": -32768, "data_type": "float32"}],
        },
        "vh": {"href": "https://x.test/vh.tif", "raster:bands": [{"nodata": -32768}]},
        "tilejson": {"href": "https://x.test/tilejson.json", "type": "application/json"},
    },
}


def changed(**properties):
    return ITEM | {"properties": ITEM["properties"] | properties}


def test_an_item_gives_polarisations_platform_and_orbit_and_no_mask():
    record = parse_radar_item(ITEM)
    assert [(a.name, a.nodata, a.scale) for a in record.assets] == [
        ("VV", -32768, 1.0),
        ("VH", -32768, 1.0),
    ]
    assert (record.mission, record.orbit) == ("S1A", "descending 134")
    assert record.assets[0].grid.shape == (100, 200)
    assert f"{record.acquired:%Y-%m-%dT%H:%M:%S%z}" == "2024-06-05T21:40:24+0000"


@pytest.mark.parametrize("kept", [["vv"], ["vh"], []])
def test_a_missing_polarisation_is_refused_by_name(kept):
    item = ITEM | {"assets": {key: ITEM["assets"][key] for key in kept}}
    with pytest.raises(SceneError, match="found no V"):
        parse_radar_item(item)


def test_products_of_sea_ice_in_hh_and_hv_are_refused():
    assets = {"hh": ITEM["assets"]["vv"], "hv": ITEM["assets"]["vh"]}
    item = changed(**{"sar:polarizations": ["HH", "HV"]}) | {"assets": assets}
    with pytest.raises(SceneError, match=r"found no VV, VH \(\['HH', 'HV'\]\)"):
        parse_radar_item(item)


def test_another_mode_an_unknown_direction_and_declared_decibels_are_refused():
    with pytest.raises(SceneError, match="mode IW, got EW"):
        parse_radar_item(changed(**{"sar:instrument_mode": "EW"}))
    with pytest.raises(SceneError, match="orbit_state"):
        parse_radar_item(changed(**{"sat:orbit_state": None}))
    db = ITEM["assets"]["vv"] | {"raster:bands": [{"unit": "dB"}]}
    with pytest.raises(SceneError, match="decibels"):
        parse_radar_item(ITEM | {"assets": ITEM["assets"] | {"vv": db}})
    with pytest.raises(SceneError, match="expected an id"):
        parse_radar_item(ITEM | {"id": ""})
