"""Projects whose scenes come from a STAC API on this machine."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import tiny

SERVER = Path(__file__).parents[1] / "servers" / "stac_server.py"


@contextmanager
def serving(folder: Path):
    """Serve a folder of scenes; give the root of the API."""
    (folder / "faults.json").unlink(missing_ok=True)
    (folder / "requests.log").unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


def requests(folder: Path) -> list[str]:
    """Return what was asked for so far."""
    log = folder / "requests.log"
    return log.read_text().splitlines() if log.exists() else []


def fail(folder: Path, **how) -> None:
    """Let requests fail from now on; ``call`` and ``from`` count from now."""
    start = len(requests(folder))
    if "from" in how:
        how["from"] = (start + how["from"][0], how["from"][1])
    (folder / "faults.json").write_text(json.dumps({"start": start} | how))


def stac(url: str, **more) -> dict:
    """Return the source of a pipeline."""
    return {"kind": "stac", "url": url, "collection": "s2"} | more


def layers(folder: Path) -> dict[str, bytes]:
    """Return the raster files of the current release."""
    return {path.name: path.read_bytes() for path in sorted(tiny.current(folder).glob("*.tif"))}
