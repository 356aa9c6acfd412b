"""A raster too large for memory: it is made on disk, where a write can be lost without a word.

Lost are the writes of the mosaic, of its overviews, and of the two copies that are compared.
"""

import hashlib
from pathlib import Path

import numpy as np
import release_files as files

from habitat.domain import layers
from habitat.domain.errors import HabitatError
from habitat.domain.grid import Window
from habitat.io.raster import geotiff

from . import project
from .runs import Run
from .trials import CORRUPT, DONE, GOOD, RESOURCE, SILENT, WRONG_CODE, Bench, Group, Trial

LARGE = "lost write in a large raster"
#: Two levels of overviews.
_WINDOW = Window(-237_000, 26_000, 1_100, 1_200)
_NAME = "map.tif"


def run(folder: str) -> int:
    """Write the raster as a large one; return an exit code."""
    geotiff.MEMORY_BYTES = -1
    values = np.random.default_rng(5).integers(1, 100, _WINDOW.shape).astype(np.uint8)
    blocks = list(files.blocks(values, 512, _WINDOW))
    layer = layers.FOREST_PROBABILITY
    try:
        geotiff.write_layer(Path(folder) / _NAME, blocks, layer, files.GRID, _WINDOW, tags={})
    except HabitatError as fault:
        return fault.exit_code
    return DONE


def _write(bench: Bench, **fault: object) -> tuple[int, str]:
    """Return the exit code and the hash of what was written, empty for nothing."""
    folder = bench.work / "large"
    project.remove(folder)
    folder.mkdir()
    settings = {"mutant": bench.mutant, "output": str(bench.work / "output"), "root": str(folder)}
    ended = bench.server.run(Run(("large", str(folder)), **settings | fault))  # type: ignore[arg-type]
    path = folder / _NAME
    return ended.code, hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def trial(bench: Bench, case: str) -> Trial:
    """Lose a write: either that is noticed, or the file is the right one."""
    log = bench.fired()
    code, written = _write(bench, at=int(case), kind="lie", calls="d", log=str(log))
    what = log.read_text().strip() if log.exists() else "none"
    right = _write(bench)[1]
    verdict = GOOD
    if code == DONE and written != right:
        verdict = SILENT
    elif written not in {"", right}:
        verdict = CORRUPT
    elif code not in {DONE, RESOURCE}:
        verdict = WRONG_CODE
    return Trial(LARGE, case, what != "none", verdict, f"exit {code} after {what}")


def cases(bench: Bench, part: str = "") -> list[str]:
    """Return the numbers of all writes, or of those of one file."""
    log = bench.fired()
    _write(bench, calls="d", log=str(log))
    lines = log.read_text().splitlines()
    return [str(n) for n, line in enumerate(lines, 1) if part in line.rpartition("/")[2]]


GROUPS = (Group(LARGE, cases, trial),)
