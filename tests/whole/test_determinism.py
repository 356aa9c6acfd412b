import json
import shutil
import subprocess
import sys
import time

import distributed
import pytest
import small

from habitat.cli.main import run


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Hashes of the release that two threads make."""
    folder = tmp_path_factory.mktemp("threads2")
    return small.hashes(small.published(folder, small.pipeline(), "--workers", "2"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [("--workers", "1"), ("--workers", "2", "--processes")],
    ids=["one thread", "two processes"],
)
def test_workers_cannot_change_a_byte(reference, tmp_path, options):
    assert small.hashes(small.published(tmp_path, small.pipeline(), *options)) == reference


@pytest.mark.slow
def test_a_cluster_by_address_gives_the_same_bytes(reference, tmp_path):
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tcp://127.0.0.1")
        release = small.published(tmp_path, small.pipeline(), "--scheduler", address)
    assert small.hashes(release) == reference


@pytest.mark.slow
def test_another_time_zone_folder_and_process_give_the_same_bytes(reference, tmp_path):
    path = small.write(tmp_path / "a folder with a space", small.pipeline())
    subprocess.run(
        [sys.executable, "-m", "habitat", "run", str(path)],
        check=True,
        capture_output=True,
        env={"TZ": "Asia/Vladivostok", "PATH": "", "HOME": str(tmp_path), "LC_ALL": "C"},
        timeout=300,
    )
    assert small.hashes((path.parents[1] / "outputs/small/current").resolve()) == reference


@pytest.mark.slow
def test_an_interrupted_run_goes_on_and_gives_the_same_bytes(reference, tmp_path):
    path = small.write(tmp_path, small.pipeline())
    command = [sys.executable, "-m", "habitat", "run", str(path)]
    tiles = tmp_path / "outputs/small/state/tiles"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as job:
        deadline = time.monotonic() + 120
        while len(list(tiles.glob("*/*.tile"))) < 6 and time.monotonic() < deadline:
            time.sleep(0.02)
        job.kill()
    assert not (tmp_path / "outputs/small/current").exists()
    kept = len(list(tiles.glob("*/*.tile")))
    assert run(["--log", "json", "run", str(path)]) == 0
    release = (tmp_path / "outputs/small/current").resolve()
    assert small.hashes(release) == reference
    assert json.loads((release / "run.json").read_text())["tiles_reused"] >= kept - 2


@pytest.mark.slow
def test_stored_tiles_that_rot_are_computed_again(reference, tmp_path):
    release = small.published(tmp_path, small.pipeline())
    shutil.rmtree(tmp_path / "outputs/small/releases", ignore_errors=True)
    for path in (tmp_path / "outputs/small/state/tiles").glob("*/*.tile"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    again = small.published(tmp_path, small.pipeline())
    assert again.name == release.name
    assert small.hashes(again) == reference
