"""Credentials from the environment or a private file; nothing else changes a result."""

import os
import platform
import subprocess
import sys

import pytest

from habitat.domain.errors import CredentialsError
from habitat.io.secrets import mask
from habitat.io.settings import scrub_environment, sentinelhub_credentials

SECRET, NAME = "canary-of-the-settings", "SH_CLIENT_SECRET"


@pytest.fixture(autouse=True)
def _nothing(monkeypatch):
    for name in ("SH_CLIENT_ID", "SH_CLIENT_SECRET", "HABITAT_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "credentials"
    lines = ["# of the dashboard", "SH_CLIENT_ID = me", f"{NAME}='{SECRET}'", ""]
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    monkeypatch.setenv("HABITAT_CREDENTIALS_FILE", str(path))
    return path


def test_the_environment_comes_first(file, monkeypatch):
    monkeypatch.setenv("SH_CLIENT_ID", "other")
    monkeypatch.setenv("SH_CLIENT_SECRET", "other-secret")
    assert sentinelhub_credentials().client_id == "other"


def test_a_file_of_its_owner_is_read_and_its_secret_hidden_everywhere(file):
    found = sentinelhub_credentials()
    assert (found.client_id, found.client_secret) == ("me", SECRET)
    assert SECRET not in f"{found!r} {found}"
    assert mask(f"secret={SECRET}") == "secret=***"


def test_half_of_the_environment_is_not_mixed_with_the_file(file, monkeypatch):
    monkeypatch.setenv("SH_CLIENT_ID", "other")
    assert sentinelhub_credentials().client_id == "me"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_refused(file, mode):
    file.chmod(mode)
    with pytest.raises(CredentialsError, match=f"got mode {mode:04o}.*chmod 600"):
        sentinelhub_credentials()


def test_nothing_at_all_says_what_to_set():
    with pytest.raises(CredentialsError, match=r"SH_CLIENT_ID and SH_CLIENT_SECRET, got no.*chmod"):
        sentinelhub_credentials()


@pytest.mark.parametrize("text", ["", "SH_CLIENT_ID=me\n", f"{NAME}=\nSH_CLIENT_ID=me"])
def test_an_incomplete_file_is_refused_without_showing_it(file, text):
    file.write_text(text)
    with pytest.raises(CredentialsError, match="SH_CLIENT_SECRET in"):
        sentinelhub_credentials()


def test_a_missing_file_and_one_of_bytes_are_refused(file):
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialsError, match="UTF-8"):
        sentinelhub_credentials()
    file.unlink()
    with pytest.raises(CredentialsError, match="No such file"):
        sentinelhub_credentials()


def test_what_configures_gdal_from_outside_is_taken_out_and_named(monkeypatch):
    names = {"GDAL_SKIP", "GDAL_DRIVER_PATH", "CPL_DEBUG", "VSI_CACHE", "AWS_SECRET_ACCESS_KEY"}
    names |= {"PROJ_NETWORK", "PROJ_DATA", "PROJ_LIB", "GDAL_CONFIG_FILE"}
    for name in names:
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("SH_CLIENT_ID", "mine")
    monkeypatch.setenv("GDAL_DATA", "tables")
    found = scrub_environment()
    assert names <= set(found)
    assert {name for name in found if os.getenv(name)} == {"GDAL_CONFIG_FILE"}
    assert os.getenv("GDAL_CONFIG_FILE") == os.devnull
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


def test_a_file_of_gdal_options_in_the_home_of_the_user_is_not_read(tmp_path):
    (tmp_path / ".gdal").mkdir()
    (tmp_path / ".gdal" / "gdalrc").write_text("[configoptions]\nGDAL_NUM_THREADS=7\n")
    ask = "import pyogrio; print(pyogrio.get_gdal_config_option('GDAL_NUM_THREADS'));"
    for before, option in (("", "7"), ("from habitat.io import settings as s;", "None")):
        code = before + ("s.scrub_environment();" if before else "") + ask
        env = {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60,
            env=env,
        )  # fmt: skip
        assert done.stdout.strip() == option


@pytest.mark.parametrize("megabytes", [600, 1_100])
def test_an_address_space_in_which_libraries_hang_is_refused_before_they_load(megabytes):
    limit = megabytes * 1_000_000
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}));"
        "from habitat.cli.main import main; main(['show', 'exit-codes'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert done.returncode == 10
    assert f"got {megabytes:,} MB" in done.stderr


def test_a_crash_of_a_command_leaves_no_memory_on_the_disk():
    code = (
        "import resource; from habitat.cli.main import run;"
        "core = resource.RLIMIT_CORE; most = resource.getrlimit(core)[1];"
        "resource.setrlimit(core, (most, most));"
        "run(['show', 'exit-codes']); print(resource.getrlimit(core)[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory")
def test_arrays_that_are_freed_between_others_go_back_to_the_system():
    code = (
        "import numpy as np; from habitat.io.settings import return_freed_memory as f;"
        "np.empty(30 << 20, np.uint8);"  # after this, glibc alone would map from 30 MiB on
        "rss = lambda: int(open('/proc/self/statm').read().split()[1]) * 4096 >> 20;"
        "many = [np.ones(2 << 20, np.uint8) for _ in range(100)]; full = rss();"
        "del many[:99]; f(); print(full - rss())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert int(done.stdout) > 150
