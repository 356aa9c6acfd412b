"""The interposer reaches GDAL's own writes: a plain writer on a full disk ends with success."""

import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("interpose.c")
PLAIN_WRITER = """
import sys, numpy as np, rasterio
shape = dict(width=64, height=64, count=1, dtype="uint8")
with rasterio.open(sys.argv[1], "w", driver="GTiff", **shape) as file:
    file.write(np.ones((1, 64, 64), "uint8"))
"""


def _run(folder: Path, library: Path, kind: str) -> int:
    env = {
        "LD_PRELOAD": str(library),
        "FAULT_ROOT": str(folder / "out"),
        "FAULT_AT": "2",
    }
    env |= {"FAULT_CALLS": "d", "FAULT_KIND": kind, "FAULT_LOG": str(folder / "fired")}
    command = [sys.executable, "-W", "ignore", "-c", PLAIN_WRITER, str(folder / "out" / "a.tif")]
    return subprocess.run(command, env=env, capture_output=True, timeout=60, check=False).returncode


@pytest.mark.skipif(shutil.which("gcc") is None, reason="the interposer is compiled with gcc")
@pytest.mark.parametrize(("kind", "code"), [("kill", -9), (str(errno.ENOSPC), 0)])
def test_a_fault_at_the_second_write_of_gdal_fires(tmp_path: Path, kind: str, code: int) -> None:
    library = tmp_path / "interpose.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    (tmp_path / "out").mkdir()
    assert _run(tmp_path, library, kind) == code
    assert (tmp_path / "fired").read_text().startswith("2 fwrite")
