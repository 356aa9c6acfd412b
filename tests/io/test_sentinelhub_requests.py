"""Where requests go and what they ask."""

from datetime import UTC, datetime

import pytest

from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period
from habitat.io.sentinelhub.sentinelhub_requests import SERVICES, Service, order, search

GRID, WINDOW = Grid(32652, 20, 512), Window(-1000, 100, 300, 200)
TIME = (datetime(2025, 6, 19, 2, 35, 41, tzinfo=UTC), datetime(2025, 6, 19, 2, 35, 59, tzinfo=UTC))
LOOPBACK = Service("http://127.0.0.1:8099", "http://127.0.0.1:8099/token")


@pytest.mark.parametrize("service", [*SERVICES.values(), LOOPBACK])
def test_every_url_is_one_of_the_configured_service(service):
    made = order(service, GRID, WINDOW, ["B03"], TIME)
    found = search(service, (130.0, 42.0, 131.0, 43.0), Period.parse("2025-06-01/2025-06-30"))
    assert made.url == f"{service.base_url}/api/v1/process"
    assert found.url == f"{service.base_url}/api/v1/catalog/1.0.0/search"


def test_an_order_asks_for_integers_as_delivered_on_our_grid_at_one_time():
    made = order(SERVICES["cdse"], GRID, WINDOW, ["B03", "B8A"], TIME)
    (data,) = made.body["input"]["data"]
    assert data["processing"]["harmonizeValues"] is False
    span = data["dataFilter"]["timeRange"]
    assert span == {"from": "2025-06-19T02:35:36Z", "to": "2025-06-19T02:36:04Z"}
    assert made.body["input"]["bounds"]["bbox"] == list(GRID.bounds(WINDOW))
    assert (made.body["output"]["width"], made.body["output"]["height"]) == (200, 300)
    script = made.body["evalscript"]
    assert '["B03", "B8A", "SCL", "dataMask"], units: "DN"' in script
    assert 'bands: 4, sampleType: "UINT16"' in script
    assert made.bill.units == pytest.approx(200 * 300 / 512**2)  # three bands: the mask is free


def test_the_package_writes_no_configuration_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    order(SERVICES["cdse"], GRID, WINDOW, [], TIME)
    assert not list(tmp_path.rglob("*"))
