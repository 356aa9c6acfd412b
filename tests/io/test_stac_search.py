import json
from datetime import date

import pytest
from test_http import FakeTime, Script

from habitat.domain.errors import RemoteError
from habitat.domain.period import Period
from habitat.io.net.http import Http
from habitat.io.net.http_policy import HttpPolicy
from habitat.io.stac.stac_search import Catalogue, search_items

CATALOGUE = Catalogue("https://stac.example/v1", "s2")
PERIOD = Period(date(2024, 6, 1), date(2024, 6, 30))
NEXT = {"rel": "next", "method": "POST", "href": "/v1/search", "merge": True}


def page(*ids, matched=None, link=None):
    document = {"type": "FeatureCollection", "features": [{"id": i} for i in ids], "links": []}
    if matched is not None:
        document["numberMatched"] = matched
    if link is not None:
        document["links"] = [link]
    return 200, {"Content-Type": "application/geo+json"}, json.dumps(document).encode()


def link(token):
    return {**NEXT, "body": {"token": token}}


def search(*answers):
    script = Script(*answers)
    http = Http(HttpPolicy(("stac.example",)), clock=FakeTime().clock(), adapter=script)
    found = search_items(http, CATALOGUE, PERIOD, (130.0, 42.0, 131.0, 43.0))
    return [item["id"] for item in found], script.sent


def test_all_pages_are_read_and_each_id_is_taken_once():
    ids, sent = search(page("b", "a", matched=3, link=link(2)), page("a", "c", matched=3))
    assert ids == ["a", "b", "c"]
    second = json.loads(sent[1].body)
    assert second["token"] == 2
    assert second["collections"] == ["s2"]


def test_a_next_link_by_get_is_followed():
    following = {"rel": "next", "href": "https://stac.example/v1/search?token=2"}
    ids, sent = search(page("a", link=following), page("b"))
    assert ids == ["a", "b"]
    assert sent[1].method == "GET"


def test_missing_pages_are_an_error_and_not_few_scenes():
    with pytest.raises(RemoteError, match="pages are missing"):
        search(page("a", matched=3))


def test_a_link_to_a_page_read_before_is_an_error():
    with pytest.raises(RemoteError, match="read before"):
        search(page("a", link=link(2)), page("b", link=link(2)))


def test_pages_that_never_end_are_an_error(monkeypatch):
    monkeypatch.setattr("habitat.io.stac.stac_search.MAX_PAGES", 4)
    with pytest.raises(RemoteError, match="at most 4 pages"):
        search(*[page(str(i), link=link(i)) for i in range(6)])


def test_no_scene_is_told_from_a_broken_catalogue():
    assert search(page(), page("any"))[0] == []
    with pytest.raises(RemoteError, match="broken"):
        search(page(), page())


@pytest.mark.parametrize("body", [b"[]", b'{"code": 500}', b'{"features": [{}]}', b'{"featu'])
def test_json_of_another_kind_is_tried_again(body):
    fault = (200, {"Content-Type": "application/json"}, body)
    assert search(fault, page("a"))[0] == ["a"]


def test_recorded_pages_are_read(shared_data):
    for name in ("00", "01"):
        path = f"stac_recorded/earth-search-v1/search_filter_cloud_two_pages_{name}.json"
        recorded = json.loads((shared_data / path).read_bytes())["response"]
        if isinstance(recorded, dict) and recorded.get("features"):
            recorded["links"] = []
            recorded.pop("numberMatched", None)
            recorded.pop("context", None)
            body = json.dumps(recorded).encode()
            ids, _ = search((200, {"Content-Type": "application/json"}, body))
            assert len(ids) == len({f["id"] for f in recorded["features"]})
