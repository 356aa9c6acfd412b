import io
import json
from datetime import date

import pytest
import requests
from requests.adapters import BaseAdapter
from test_http import FakeTime
from urllib3 import HTTPResponse

from habitat.domain.errors import CredentialsError, RemoteError
from habitat.domain.period import Period
from habitat.io.net.http import Http
from habitat.io.net.http_policy import HttpPolicy
from habitat.io.stac import stac_static
from habitat.io.stac.stac_search import Catalogue, any_item, search_items
from habitat.io.stac.stac_static import is_static, walk_items

ROOT = "https://stac.example/s2/catalog.json"
JUNE = Period(date(2024, 6, 1), date(2024, 6, 30))
BOX = (130.0, 42.0, 131.0, 43.0)


class Tree(BaseAdapter):
    """Files by address; remembers what was asked."""

    def __init__(self, files):
        super().__init__()
        self.files, self.asked = files, []

    def send(self, request, **_options):
        self.asked.append(request.url)
        content = self.files.get(request.url)
        kind = {"Content-Type": "application/json"}
        status, body = 404 if content is None else 200, json.dumps(content).encode()
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url, request
        response.headers.update(kind)
        response.raw = HTTPResponse(io.BytesIO(body), kind, status, preload_content=False)
        return response

    def close(self):
        pass


def catalogue(*links, kind="Catalog", **more):
    listed = [{"rel": rel, "href": href} for rel, href in links]
    return {"type": kind, "id": "c", "links": listed, **more}


def item(id_="a", when="2024-06-10T02:15:29Z", bbox=(130.2, 42.2, 130.4, 42.4), **more):
    properties = {"datetime": when}
    return {"type": "Feature", "id": id_, "bbox": list(bbox), "properties": properties, **more}


def extent(box, low, high):
    return {"spatial": {"bbox": [box]}, "temporal": {"interval": [[low, high]]}}


def walk(files, **options):
    tree = Tree(files)
    policy = HttpPolicy(("stac.example",), attempts=2, backoff_s=0.001)
    http = Http(policy, clock=FakeTime().clock(), adapter=tree)
    return walk_items(http, ROOT, JUNE, BOX, **options), tree.asked, http


FILES = {
    ROOT: catalogue(("child", "y2024/collection.json"), ("root", "catalog.json")),
    "https://stac.example/s2/y2024/collection.json": catalogue(
        ("item", "./a/a.json"), ("item", "b/b.json"), ("parent", "../catalog.json"),
        kind="Collection", extent=extent([129, 41, 132, 44], "2024-01-01T00:00:00Z", None),
    ),
    "https://stac.example/s2/y2024/a/a.json": item("a"),
    "https://stac.example/s2/y2024/b/b.json": item("b", collection="other"),
}  # fmt: skip


def test_links_are_followed_and_items_know_where_they_were_read():
    items, asked, _ = walk(FILES)
    assert [found["id"] for found in items] == ["a", "b"]
    address = "https://stac.example/s2/y2024/a/a.json"
    assert items[0]["links"] == [{"rel": "self", "href": address}]
    assert sorted(asked) == sorted(FILES)  # each file once


def test_only_the_collection_asked_for_is_taken():
    assert [found["id"] for found in walk(FILES, collection="other")[0]] == ["b"]


@pytest.mark.parametrize(
    "other",
    [
        item("x", when="2024-05-31T23:59:59Z"),
        item("x", when="2024-07-01T00:00:00Z"),
        item("x", bbox=(131.5, 42, 132, 43)),
        item("x", bbox=(130, 43.5, 131, 44)),
    ],
)
def test_items_of_other_days_and_places_are_left_out(other):
    files = {**FILES, "https://stac.example/s2/y2024/b/b.json": other}
    assert [found["id"] for found in walk(files)[0]] == ["a"]


def test_an_item_without_box_or_over_the_antimeridian_may_touch():
    whole = item("x", bbox=(129.0, 42.0, -179.0, 43.0))
    bare = item("y")
    del bare["bbox"]
    files = {
        ROOT: catalogue(("item", "x.json"), ("item", "y.json")),
        "https://stac.example/s2/x.json": whole, "https://stac.example/s2/y.json": bare,
    }  # fmt: skip
    assert [found["id"] for found in walk(files)[0]] == ["x", "y"]


@pytest.mark.parametrize(
    "elsewhere",
    [
        extent([100, 41, 110, 44], None, None),
        extent([129, 41, 132, 44], "2025-01-01T00:00:00Z", None),
        extent([129, 41, 132, 44], "2020-01-01T00:00:00Z", "2023-12-31T00:00:00Z"),
    ],
)
def test_a_collection_of_another_place_or_time_is_not_opened(elsewhere):
    name = "https://stac.example/s2/y2024/collection.json"
    items, asked, _ = walk({**FILES, name: {**FILES[name], "extent": elsewhere}})
    assert items == []
    assert len(asked) == 2


def test_a_linked_item_that_is_missing_is_an_error_and_not_few_scenes():
    files = {k: v for k, v in FILES.items() if not k.endswith("b.json")}
    with pytest.raises(RemoteError, match=r"b\.json"):
        walk(files)


def test_a_catalogue_without_items_is_broken():
    with pytest.raises(RemoteError, match="expected a catalogue that links to items"):
        walk({ROOT: catalogue()})


def test_an_id_that_two_items_have_is_an_error():
    files = {**FILES, "https://stac.example/s2/y2024/b/b.json": item("a", bbox=(130, 42, 131, 43))}
    with pytest.raises(RemoteError, match="twice"):
        walk(files)


def test_links_in_a_circle_end():
    name = "https://stac.example/s2/y2024/collection.json"
    back = {"rel": "child", "href": "../catalog.json#again"}
    files = {**FILES, name: {**FILES[name], "links": [*FILES[name]["links"], back]}}
    assert len(walk(files)[0]) == 2


def test_depth_and_number_of_files_are_limited(monkeypatch):
    deep = {
        f"https://stac.example/s2/{n}.json": catalogue(("child", f"{n + 1}.json"))
        for n in range(30)
    }
    files = {**deep, ROOT: catalogue(("child", "0.json"))}
    with pytest.raises(RemoteError, match="levels"):
        walk(files)
    monkeypatch.setattr(stac_static, "MAX_DOCUMENTS", 3)
    with pytest.raises(RemoteError, match="at most 3 files"):
        walk(FILES)


def test_a_link_to_another_host_is_not_followed():
    with pytest.raises(CredentialsError, match=r"elsewhere\.example"):
        walk({ROOT: catalogue(("item", "https://elsewhere.example/a.json"))})


def test_json_of_another_kind_is_an_error():
    with pytest.raises(RemoteError, match="expected a STAC catalogue"):
        walk({ROOT: {"a": 1}})


def test_the_search_knows_a_static_catalogue_by_its_address():
    assert is_static(ROOT)
    assert not is_static("https://stac.example/v1")
    _, _, http = walk(FILES)
    found = search_items(http, Catalogue(ROOT, ""), JUNE, BOX)
    assert [one["id"] for one in found] == ["a", "b"]
    assert any_item(http, Catalogue(ROOT, ""))["id"] == "a"
