"""Whether what a pipeline depends on is there: its files, the disk, the service of its source."""

import os
import shutil
from datetime import date
from pathlib import Path

from habitat.domain.errors import HabitatError, ResourceError
from habitat.io.scenes.source import Examinable, Finding
from habitat.pipeline.check import check_pipeline
from habitat.pipeline.context import radar_downloads_of, source_of
from habitat.pipeline.fire_risk.services import examine as examine_feeds
from habitat.pipeline.loader import load_pipeline, project_of
from habitat.pipeline.radar_source import radar_source_of

#: Less free space than this is told as a fault [bytes].
LEAST_FREE_BYTES = 2 * 10**9


def examine(path: Path, project: Path | None = None, *, today: date) -> list[Finding]:
    """Look at all that a pipeline file depends on; never raises for what it finds.

    Returns
    -------
    list of Finding
        The file, the disk, then what the services of weather, hotspots and source say.
    """
    file = _file(path, project, today)
    if file.exit_code:
        return [file]
    config, base = load_pipeline(path), project_of(path, project)
    found = [file, _disk(base), *examine_feeds(config, base)]
    try:
        source = source_of(config, base, today)
    except HabitatError as fault:
        return [*found, Finding(f"source {config.source.kind}", str(fault), fault.exit_code)]
    found += _examined(source, f"source {config.source.kind}")
    if config.radar is None:
        return found
    radar = radar_source_of(config, base, radar_downloads_of(base, config.name), today)
    return [*found, *_examined(radar, f"radar {config.radar.kind}")]


def _examined(source: object, what: str) -> list[Finding]:
    if isinstance(source, Examinable):
        return source.examine()
    return [Finding(what, "asks no service")]


def _file(path: Path, project: Path | None, as_of: date) -> Finding:
    what = f"pipeline file {path}"
    try:
        notes = check_pipeline(path, project, as_of)
    except HabitatError as fault:
        return Finding(what, str(fault), fault.exit_code)
    return Finding(what, "; ".join(["right", *notes]))


def _disk(base: Path) -> Finding:
    what, free = f"disk of {base}", shutil.disk_usage(base).free
    if not os.access(base, os.W_OK):
        return Finding(
            what,
            "expected a folder that can be written, got one that cannot; choose another --project "
            "or change its permissions",
            ResourceError.exit_code,
        )
    if free < LEAST_FREE_BYTES:
        return Finding(
            what,
            f"expected {LEAST_FREE_BYTES / 1e9:g} GB free, got {free / 1e9:.1f}; make room, or "
            "prune downloads (habitat cache prune)",
            ResourceError.exit_code,
        )
    return Finding(what, f"{free / 1e9:,.0f} GB free")
