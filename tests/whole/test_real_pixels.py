"""Real Sentinel-2 pixels, clouds and all, give one map from disk, catalogue and Sentinel Hub."""

import netCDF4
import numpy as np
import pytest
import shop as shops
import stac_served
import tiny

CUBE = "s2_l2a_romania_timeseries/s2_l2a_romania_20m_2015-2018.nc"
BANDS = {"B03": "B3", "B04": "B4", "B8A": "B8A", "B11": "B11"}
SUMMER = "2018-06-01/2018-08-31"
STEPS = [
    {"step": "scenes", "period": SUMMER, "bands": list(BANDS), "save_as": "scenes"},
    {"step": "composite", "scenes": "scenes", "period": SUMMER, "save_as": "image"},
    {"step": "publish", "layers": ["image"]},
]
#: The cube has reflectance without offset; since baseline 04.00 it is delivered with one.
AS_DELIVERED = {"s2:processing_baseline": "05.10", "platform": "sentinel-2a"}


def offset(values):
    return np.where(values > 0, values + 1000, 0).astype(np.uint16)


def fill(values):
    """Repeat 50 × 50 real pixels until they fill a scene."""
    times = -(-tiny.SIDE // values.shape[0])
    return np.tile(values, (times, times))[: tiny.SIDE, : tiny.SIDE]


@pytest.fixture(scope="module")
def origin(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    with netCDF4.Dataset(shared_data / CUBE) as cube:
        days = netCDF4.num2date(cube["time"][:], cube["time"].units)
        for at, day in enumerate(days):
            if "2018-06-01" <= str(day)[:10] <= "2018-08-31":
                bands = {name: offset(fill(cube[own][at].data)) for name, own in BANDS.items()}
                mask = fill(cube["SCL"][at].data).astype(np.uint8)
                tiny.write_scene(
                    folder, str(day)[:10], bands=bands, scl=mask, properties=AS_DELIVERED
                )
    tiny.write_aoi(folder)
    tiny.write_pipeline(folder, tiny.content(steps=STEPS))
    assert tiny.run_it(folder) == 0
    assert len(shops.maps(folder)) == 3
    return folder


def test_from_a_catalogue(origin, tmp_path):
    with stac_served.serving(origin / "scenes") as url:
        tiny.write_aoi(tmp_path)
        source = stac_served.stac(url)
        tiny.write_pipeline(tmp_path, tiny.content(source=source, steps=STEPS))
        assert tiny.run_it(tmp_path) == 0
    assert shops.maps(tmp_path) == shops.maps(origin)


def test_from_sentinel_hub(origin, tmp_path, monkeypatch):
    monkeypatch.setenv("SH_CLIENT_ID", shops.CLIENT)
    monkeypatch.setenv("SH_CLIENT_SECRET", shops.SECRET)
    with shops.serving(origin / "scenes") as shop:
        shops.project(tmp_path, shop, steps=STEPS)
        assert tiny.run_it(tmp_path) == 0
    assert shops.maps(tmp_path) == shops.maps(origin)
