import pytest

from habitat.domain.scene import RefusedScene
from habitat.io.sentinelhub.radar_source import parse_frame, passes

NAME = "S1A_IW_GRDH_1SDV_20240605T2140{}_20240605T2141{}_054190_0696F1_3C2B"
BOX = [[130.0, 42.0], [131.0, 42.0], [131.0, 43.0], [130.0, 43.0], [130.0, 42.0]]


def feature(name=None, state="DESCENDING", ring=BOX):
    return {
        "id": name or NAME.format("12", "02"),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"sat:orbit_state": state},
    }


def test_the_frames_of_a_pass_are_one_item_with_direction_and_orbit():
    south = [[x, y - 1] for x, y in BOX]
    frames = [parse_frame(feature()), parse_frame(feature(NAME.format("37", "27"), ring=south))]
    (one,) = passes(frames, epsg=32652, place="here")
    assert one.item.orbit == "descending 54190"
    assert one.state == "descending"
    assert (one.first.second, one.last.second) == (12, 27)
    (alone,) = passes(frames[:1], epsg=32652, place="here")
    assert alone.footprint.area < one.footprint.area
    assert alone.item.checksum != one.item.checksum


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (feature("S2A_MSIL2A_20240605"), "Sentinel-1 GRD"),
        (feature(NAME.format("12", "02").replace("1SDV", "1SDH")), "got IW and DH"),
        (feature(NAME.format("12", "02").replace("_IW_", "_EW_")), "got EW and DV"),
        (feature(state=None), "direction"),
        (feature() | {"geometry": None}, "footprint"),
    ],
)
def test_a_product_that_cannot_be_used_is_refused_with_the_reason(spoilt, words):
    found = parse_frame(spoilt)
    assert isinstance(found, RefusedScene)
    assert words in found.reason
