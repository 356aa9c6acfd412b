"""Dated extracts of a STAC catalogue, from a server on this machine in its own process."""

import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from habitat.domain.errors import InputError, RemoteError
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.http import Http
from habitat.io.net.http_policy import HttpPolicy
from habitat.io.stac.extracts import NOT_STATED, Extracts
from habitat.io.stac.stac_search import Catalogue

SERVER = Path(__file__).parents[1] / "servers" / "file_server.py"
BOX = (130.0, 42.0, 131.0, 43.0)
UNTIL = date(2024, 6, 1)


@pytest.fixture(scope="module")
def gpkg(tmp_path_factory):
    path = tmp_path_factory.mktemp("extract") / "roads.gpkg"
    line = shapely.LineString([(130.1, 42.1), (130.2, 42.2)])
    gpd.GeoDataFrame(geometry=[line], crs=4326).to_file(path, driver="GPKG")
    return path.read_bytes()


@pytest.fixture
def served(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield folder, f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.stdin.close()
    process.stdout.close()
    process.wait(10)


def item(name, when, *, href=None, properties=None, **asset):
    href = href or f"{name}.gpkg"
    return {
        "type": "Feature", "id": name, "bbox": list(BOX), "links": [], "collection": "roads",
        "properties": {"datetime": when, **(properties or {})},
        "assets": {"data": {"href": href, **asset}},
    }  # fmt: skip


def write(folder, *items):
    """Write items as a static catalogue and as the answer of an API."""
    page = {"type": "FeatureCollection", "features": items}
    (folder / "items.json").write_text(json.dumps(page))
    links = [{"rel": "item", "href": f"{one['id']}.json"} for one in items]
    top = {"type": "Catalog", "id": "c", "links": links}
    (folder / "catalog.json").write_text(json.dumps(top))
    for one in items:
        (folder / f"{one['id']}.json").write_text(json.dumps(one))


def extracts(url, tmp_path, *, offline=False, collection="roads", **more):
    policy = HttpPolicy(("127.0.0.1",), loopback_http=True, attempts=2, backoff_s=0.001)
    cache = DownloadCache(tmp_path / "cache", offline=offline)
    return Extracts(Http(policy), Catalogue(url, collection), cache, **more)


def asked(folder):
    return (folder / "requests.log").read_text().splitlines()


@pytest.mark.parametrize("way", ["static", "api"])
def test_extracts_come_by_day_whole_and_once(way, served, gpkg, tmp_path):
    folder, url = served
    sha256 = hashlib.sha256(gpkg).hexdigest()
    (folder / "a.gpkg").write_bytes(gpkg)
    write(
        folder,
        item("b", "2023-01-01T00:00:00Z", href=f"{url}/b.geojson"),
        item("a", "2022-12-31T23:30:00-01:00", href=f"{url}/a.gpkg",
             properties={"license": "ODbL-1.0"},
             **{"file:checksum": f"1220{sha256}", "file:size": len(gpkg)}),
    )  # fmt: skip
    root = f"{url}/catalog.json" if way == "static" else url
    found = extracts(root, tmp_path).search(UNTIL, BOX)
    assert [(one.item_id, one.day, one.licence) for one in found] == [
        ("a", date(2023, 1, 1), "ODbL-1.0"),
        ("b", date(2023, 1, 1), NOT_STATED),
    ]
    path = extracts(root, tmp_path).fetch(found[0], tmp_path / "files")
    assert path.name == f"{sha256}.gpkg"
    assert path.read_bytes() == gpkg
    count = len(asked(folder))
    path.write_bytes(b"damaged")
    offline = extracts(root, tmp_path, offline=True)
    assert offline.search(UNTIL, BOX) == found
    assert offline.known_sha256(found[0]) == sha256
    assert offline.fetch(found[0], tmp_path / "files").read_bytes() == gpkg
    assert len(asked(folder)) == count


def one(served, gpkg, tmp_path, **asset):
    folder, url = served
    (folder / "a.gpkg").write_bytes(gpkg)
    write(folder, item("a", "2023-01-01T00:00:00Z", **asset))
    client = extracts(f"{url}/catalog.json", tmp_path, max_bytes=10_000_000)
    (found,) = client.search(UNTIL, BOX)
    return folder, client, found


def test_an_answer_that_breaks_off_is_asked_for_again(served, gpkg, tmp_path):
    folder, client, found = one(served, gpkg, tmp_path)
    (folder / "faults.json").write_text('{"/a.gpkg": ["cut"]}')
    assert client.fetch(found, tmp_path / "files").read_bytes() == gpkg
    assert asked(folder).count("/a.gpkg") == 2


@pytest.mark.parametrize("fault", ["404", "500", "cut"])
def test_a_file_that_does_not_come_is_an_error_and_nothing_is_kept(fault, served, gpkg, tmp_path):
    folder, client, found = one(served, gpkg, tmp_path)
    (folder / "faults.json").write_text(json.dumps({"/a.gpkg": fault}))
    with pytest.raises(RemoteError, match=r"a\.gpkg"):
        client.fetch(found, tmp_path / "files")
    assert client.known_sha256(found) is None
    assert not (tmp_path / "files").exists()


@pytest.mark.parametrize(
    ("asset", "message"),
    [
        ({"file:size": 7}, "expected 7 bytes"),
        ({"file:checksum": "1220" + "0" * 64}, "SHA-256"),
    ],
)
def test_a_file_that_is_not_what_the_item_says_is_refused(asset, message, served, gpkg, tmp_path):
    _, client, found = one(served, gpkg, tmp_path, **asset)
    with pytest.raises(RemoteError, match=message):
        client.fetch(found, tmp_path / "files")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], "expected a GeoPackage of"),
        (lambda _: b"<html>sign in</html>", "expected a GeoPackage"),
    ],
)
def test_a_file_that_lies_torn_at_the_service_is_refused(content, message, served, gpkg, tmp_path):
    folder, client, found = one(served, gpkg, tmp_path)
    (folder / "a.gpkg").write_bytes(content(gpkg))
    with pytest.raises(RemoteError, match=message):
        client.fetch(found, tmp_path / "files")


def test_a_file_that_says_it_is_too_large_is_not_asked_for(served, gpkg, tmp_path):
    folder, client, found = one(served, gpkg, tmp_path, **{"file:size": 10_000_001})
    with pytest.raises(InputError, match="at most 10 MB"):
        client.fetch(found, tmp_path / "files")
    assert "/a.gpkg" not in asked(folder)


def test_a_file_that_is_too_large_without_saying_so_is_refused(served, gpkg, tmp_path):
    folder, client, found = one(served, gpkg, tmp_path)
    (folder / "a.gpkg").write_bytes(bytes(10_000_001))
    with pytest.raises(RemoteError, match="at most 10000000 bytes"):
        client.fetch(found, tmp_path / "files")


def test_offline_without_an_earlier_run_is_an_error(served, tmp_path):
    client = extracts(f"{served[1]}/catalog.json", tmp_path, offline=True)
    with pytest.raises(RemoteError, match="offline"):
        client.search(UNTIL, BOX)
    assert client.known(UNTIL, BOX) is None


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (item("a", None), "expected a datetime"),
        (item("a", "2023-01-01T00:00:00Z", href="a.pdf"), "expected one asset"),
    ],
)
def test_an_item_without_day_or_map_is_refused_by_name(bad, message, served, tmp_path):
    folder, url = served
    write(folder, bad)
    with pytest.raises(InputError, match=f"item 'a'.*{message}"):
        extracts(f"{url}/catalog.json", tmp_path).search(UNTIL, BOX)


def test_of_two_maps_in_an_item_one_is_named(served, tmp_path):
    folder, url = served
    both = item("a", "2023-01-01T00:00:00Z", href="roads.gpkg")
    both["assets"]["places"] = {"href": "places", "type": "application/geo+json; charset=utf-8"}
    write(folder, both)
    with pytest.raises(InputError, match="got 2 among"):
        extracts(f"{url}/catalog.json", tmp_path).search(UNTIL, BOX)
    (found,) = extracts(f"{url}/catalog.json", tmp_path, asset="places").search(UNTIL, BOX)
    assert (found.href, found.suffix) == (f"{url}/places", ".geojson")
