"""What ran last, what failed, what is stale: read from the output folder, nothing is written."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from habitat.domain.errors import InputError
from habitat.io.release.manifest import RECORD
from habitat.io.release.release import Store, published_at
from habitat.io.run_lock import last_locked, lock_holder
from habitat.pipeline.job import LAST_RUN, LAST_SEARCH, OUTPUTS
from habitat.pipeline.last_run import SOUND, read_record

_MAX_RECORD_BYTES = 200_000_000
_DAY = timedelta(days=1)
#: Failed tiles, and refused scenes, that the text names.
_MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class Status:
    """The state of one output folder.

    Attributes
    ----------
    pipeline : str
        Its name.
    outputs : Path
        The folder.
    running : mapping or None
        Process and start of a run that goes on now.
    last_run : mapping or None
        The record of the last run that did something; outcome ``killed`` if it never ended.
    last_started : str
        When a run took the lock the last time; later than ``last_run`` if it found nothing to do.
    release : mapping or None
        Id, time and age [days] of the current release.
    newest_scene : mapping or None
        Id, acquisition and age [days] of the newest scene in it; None where the release is older
        than this record or holds no scene.
    stale : tuple of str
        Why what is published is not what it should be; empty if it is.
    refused : tuple of mapping
        Scenes that the last search refused: scene set, id, reason.
    releases : int
        How many there are.
    state_bytes, releases_bytes : int
        Sizes on disk.
    """

    pipeline: str
    outputs: Path
    running: Mapping[str, Any] | None
    last_run: Mapping[str, Any] | None
    last_started: str
    release: Mapping[str, Any] | None
    newest_scene: Mapping[str, Any] | None
    stale: tuple[str, ...]
    refused: tuple[Mapping[str, str], ...]
    releases: int
    state_bytes: int
    releases_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return it for a machine."""
        return {
            "pipeline": self.pipeline,
            "outputs": str(self.outputs),
            "running": self.running,
            "last_run": self.last_run,
            "last_started": self.last_started or None,
            "release": self.release,
            "newest_scene": self.newest_scene,
            "failed_tiles": _failed(self.last_run),
            "refused_scenes": list(self.refused),
            "stale": bool(self.stale),
            "stale_reasons": list(self.stale),
            "releases": self.releases,
            "state_bytes": self.state_bytes,
            "releases_bytes": self.releases_bytes,
        }

    def text(self) -> str:
        """Return it for a person."""
        failed = _failed(self.last_run)
        lines = [
            f"{self.pipeline}: {'stale' if self.stale else 'up to date'}",
            *(f"  stale: {reason}" for reason in self.stale),
            f"  last run: {_run_text(self.last_run)}",
            f"  last started: {self.last_started or 'never'}",
            f"  running now: {_running_text(self.running)}",
            f"  release: {_aged(self.release, 'id', 'published')}",
            f"  newest scene: {_aged(self.newest_scene, 'id', 'acquired')}",
            f"  failed tiles: {len(failed)}",
            *_listed(f"{t['tile']}: {t['cause']} (attempts: {t['attempts']})" for t in failed),
            f"  refused scenes: {len(self.refused)}",
            *_listed(f"{s['id']} ({s['scenes']}): {s['reason']}" for s in self.refused),
            f"  size: state {self.state_bytes / 1e6:,.1f} MB, {self.releases} releases "
            f"{self.releases_bytes / 1e6:,.1f} MB",
        ]
        return "\n".join(lines)


def _listed(lines: Iterable[str]) -> list[str]:
    """Return the first lines, and how many more there are."""
    found = [f"    {line}" for line in lines]
    more = len(found) - _MAX_LISTED
    return found if more <= 0 else [*found[:_MAX_LISTED], f"    +{more} more"]


def _refused(search: Mapping[str, Any] | None) -> tuple[Mapping[str, str], ...]:
    """Return what a record of a search says; nothing where it is not one."""
    try:
        return tuple(
            {"scenes": name, "id": str(scene["id"]), "reason": str(scene["reason"])}
            for name, found in sorted((search or {}).items())
            for scene in found["refused"]
        )
    except (KeyError, TypeError):
        return ()


def _failed(last: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    return (last or {}).get("failed_tiles") or []


def _run_text(last: Mapping[str, Any] | None) -> str:
    if last is None:
        return "none on record"
    code = "" if last.get("exit_code") is None else f", exit code {last['exit_code']}"
    error = f": {last['error']}" if last.get("error") else ""
    return f"{last['outcome']}{code}, {last['started']} to {last.get('finished', '?')}{error}"


def _running_text(running: Mapping[str, Any] | None) -> str:
    return "no" if running is None else f"process {running['pid']} since {running['since']}"


def _aged(what: Mapping[str, Any] | None, name: str, when: str) -> str:
    if what is None:
        return "none"
    return f"{what[name]}, {when} {what[when]} ({what['age_days']:.1f} days ago)"


def status_of(outputs: Path, *, now: datetime, max_age_days: float | None = None) -> Status:
    """Return the state of an output folder; it may not be there yet.

    Parameters
    ----------
    outputs : Path
        ``outputs/<pipeline>``.
    now : datetime
        The time, timezone-aware.
    max_age_days : float, optional
        A newest scene (or where it is not known, a release) older than this is stale.
    """
    store = Store(outputs)
    holder = lock_holder(store.lock_file)
    started = last_locked(store.lock_file)
    last = _ended(read_record(store.state / LAST_RUN), running=holder is not None)
    current = store.current_release()
    release = None
    if current is not None:
        release = {"id": current.name} | _time("published", published_at(current), now)
    scene = _newest_scene(current, now)
    return Status(
        pipeline=outputs.name,
        outputs=outputs,
        running=None if holder is None else {"pid": holder.pid, "since": _iso(holder.since)},
        last_run=last,
        last_started=_iso(started) if started else "",
        release=release,
        newest_scene=scene,
        stale=tuple(_stale(last, release, scene, max_age_days)),
        refused=_refused(read_record(store.state / LAST_SEARCH)),
        releases=len(store.release_ids()),
        state_bytes=_size(store.state),
        releases_bytes=_size(store.releases),
    )


def _ended(last: dict[str, Any] | None, *, running: bool) -> dict[str, Any] | None:
    """Return the record; a run that still says "running" while nobody holds the lock is dead."""
    if last is not None and last.get("outcome") == "running" and not running:
        return last | {"outcome": "killed", "error": "it never ended; the same command goes on"}
    return last


def _newest_scene(current: Path | None, now: datetime) -> dict[str, Any] | None:
    try:
        path = (current or Path()) / RECORD
        if current is None or path.stat().st_size > _MAX_RECORD_BYTES:
            return None
        scene = json.loads(path.read_bytes())["newest_scene"]
        return {"id": scene["id"]} | _time(
            "acquired", datetime.fromisoformat(scene["acquired"]), now
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _stale(
    last: Mapping[str, Any] | None,
    release: Mapping[str, Any] | None,
    scene: Mapping[str, Any] | None,
    max_age_days: float | None,
) -> Iterable[str]:
    if release is None:
        yield "nothing is published"
    if last is not None and last.get("outcome") not in (*SOUND, "running"):
        yield f"the last run {_ENDINGS.get(last['outcome'], last['outcome'])}"
    aged, what = (scene, "newest scene") if scene else (release, "release")
    if aged and max_age_days is not None and aged["age_days"] > max_age_days:
        yield f"the {what} is {aged['age_days']:.1f} days old, more than {max_age_days:g}"


_ENDINGS = {
    "partial": "left failed tiles out",
    "interrupted": "was interrupted",
    "killed": "was killed",
}


def _time(name: str, at: datetime, now: datetime) -> dict[str, Any]:
    return {name: _iso(at), "age_days": round((now - at) / _DAY, 2)}


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _size(folder: Path) -> int:
    """Return the bytes of all files in a folder; one that goes meanwhile counts nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_dir() else path.lstat().st_size
        except OSError:
            continue
    return total


def output_folders(project: Path) -> list[Path]:
    """Return the output folders of a project, sorted.

    Raises
    ------
    InputError
        If there is none.
    """
    root = project / OUTPUTS
    found = sorted(p for p in root.iterdir() if (p / "state").is_dir()) if root.is_dir() else []
    if not found:
        raise InputError(
            f"{root}: expected the output folder of a run, found none. "
            "Run a pipeline first, or give --project or a pipeline file."
        )
    return found
