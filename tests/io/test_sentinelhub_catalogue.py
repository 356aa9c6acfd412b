"""Catalogue pages and what becomes of their items."""

import pytest

from habitat.domain.errors import RemoteError
from habitat.domain.scene import RefusedScene
from habitat.io.sentinelhub.sentinelhub_catalogue import acquisitions, fetch_pages, parse_record
from habitat.io.sentinelhub.sentinelhub_requests import Search

SEARCH = Search("https://example.test/search", {"limit": 2})
RING = [[130.0, 42.0], [131.0, 42.0], [131.0, 43.0], [130.0, 43.0], [130.0, 42.0]]


def feature(tile="52TDM", *, base="0511", take="20250619T021529", second=41, mission="S2B"):
    return {
        "id": f"{mission}_MSIL2A_{take}_N{base}_R046_T{tile}_20250619T043000.SAFE",
        "geometry": {"type": "Polygon", "coordinates": [RING]},
        "properties": {"datetime": f"2025-06-19T02:35:{second:02d}Z", "eo:cloud_cover": 3},
    }


def server(pages):
    """Answer with pages by their start."""
    return lambda _url, body: pages[body.get("next", 0)]


def page(features, following=None, returned=None):
    context = {"limit": 2, "returned": len(features) if returned is None else returned}
    return {"features": features, "context": context | ({"next": following} if following else {})}


def test_all_pages_are_read_and_an_item_on_two_pages_counts_once():
    a, b, c = (feature(t) for t in ("52TDM", "52TEM", "52TEN"))
    found = fetch_pages(SEARCH, server({0: page([a, b], 2), 2: page([b, c])}))
    assert [f["id"] for f in found] == [a["id"], b["id"], c["id"]]


@pytest.mark.parametrize(
    "pages",
    [
        {0: {"features": []}},
        {0: page([feature()], returned=2)},  # one item went missing
        {0: page([], 2)},
        {0: page([feature()], 2), 2: page([feature("52TEM")], 2)},  # never ends
        {0: page([feature()], 2), 2: page([feature(second=50)])},  # same id, other content
        {0: page(["x"])},
    ],
)
def test_pages_that_may_hide_items_are_an_error_and_never_few_scenes(pages):
    with pytest.raises(RemoteError, match="Nothing was bought"):
        fetch_pages(SEARCH, server(pages))


def made(*features):
    return acquisitions([parse_record(f) for f in features], epsg=32652, place="here")


def test_the_squares_of_a_datatake_are_one_scene_with_the_offset_of_its_baseline():
    (one,), refused = made(feature(), feature("52TEM", second=55))
    assert (one.item.item_id, refused) == ("S2B_20250619T021529", [])
    assert (one.last - one.first).seconds == 14
    assert one.item.assets["B04"].offset_dn == 1000


def test_an_older_baseline_of_a_square_is_superseded():
    (one,), (old,) = made(feature(base="0510"), feature())
    assert (one.item.baseline, old.reason) == ("05.11", "superseded by baseline 05.11")


def test_squares_with_and_without_the_offset_cannot_be_stitched():
    found, (refused,) = made(feature(base="0301"), feature("52TEM"))
    assert not found
    assert "one offset" in refused.reason


def test_two_datatakes_at_one_time_are_not_mixed():
    found, (refused,) = made(feature(), feature(mission="S2A", take="20250619T021531", second=43))
    assert len(found) == 1
    assert "same time" in refused.reason


@pytest.mark.parametrize(
    "change", [{"id": "x"}, {"geometry": None}, {"properties": {"datetime": "2025-06-19"}}]
)
def test_an_item_that_cannot_be_used_is_refused_with_a_reason(change):
    assert isinstance(parse_record(feature() | change), RefusedScene)
