"""The package's requests against a service in its own process: the pixels on disk come back."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import requests

from habitat.domain.grid import Grid, Window
from habitat.domain.harmonise import harmonise
from habitat.domain.period import Period
from habitat.io.scenes.folder import FolderSource
from habitat.io.sentinelhub.sentinelhub_catalogue import acquisitions, fetch_pages, parse_record
from habitat.io.sentinelhub.sentinelhub_image import decode
from habitat.io.sentinelhub.sentinelhub_requests import Service, order, search
from habitat.pipeline.simulation.scene_folder import write_scene_folder
from habitat.pipeline.simulation.source import SimulatedSource

SERVER = Path(__file__).resolve().parents[1] / "servers" / "sentinelhub_server.py"
GRID = Grid(32652, 20, 64)
WINDOW = Window(-237_312, 35_072, 96, 80)
PERIOD = Period.parse("2024-04-16/2024-04-30")
BANDS = ["B03", "B8A", "B11", "B12"]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    out = tmp_path_factory.mktemp("scenes") / "all"
    days = tuple(datetime(2024, 4, day).date() for day in (16, 23, 30))  # noqa: DTZ001  # days
    source = SimulatedSource(grid=GRID, days=days)
    write_scene_folder(source, out, period=PERIOD, window=WINDOW, bands=BANDS)
    return out


@pytest.fixture(scope="module")
def service(scenes):
    command = [sys.executable, str(SERVER), str(scenes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        yield Service(url, f"{url}/token")
        process.stdin.close()


def post(url, body, token):
    headers = {"authorization": f"Bearer {token}"}
    return requests.post(url, json=body, headers=headers, timeout=20)


@pytest.fixture
def token(service):
    form = {
        "grant_type": "client_credentials",
        "client_id": "loopback-client",
        "client_secret": "canary-secret-7f3a",
    }
    return requests.post(service.token_url, data=form, timeout=20).json()["access_token"]


def test_a_bought_acquisition_has_the_pixels_that_folder_reads(scenes, service, token):
    found = search(service, (129.0, 41.0, 133.0, 45.0), PERIOD)
    features = fetch_pages(found, lambda url, body: post(url, body, token).json())
    records = [parse_record(feature) for feature in features]
    bought, _ = acquisitions(records, epsg=32652, place="here")
    folder = FolderSource(scenes, GRID)
    items, _ = folder.search(PERIOD, WINDOW)
    assert len(bought) == len({item.datatake for item in items}) == 3
    for one in bought:
        made = order(service, GRID, WINDOW, BANDS, (one.first, one.last))
        answer = post(made.url, made.body, token)
        image = decode(answer.content, made)
        assert image.scl.any()
        assert float(answer.headers["x-processingunits-spent"]) == made.bill.units
        read = [folder.read(i, BANDS, WINDOW) for i in items if i.datatake == one.item.datatake]
        for band in BANDS:
            offset = one.item.assets[band].offset_dn
            dn = harmonise(image.bands[band], offset_dn=offset, scale=1e-4)
            np.testing.assert_array_equal(dn, sum(r.bands[band].astype(int) for r in read))
        np.testing.assert_array_equal(image.scl, sum(r.mask.astype(int) for r in read))


def test_a_request_without_a_token_is_refused_and_logged(service):
    made = order(service, GRID, WINDOW, BANDS, (PERIOD.bounds_utc))
    assert post(made.url, made.body, "none").status_code == 401
    log = json.loads(requests.get(f"{service.base_url}/_log", timeout=20).text)["log"]
    assert log[-1]["status"] == 401
