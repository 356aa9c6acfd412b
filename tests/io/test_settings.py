import os
import subprocess
import sys

from habitat.io.settings import scrub_environment


def test_what_configures_gdal_from_outside_is_taken_out_and_named(monkeypatch):
    for name in ("GDAL_SKIP", "CPL_DEBUG", "VSI_CACHE", "AWS_SECRET_ACCESS_KEY", "PROJ_NETWORK"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("SH_CLIENT_ID", "mine")
    monkeypatch.setenv("GDAL_DATA", "tables")
    found = scrub_environment()
    assert {"GDAL_SKIP", "CPL_DEBUG", "VSI_CACHE", "AWS_SECRET_ACCESS_KEY", "PROJ_NETWORK"} <= set(
        found
    )
    assert not any(os.getenv(name) for name in found)
    assert os.getenv("SH_CLIENT_ID") == "mine"
    assert os.getenv("GDAL_DATA") == "tables"
    assert scrub_environment() == []


def test_gdal_itself_does_not_see_them_any_more(monkeypatch):
    monkeypatch.setenv("GDAL_SKIP", "GTiff")
    monkeypatch.setenv("GDAL_NUM_THREADS", "7")
    code = (
        "from habitat.io.settings import scrub_environment; scrub_environment(); import rasterio;"
        "print('GTiff' in rasterio.drivers.raster_driver_extensions().values());"
        "from rasterio.env import get_gdal_config; print(get_gdal_config('GDAL_NUM_THREADS'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert done.stdout.split() == ["True", "None"]
