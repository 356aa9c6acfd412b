import json
import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scene_files import X0, Y0, noise, write_item, write_tif
from test_http import FakeTime, Script

from habitat.domain.errors import CredentialsError, HabitatError, SceneError
from habitat.domain.grid import Grid
from habitat.domain.period import Period
from habitat.domain.scene import SceneNeeds, resolve_duplicates
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.http import Http
from habitat.io.net.http_policy import HttpPolicy
from habitat.io.scenes.folder import FolderSource
from habitat.io.scenes.scene_item import SceneBuilder
from habitat.io.scenes.stac_item import parse_item
from habitat.io.secrets import mask, unsigned
from habitat.io.stac.remote_file import Remote
from habitat.io.stac.remote_scene_files import RemoteFiles
from habitat.io.stac.stac_presets import PRESETS, TOKEN_SECONDS, BlobSigner
from habitat.io.stac.stac_search import Catalogue
from habitat.io.stac.stac_source import StacSource

SERVER = Path(__file__).parents[1] / "servers" / "stac_server.py"
GRID = Grid(32652, 20, 64)
JUNE = Period(date(2024, 6, 1), date(2024, 6, 30))
EXTENT = GRID.window_of_bounds((X0, Y0 - 5120, X0 + 5120, Y0))
SIDE = 256
SCL_VEGETATION = 4


def write_scene(folder, name, *, offset=0, low=200, properties=()):
    """Write a scene of three bands and a mask."""
    for seed, band in enumerate(("B04", "B8A", "B12")):
        write_tif(folder / name / f"{band}.tif", noise((SIDE, SIDE), seed, low, 3000))
    write_tif(folder / name / "scl.tif", np.full((SIDE, SIDE), SCL_VEGETATION, np.uint8))
    bands = {
        band: {"href": f"{band}.tif", "raster:bands": [{"offset": -offset / 10_000, "nodata": 0}]}
        for band in ("B04", "B8A", "B12")
    }
    declared = {"s2:generation_time": "2024-06-02T00:00:00Z", **dict(properties)}
    item = folder / name / "item.json"
    write_item(item, bands | {"scl": "scl.tif"}, item_id=name, **declared)


@pytest.fixture
def served(tmp_path):
    folder = tmp_path / "scenes"
    write_scene(folder, "one")
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield folder, f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.stdin.close()
    process.stdout.close()
    process.wait(10)


def source_of(served, tmp_path, **more):
    policy = HttpPolicy(("127.0.0.1",), loopback_http=True, attempts=2, backoff_s=0.001)
    options = {
        "grid": GRID,
        "catalogue": Catalogue(served[1], "s2"),
        "policy": policy,
        "cache": DownloadCache(tmp_path / "cache"),
        "cache_bytes": 10**9,
    }
    return StacSource(**options | more)


def asked(served):
    return (served[0] / "requests.log").read_text().splitlines()


def test_pixels_are_those_of_the_folder_also_in_another_process(served, tmp_path):
    source = source_of(served, tmp_path)
    (item,), refused = source.search(JUNE, EXTENT)
    assert not refused
    here = FolderSource(served[0], GRID)
    (same,), _ = here.search(JUNE, EXTENT)
    window = replace(EXTENT, row=EXTENT.row + 30, height=100)
    expected = here.read(same, ["B04", "B12"], window)
    for reader in (source, pickle.loads(pickle.dumps(source))):
        found = reader.read(item, ["B04", "B12"], window)
        np.testing.assert_array_equal(found.mask, expected.mask)
        for band in ("B04", "B12"):
            np.testing.assert_array_equal(found.bands[band], expected.bands[band])


def test_two_looks_that_contradict_the_offset_are_refused_by_name(served, tmp_path):
    write_scene(served[0], "double", offset=1000)
    items, refused = source_of(served, tmp_path).search(JUNE, EXTENT)
    assert [item.item_id for item in items] == ["one"]
    assert [scene.item_id for scene in refused] == ["double"]
    assert "already taken off" in refused[0].reason


def test_what_a_scene_lacks_is_said_when_it_is_found_and_nothing_of_it_is_downloaded(
    served, tmp_path
):
    source = source_of(served, tmp_path, access="plan")
    items, (refused,) = source.search(JUNE, EXTENT, SceneNeeds(("B04", "B07")))
    assert not items
    assert (refused.item_id, refused.kind) == ("one", "fault")
    assert "found no B07" in refused.reason


def test_a_scene_cloudier_than_asked_for_is_no_faulty_one(served, tmp_path):
    path = served[0] / "one" / "item.json"
    document = json.loads(path.read_text())
    document["properties"]["eo:cloud_cover"] = 95
    path.write_text(json.dumps(document))
    items, (refused,) = source_of(served, tmp_path, max_cloud=90).search(JUNE, EXTENT)
    assert not items
    assert refused.kind == "cloudy"


def declare(folder, **more):
    """Let the item of a scene say where its files lie."""
    path = folder / "item.json"
    document = json.loads(path.read_text())
    grid = {
        "proj:code": "EPSG:32652",
        "proj:transform": [20, 0, X0, 0, -20, Y0],
        "proj:shape": [SIDE, SIDE],
    } | more
    document["assets"] = {k: a | grid for k, a in document["assets"].items()}
    path.write_text(json.dumps(document))


def test_a_scene_that_lies_elsewhere_than_its_item_says_is_refused(served, tmp_path):
    write_scene(served[0], "moved")
    declare(served[0] / "moved", **{"proj:transform": [20, 0, X0 + 60, 0, -20, Y0]})
    declare(served[0] / "one")
    items, refused = source_of(served, tmp_path).search(JUNE, EXTENT)
    assert [item.item_id for item in items] == ["one"]
    assert [scene.item_id for scene in refused] == ["moved"]
    assert "expected the declared grid" in refused[0].reason


def test_the_catalogue_alone_is_asked_for_a_plan(served, tmp_path):
    declare(served[0] / "one")
    source = source_of(served, tmp_path, access="plan")
    items, _ = source.search(JUNE, EXTENT)
    assert all(" POST /search" in line for line in asked(served))
    assert not (tmp_path / "cache").exists()
    most = source.most_bytes(items, ["B04"], EXTENT)
    assert most >= 2 * 2 * SIDE * SIDE  # a band and the mask, as if not compressed


def test_a_file_that_was_withdrawn_is_the_fault_of_its_scene(served, tmp_path):
    write_scene(served[0], "two")
    (served[0] / "two" / "B12.tif").unlink()
    items, refused = source_of(served, tmp_path).search(JUNE, EXTENT)
    assert [item.item_id for item in items] == ["one"]
    assert [scene.item_id for scene in refused] == ["two"]
    assert "withdrawn" in refused[0].reason


def test_cloudy_scenes_are_refused_by_name(served, tmp_path):
    write_scene(served[0], "cloudy", properties={"eo:cloud_cover": 95.5})
    items, refused = source_of(served, tmp_path, max_cloud=90).search(JUNE, EXTENT)
    assert [item.item_id for item in items] == ["one"]
    assert [scene.item_id for scene in refused] == ["cloudy"]
    assert "95.5 %" in refused[0].reason


def test_a_host_that_is_not_listed_is_not_asked(served, tmp_path):
    path = served[0] / "one" / "item.json"
    document = json.loads(path.read_text())
    document["assets"]["B04"]["href"] = "https://elsewhere.example/B04.tif"
    path.write_text(json.dumps(document))
    source = source_of(served, tmp_path)
    record = parse_item(document)
    with pytest.raises(CredentialsError, match=r"elsewhere\.example"):
        source._files().resolve(served[1], record.best_assets(20)["B04"].href)


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("s3://zone/a b/B04.tif", "https://zone.s3.amazonaws.com/a%20b/B04.tif"),
        ("https://zone.s3.amazonaws.com/B04.tif", "https://zone.s3.amazonaws.com/B04.tif"),
    ],
)
def test_an_object_of_a_public_bucket_is_asked_for_by_https(served, tmp_path, href, url):
    policy = HttpPolicy(("zone.s3.amazonaws.com",))
    assert source_of(served, tmp_path, policy=policy)._files().resolve(served[1], href) == url
    with pytest.raises(CredentialsError, match=r"other\.s3\.amazonaws\.com"):
        source_of(served, tmp_path, policy=policy)._files().resolve(served[1], "s3://other/x.tif")


@pytest.mark.parametrize(
    "href", ["ftp://zone/B04.tif", "file:///etc/passwd", "/vsis3/zone/B04.tif"]
)
def test_no_other_kind_of_address_is_asked(served, tmp_path, href):
    source = source_of(served, tmp_path, policy=HttpPolicy(("zone",)))
    with pytest.raises(HabitatError):
        source._files().resolve("https://127.0.0.2/", href)


def test_an_item_without_a_band_names_it(served, tmp_path):
    source = source_of(served, tmp_path)
    (item,), _ = source.search(JUNE, EXTENT)
    with pytest.raises(SceneError, match="one: expected the bands"):
        source.read(item, ["B03"], EXTENT)


@pytest.mark.parametrize(("most", "again"), [(10**9, False), (0, True)])
def test_the_cache_is_pruned_at_the_first_search_of_a_run(served, tmp_path, most, again):
    source_of(served, tmp_path).search(JUNE, EXTENT)
    before = len(asked(served))
    source_of(served, tmp_path, cache_bytes=most).search(JUNE, EXTENT)
    assert any(" GET " in line for line in asked(served)[before:]) is again


def signer(*tokens, at=(0.0,)):
    answers = [(200, {"Content-Type": "application/json"}, json.dumps(t).encode()) for t in tokens]
    script = Script(*answers)
    http = Http(HttpPolicy(("sas.example",)), clock=FakeTime().clock(), adapter=script)
    times = iter(at)
    return BlobSigner(http, "https://sas.example/token", lambda: next(times)), script


BLOB = "https://account.blob.core.windows.net/box/a/b.tif"


def test_a_signature_is_fetched_once_per_container_and_again_when_old():
    sign, script = signer(
        {"token": "sig=first-secret"}, {"token": "sig=second-secret"},
        at=(0.0, 10.0, TOKEN_SECONDS + 1, TOKEN_SECONDS + 1),
    )  # fmt: skip
    assert sign.sign(BLOB) == f"{BLOB}?sig=first-secret"
    assert sign.sign(BLOB) == f"{BLOB}?sig=first-secret"
    assert sign.sign(BLOB) == f"{BLOB}?sig=second-secret"
    assert [r.url for r in script.sent] == ["https://sas.example/token/account/box"] * 2
    assert "first-secret" not in mask("GET ?sig=first-secret")
    assert sign.sign("https://elsewhere.example/a.tif") == "https://elsewhere.example/a.tif"


@pytest.fixture
def builder(tmp_path):
    """Builds scenes of recorded items; a request would fail the test."""
    hosts = tuple(host for preset in PRESETS.values() for host in preset.hosts)
    http = Http(HttpPolicy(hosts), clock=FakeTime().clock(), adapter=Script())
    remote = Remote(http, DownloadCache(tmp_path / "cache"))

    def build(document, epsg):
        record = parse_item(document)
        scene = SceneBuilder(RemoteFiles(remote), Grid(epsg, 20, 512)).scene(record, record.base)
        return record, scene

    return build


def recorded(path):
    document = json.loads(path.read_text())
    return document.get("response", document)


def test_recorded_items_of_earth_search_become_scenes_without_a_request(shared_data, builder):
    path = shared_data / "stac_recorded/earth-search-v1/search_filter_cloud_two_pages_01.json"
    made = {}
    for item in recorded(path)["features"]:
        if item["collection"] in {"sentinel-2-l2a", "sentinel-2-c1-l2a"}:
            made.setdefault(item["collection"], builder(item, 32720))
    scenes = {name: scene for name, (_, scene) in made.items()}
    assert {a.offset_dn for k, a in scenes["sentinel-2-l2a"].assets.items() if k != "scl"} == {0}
    newer = {k: a for k, a in scenes["sentinel-2-c1-l2a"].assets.items() if k.startswith("B")}
    assert {asset.offset_dn for asset in newer.values()} == {1000}
    for scene in scenes.values():
        assert (scene.mission, scene.baseline) == ("S2B", "05.11")
        assert scene.mgrs_tile == "20EPT"
        assert {"B02", "B03", "B04", "B05", "B8A", "B11", "B12", "scl"} <= set(scene.assets)
        assert scene.bounds == (600_000, 3_190_240, 709_800, 3_300_040)
    # Two records of one view: one is used.
    kept, refused = resolve_duplicates(scenes.values())
    assert len(kept) == len(refused) == 1
    record, _ = made["sentinel-2-c1-l2a"]
    assert record.best_assets(10)["B04"].size == 4_702_862


def test_recorded_items_of_the_planetary_computer_become_scenes(shared_data, builder):
    path = shared_data / "stac_recorded/planetary-computer/item_sentinel-2.json"
    record, scene = builder(recorded(path), 32624)
    assert scene.baseline == record.baseline == "04.00"
    assert scene.mgrs_tile == "24XWR"
    assert {a.offset_dn for k, a in scene.assets.items() if k != "scl"} == {1000}
    assert scene.assets["scl"].href.endswith("SCL_20m.tif")
    assert record.cloud_percent is not None


def test_a_signed_address_names_the_same_file_when_the_signature_is_another():
    plain = "https://a.example/b.tif?version=3"
    azure = f"{plain}&sv=2021-06-08&se=2024-01-01&sig=canary-of-azure"
    amazon = f"{plain}&X-Amz-Date=20240101&X-Amz-Signature=canary-of-amazon"
    assert unsigned(plain) == unsigned(azure) == unsigned(amazon) == plain
    text = "canary-of-azure canary-of-amazon 2021-06-08"
    assert mask(text) == "*** *** 2021-06-08"


def test_a_static_catalogue_gives_the_pixels_of_the_folder(served, tmp_path):
    folder, url = served
    write_scene(folder, "two")
    links = [{"rel": "item", "href": f"{name}/item.json"} for name in ("one", "two")]
    document = {"type": "Catalog", "id": "c", "stac_version": "1.0.0", "links": links}
    (folder / "catalog.json").write_text(json.dumps(document))
    static = Catalogue(f"{url}/files/catalog.json", "")
    source = source_of(served, tmp_path, catalogue=static)
    items, refused = source.search(JUNE, EXTENT)
    here = FolderSource(folder, GRID)
    assert [i.item_id for i in items] == [i.item_id for i in here.search(JUNE, EXTENT)[0]]
    assert not refused
    for item, same in zip(items, here.search(JUNE, EXTENT)[0], strict=True):
        found, expected = (s.read(i, ["B12"], EXTENT) for s, i in ((source, item), (here, same)))
        np.testing.assert_array_equal(found.bands["B12"], expected.bands["B12"])
    assert not any("POST" in line for line in asked(served))
    offline = source_of(served, tmp_path, catalogue=static, access="offline")
    assert [i.item_id for i in offline.search(JUNE, EXTENT)[0]] == ["one", "two"]
    assert len(source.examine()) == 2
