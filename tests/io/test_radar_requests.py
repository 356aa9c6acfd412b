from datetime import UTC, date, datetime

import numpy as np
import pytest
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period
from habitat.io.sentinelhub.radar_requests import (
    decode_radar,
    radar_bill,
    radar_order,
    radar_search,
)
from habitat.io.sentinelhub.sentinelhub_requests import SERVICES

GRID = Grid(32652, 20, 64)
BOX = Window(-240_000, 25_000, 30, 40)
TIME = datetime(2024, 6, 5, 21, 40, tzinfo=UTC), datetime(2024, 6, 5, 21, 41, tzinfo=UTC)


def order(state="descending"):
    return radar_order(SERVICES["cdse"], GRID, BOX, TIME, state)


def tiff(values, dtype="float32"):
    """Return an answer to the order with these bands."""
    profile = {
        "driver": "GTiff", "count": len(values), "height": 30, "width": 40, "dtype": dtype,
        "crs": "EPSG:32652", "transform": Affine(*GRID.transform(BOX)),
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(np.asarray(values, dtype))
        return memory.read()


def test_the_published_example_of_the_price_scaled_to_terrain_correction():
    # 4 x 4/3 x 2 x 2 x 2 = 42.667 for 1024 px, 4 bands, 32 bits, 2 samples, orthorectified;
    # half the bands, one sample, and 2.5 in place of 2 for terrain correction
    assert radar_bill(Window(0, 0, 1024, 1024)).units == pytest.approx(
        42.667 / 2 / 2 / 2 * 2.5, 1e-4
    )


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("state", ["ascending", "descending"])
def test_every_request_goes_to_the_configured_host_for_one_direction(name, state):
    made = radar_order(SERVICES[name], GRID, BOX, TIME, state)
    assert made.url == f"{SERVICES[name].base_url}/api/v1/process"
    (data,) = made.body["input"]["data"]
    assert data["type"] == "sentinel-1-grd"
    asked = data["dataFilter"]
    assert (asked["acquisitionMode"], asked["polarization"]) == ("IW", "DV")
    assert asked["orbitDirection"] == state.upper()
    assert data["processing"] == {
        "backCoeff": "GAMMA0_TERRAIN",
        "orthorectify": True,
        "demInstance": "COPERNICUS",
        "upsampling": "NEAREST",
    }
    period = Period(date(2024, 6, 1), date(2024, 6, 30))
    found = radar_search(SERVICES[name], (130.0, 42.0, 131.0, 43.0), period)
    assert found.url.startswith(SERVICES[name].base_url)
    assert found.body["collections"] == ["sentinel-1-grd"]


def test_a_masked_pixel_and_one_below_the_noise_are_no_numbers():
    values = np.full((3, 30, 40), 0.1)
    values[2] = 1
    values[2, 0, 0], values[0, 0, 1] = 0, 0
    found = decode_radar(tiff(values), order())
    assert np.isnan(found["VV"][0, :2]).all()
    assert np.isfinite(found["VV"]).sum() == 30 * 40 - 2
    assert found["VH"].dtype == np.float32


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tiff(np.full((2, 30, 40), 0.1)), "bands, height, width"),  # without the data mask
        (tiff(np.full((3, 30, 40), 7), "uint16"), "dtype float32"),
        (tiff(np.full((3, 30, 40), 0.5)), "data mask"),
        (b"<html>", "a TIFF"),
    ],
)
def test_an_answer_of_another_kind_is_refused(content, words):
    with pytest.raises(SceneError, match=words):
        decode_radar(content, order())
