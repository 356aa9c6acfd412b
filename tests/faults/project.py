"""The project that faults are put into: two tiles, five scenes, an old release and a new one."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import tiny

from habitat.io.release.release import verify

from .runs import Run, Server

#: The new release has one scene more than the old one.
OLD_DAYS = tiny.DAYS[:-1]
NEW_DAY = tiny.DAYS[-1]
_SOUTH = {"type": "Polygon", "coordinates": [tiny.ring(north=1150.0)]}

Hashes = dict[str, str]


def pipeline() -> dict:
    """Return the pipeline: two forest maps, of which the change and the cells are published."""
    steps = tiny.maps_and_tables()
    steps[-1] = {"step": "publish", "layers": ["change"], "tables": ["cells"]}
    return tiny.content(steps=steps)


def write(folder: Path) -> None:
    """Write the project with the scenes of the old release."""
    tiny.write_project(folder, days=OLD_DAYS)
    tiny.write_aoi(folder, _SOUTH)
    tiny.write_pipeline(folder, pipeline())


def outputs(folder: Path) -> Path:
    """Return where the project's releases and state are."""
    return folder / "outputs" / "tiny"


def command(folder: Path, *options: str) -> tuple[str, ...]:
    """Return the command line of a run."""
    file = str(folder / "pipelines" / "tiny.yaml")
    return ("--log", "text", "run", file, "--as-of", "2025-01-01", *options)


def hashes(release: Path) -> Hashes:
    """Return the SHA-256 of every file but the run record, by what is on disk."""
    return {
        path.relative_to(release).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(release.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def read_current(folder: Path) -> Path | None:
    """Return the release that a reader finds by the link, None where there is none."""
    try:
        return outputs(folder) / (outputs(folder) / "current").readlink()
    except FileNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class Base:
    """Projects to copy, and what a run without faults publishes.

    Attributes
    ----------
    fresh : Path
        The old release is published, a scene has come since, its tiles are still to compute.
    computed : Path
        As ``fresh``, with the tiles of the new release in the store: a run has to publish only.
    done : Path
        The new release is published.
    old, new : dict
        Hashes of the two releases by file.
    old_id, new_id : str
        Their names.
    seconds : float
        Wall time of a run from ``fresh`` without faults.
    """

    fresh: Path
    computed: Path
    done: Path
    old: Hashes
    new: Hashes
    old_id: str
    new_id: str
    seconds: float

    def copy(self, state: str, to: Path) -> Path:
        """Return a copy of one of the three projects, to be spoilt."""
        remove(to)
        shutil.copytree(getattr(self, state), to, symlinks=True)
        return to

    def seen(self, folder: Path) -> str:
        """Return what a reader of a project sees: ``old``, ``new``, or what is wrong with it."""
        release = read_current(folder)
        if release is None:
            return "lost: no current release"
        try:
            faults = verify(release)
            found = hashes(release)
        except Exception as fault:  # noqa: BLE001  # whatever a reader would meet
            return f"corrupt: {type(fault).__name__}: {fault}"
        if faults:
            return f"corrupt: {faults[0]}"
        known = {"old": self.old, "new": self.new}
        return next((name for name, value in known.items() if value == found), "wrong bytes")


def remove(folder: Path) -> None:
    """Remove a project with its read-only releases."""
    if folder.exists():
        for parent, _, _ in os.walk(folder):
            Path(parent).chmod(0o755)
        shutil.rmtree(folder)


def make_base(folder: Path, server: Server) -> Base:
    """Write the projects and publish both releases without faults."""
    fresh, computed, done = (folder / name for name in ("fresh", "computed", "done"))
    write(fresh)
    _publish(fresh, server)
    old = read_current(fresh)
    assert old is not None
    tiny.write_scene(fresh, NEW_DAY)
    shutil.copytree(fresh, done, symlinks=True)
    seconds = _publish(done, server)
    new = read_current(done)
    assert new is not None
    assert new.name != old.name
    shutil.copytree(fresh, computed, symlinks=True)
    shutil.rmtree(outputs(computed) / "state" / "tiles")
    shutil.copytree(outputs(done) / "state" / "tiles", outputs(computed) / "state" / "tiles")
    return Base(fresh, computed, done, hashes(old), hashes(new), old.name, new.name, seconds)


def _publish(folder: Path, server: Server) -> float:
    output = folder.with_suffix(".log")
    ended = server.run(Run(command(folder), output=str(output)))
    assert ended.code == 0, output.read_text()
    return ended.seconds


def record(folder: Path) -> dict:
    """Return the run record of the current release."""
    release = read_current(folder)
    assert release is not None
    return json.loads((release / "run.json").read_text())
