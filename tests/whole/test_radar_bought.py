"""Sentinel-1 from Sentinel Hub: the maps of ``folder``, priced before, paid once."""

import json

import pytest
import shop as shops
import stac_served as served
import test_radar_maps as maps
import tiny

from habitat.io.sentinelhub import sentinelhub_client
from habitat.pipeline import radar_purchase

OK, REMOTE, QUOTA, CREDENTIALS = 0, 6, 7, 8


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("origin")
    maps.write_project(folder)
    assert tiny.run_it(folder) == OK
    return folder


@pytest.fixture(scope="module")
def serving(origin):
    with shops.serving(origin / "scenes-s1") as shop:
        yield shop


@pytest.fixture
def shop(serving, monkeypatch):
    monkeypatch.setenv("SH_CLIENT_ID", shops.CLIENT)
    monkeypatch.setenv("SH_CLIENT_SECRET", shops.SECRET)
    monkeypatch.setattr(sentinelhub_client, "BACKOFF_S", 0.01)
    monkeypatch.setattr(sentinelhub_client, "ATTEMPT_S", 1.0)
    serving.reset()
    return serving


@pytest.fixture
def project(shop, tmp_path):
    write(tmp_path, shop)
    return tmp_path


def write(folder, shop, **changes):
    radar = {"kind": "sentinelhub", "base_url": shop.url} | changes
    return maps.write_project(folder, radar=radar)


def dry_run(folder, capfd):
    capfd.readouterr()
    assert tiny.run_it(folder, "--dry-run", "--json") == OK
    return json.loads(capfd.readouterr().out)


def pixels(folder):
    return {name: maps.content_of(body) for name, body in served.layers(folder).items()}


def images(shop):
    return [entry["body"] for entry in shop.log() if entry["path"] == "process"]


def test_the_same_pixels_give_the_same_maps_and_a_second_run_buys_nothing(origin, shop, project):
    assert tiny.run_it(project) == OK
    assert pixels(project) == pixels(origin)
    paid = shop.spent()
    record = tiny.record(project)
    assert record["processing_units"] == pytest.approx(paid, abs=1e-6)
    assert record["requests"] == len(images(shop))
    assert tiny.run_it(project) == OK
    assert shop.spent() == paid


def test_requests_ask_for_terrain_corrected_passes_of_one_direction(shop, project):
    assert tiny.run_it(project) == OK
    for body in images(shop):
        (data,) = body["input"]["data"]
        assert data["type"] == "sentinel-1-grd"
        assert data["processing"]["backCoeff"] == "GAMMA0_TERRAIN"
        assert data["dataFilter"]["orbitDirection"] == "DESCENDING"
    assert len({json.dumps(b["input"]["data"]) for b in images(shop)}) == 2  # not the ascending one


def test_the_price_is_said_before_and_is_what_is_paid(shop, project, capfd):
    before = dry_run(project, capfd)
    assert shop.spent() == 0
    assert tiny.run_it(project) == OK
    assert before["processing_units"] == pytest.approx(shop.spent(), abs=1e-6)
    assert before["requests"] == len(images(shop))


def test_over_budget_is_refused_before_the_first_paid_call(shop, tmp_path, capfd):
    write(tmp_path, shop, max_pu=0.001)
    assert tiny.run_it(tmp_path) == QUOTA
    assert "radar.max_pu" in capfd.readouterr().err
    assert shop.spent() == 0
    assert tiny.releases(tmp_path) == []


@pytest.mark.parametrize("fault", ["429ms", "500", "html", "truncated", "blank", "size"])
def test_a_fault_of_one_answer_changes_no_pixel(origin, shop, project, fault, monkeypatch):
    monkeypatch.setattr(radar_purchase, "CERTAIN_M", -100.0)  # the frames are small here
    shop.faults({"process": {"1": [fault]}})
    assert tiny.run_it(project) == OK
    assert pixels(project) == pixels(origin)


def test_a_quota_that_is_spent_keeps_what_was_bought(origin, shop, project):
    shop.faults({"process": {"2": ["quota"]}})
    assert tiny.run_it(project) == QUOTA
    paid = shop.spent()
    assert tiny.run_it(project) == OK
    assert pixels(project) == pixels(origin)
    assert shop.spent() > paid > 0


def test_wrong_credentials_publish_nothing(shop, project, monkeypatch):
    monkeypatch.setenv("SH_CLIENT_SECRET", "wrong")
    assert tiny.run_it(project) == CREDENTIALS
    assert tiny.releases(project) == []


def test_without_the_catalogue_the_dry_run_gives_an_upper_bound(shop, tmp_path, capfd):
    maps.write_project(tmp_path, radar={"kind": "sentinelhub", "base_url": "http://127.0.0.1:9"})
    found = dry_run(tmp_path, capfd)
    assert found["processing_units"] > 0
    assert any("catalogue not reached" in reason for reason in found["reasons"])
