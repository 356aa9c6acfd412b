import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from radar_files import power, write_radar
from scene_files import X0, Y0

from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid
from habitat.domain.period import Period
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.http_policy import HttpPolicy
from habitat.io.scenes.radar_folder import RadarFolder
from habitat.io.stac.radar_stac import RadarStac
from habitat.io.stac.stac_presets import RADAR_PRESETS
from habitat.io.stac.stac_search import Catalogue

SERVER = Path(__file__).parents[1] / "servers" / "stac_server.py"
GRID = Grid(32652, 20, 64)
JUNE = Period(date(2024, 6, 1), date(2024, 6, 30))
EXTENT = GRID.window_of_bounds((X0, Y0 - 2560, X0 + 2560, Y0))
LINEAR = {"vv": power((128, 128), 1), "vh": power((128, 128), 2, 0.02)}


@pytest.fixture
def served(tmp_path):
    folder = tmp_path / "scenes"
    write_radar(folder, "one", LINEAR)
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield folder, f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.stdin.close()
    process.stdout.close()
    process.wait(10)


def source_of(served, tmp_path, access="online"):
    return RadarStac(
        grid=GRID,
        catalogue=Catalogue(served[1], "s2"),
        policy=HttpPolicy(("127.0.0.1",), loopback_http=True, attempts=2, backoff_s=0.001),
        cache=DownloadCache(tmp_path / "cache", offline=access == "offline"),
        cache_bytes=10**9,
        access=access,
    )


def test_power_is_that_of_the_folder_also_in_another_process_and_offline(served, tmp_path):
    source = source_of(served, tmp_path)
    (item,), refused = source.search(JUNE, EXTENT)
    assert not refused
    here = RadarFolder(served[0], GRID)
    (same,), _ = here.search(JUNE, EXTENT)
    expected = here.read_power(same, EXTENT)
    offline = source_of(served, tmp_path, "offline")
    assert source.read_power(item, EXTENT)["VV"].shape == EXTENT.shape
    for reader in (source, pickle.loads(pickle.dumps(source)), offline):
        found = reader.read_power(item, EXTENT)
        for band in ("VV", "VH"):
            np.testing.assert_array_equal(found[band], expected[band])


def test_decibels_and_single_polarisations_are_refused_by_name(served, tmp_path):
    db = {k: (10 * np.log10(v)).astype(np.float32) for k, v in LINEAR.items()}
    write_radar(served[0], "db", db)
    write_radar(served[0], "half", {"vv": LINEAR["vv"]})
    items, refused = source_of(served, tmp_path).search(JUNE, EXTENT)
    assert [item.item_id for item in items] == ["one"]
    assert [scene.item_id for scene in refused] == ["db", "half"]
    assert "decibels" in refused[0].reason


def test_a_damaged_file_is_an_error_that_names_the_item(served, tmp_path):
    source = source_of(served, tmp_path)
    (item,), _ = source.search(JUNE, EXTENT)
    (served[0] / "one" / "vh.tif").unlink()
    with pytest.raises(SceneError, match="one"):
        source_of(served, tmp_path / "fresh").read_power(item, EXTENT)


def test_the_preset_asks_for_terrain_corrected_scenes_of_a_public_catalogue():
    preset = RADAR_PRESETS["planetary-computer"]
    assert preset.catalogue.collection == "sentinel-1-rtc"
    assert all(url.startswith("https://") for url in (preset.catalogue.url, preset.token_url))
