import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from habitat.domain.errors import HabitatError, SceneError
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.http import Http
from habitat.io.net.http_policy import HttpPolicy
from habitat.io.stac.remote_file import Remote, RemoteFile, open_remote_raster

SERVER = Path(__file__).parents[1] / "servers" / "range_server.py"
POLICY = HttpPolicy(("127.0.0.1",), loopback_http=True, backoff_s=0.001, attempts=3)
WINDOW = ((100, 200), (900, 1000))


@pytest.fixture
def served(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    pixels = np.random.default_rng(3).integers(0, 9000, (1024, 1024), np.uint16)
    with rasterio.open(
        folder / "b.tif", "w", driver="GTiff", width=1024, height=1024, count=1, dtype="uint16",
        crs="EPSG:32652", transform=Affine(20, 0, 5e5, 0, -20, 48e5), tiled=True, blockxsize=256,
        blockysize=256,
    ) as out:  # fmt: skip
        out.write(pixels, 1)
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{int(process.stdout.readline())}/b.tif"
    yield folder, url, pixels
    process.stdin.close()
    process.stdout.close()
    process.wait(10)


def read(url, cache, policy=POLICY):
    with open_remote_raster(RemoteFile(Remote(Http(policy), cache), url)) as dataset:
        return dataset.read(1, window=WINDOW)


def expected(pixels):
    return pixels[100:200, 900:1000]


def test_a_window_is_the_same_as_on_disk_and_reads_only_a_part(served, tmp_path):
    _, url, pixels = served
    cache = DownloadCache(tmp_path / "cache")
    np.testing.assert_array_equal(read(url, cache), expected(pixels))
    assert sum(e.size for e in cache.entries()) < pixels.nbytes / 2


def test_the_second_read_and_an_offline_one_ask_nothing(served, tmp_path):
    folder, url, pixels = served
    read(url, DownloadCache(tmp_path / "cache"))
    (folder / "b.tif").unlink()
    again = read(url, DownloadCache(tmp_path / "cache", offline=True))
    np.testing.assert_array_equal(again, expected(pixels))


@pytest.mark.parametrize("fault", ["429", "500", "503", "portal", "cut"])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_fault_at_any_call_changes_no_pixel(served, tmp_path, fault, position):
    folder, url, pixels = served
    (folder / "faults.json").write_text(json.dumps({str(position): fault}))
    np.testing.assert_array_equal(read(url, DownloadCache(tmp_path / "c")), expected(pixels))


@pytest.mark.parametrize("fault", ["429", "500", "portal", "cut"])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_a_fault_that_stays_is_an_error_and_never_zeros(served, tmp_path, fault, first):
    folder, url, _ = served
    (folder / "faults.json").write_text(json.dumps({str(i): fault for i in range(first, 50)}))
    with pytest.raises(HabitatError) as caught:
        read(url, DownloadCache(tmp_path / "c"))
    assert caught.value.exit_code == 6


def test_a_file_replaced_upstream_is_refused_once_and_then_read_anew(served, tmp_path):
    folder, url, pixels = served
    cache = DownloadCache(tmp_path / "c")
    read(url, cache)
    with (folder / "b.tif").open("ab") as file:
        file.write(b"0")
    for path in (tmp_path / "c").glob("bodies/*/*"):
        if path.stat().st_size > 1000:
            path.unlink()
    with pytest.raises(SceneError, match="replaced"):
        read(url, cache)
    np.testing.assert_array_equal(read(url, cache), expected(pixels))
