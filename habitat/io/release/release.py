"""The output folder of a pipeline: one writer, immutable releases, one rename to publish.

::

    outputs/<pipeline>/
        current -> releases/<id>     the release that readers see
        CURRENT                      the same as text, for shares without links
        releases/<id>/               read-only; a folder without a valid manifest is no release
        releases/.tmp-<id>-<pid>/    being built; swept under the lock
        state/lock                   kernel lock of the writer
        state/tmp/                   scratch, swept under the lock
"""

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from habitat.domain.errors import VerificationError
from habitat.io.durable import (
    atomic_write_bytes,
    fsync_path,
    local_resources,
    require_safe_name,
)
from habitat.io.release.manifest import MANIFEST, seal, verify
from habitat.io.release.retention import MIN_KEEP_DAYS, outdated
from habitat.io.run_lock import run_lock


class Store:
    """The folder of one pipeline.

    Parameters
    ----------
    root : Path
        ``outputs/<pipeline>``; made when it is first locked.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.releases = root / "releases"
        self.state = root / "state"
        self.scratch = self.state / "tmp"
        self.lock_file = self.state / "lock"
        self._locked = False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the kernel lock of the store: it dies with the process, there is none to break.

        Raises
        ------
        LockError
            If another process holds it.
        ResourceError
            If the folder cannot be written or its file system has no locks.
        """
        with local_resources("making", self.root):
            for folder in (self.releases, self.scratch):
                folder.mkdir(parents=True, exist_ok=True)
        with run_lock(self.lock_file):
            self._locked = True
            try:
                yield
            finally:
                self._locked = False

    def _require_lock(self) -> None:
        if not self._locked:
            raise RuntimeError("the store must be locked by `with store.lock():` to be changed")

    def begin(self, release_id: str) -> Path:
        """Return a new empty folder in which the files of a release are built.

        Raises
        ------
        InputError
            If the id cannot be a folder name.
        """
        self._require_lock()
        require_safe_name(release_id, "release id")
        staging = self.releases / f".tmp-{release_id}-{os.getpid()}"
        with local_resources("making", staging):
            _remove_tree(staging)
            staging.mkdir()
        return staging

    def publish(self, staging: Path, release_id: str, record: Mapping[str, Any]) -> Path:
        """Make a built folder the current release, whole or not at all.

        Every file is flushed and hashed, ``run.json`` and then ``manifest.json`` are written,
        the folder is read back, made read-only and renamed, and the link ``current`` swapped.
        If the id exists already and verifies, its files are left as they are.

        Parameters
        ----------
        staging : Path
            From :meth:`begin`.
        release_id : str
            The content key.
        record : mapping
            JSON content of ``run.json``; the only file that may hold a clock.

        Returns
        -------
        Path
            ``releases/<id>``.

        Raises
        ------
        VerificationError
            If the files read back are not those that were hashed.
        InputError
            If a file name is not portable.
        ResourceError
            If the disk is full or not writable.
        """
        self._require_lock()
        release = self.releases / release_id
        if _is_sound(release):
            _remove_tree(staging)
        else:
            seal(staging, record)
            with local_resources("publishing", release):
                if release.is_dir():  # damaged: the new files take its place
                    release.rename(self.releases / f".tmp-damaged-{release_id}-{os.getpid()}")
                staging.rename(release)
                fsync_path(self.releases)
        self.point_to(release_id)
        return release

    def point_to(self, release_id: str) -> None:
        """Make an existing release the current one; writes nothing where it is already.

        Raises
        ------
        ResourceError
            If the folder cannot be written.
        """
        self._require_lock()
        target = f"releases/{release_id}"
        link, current = self.root / f".tmp-current-{os.getpid()}", self.root / "current"
        with local_resources("pointing to", self.releases / release_id):
            if not (current.is_symlink() and current.readlink() == Path(target)):
                link.unlink(missing_ok=True)
                with _links_may_be_absent():
                    link.symlink_to(target, target_is_directory=True)
                    link.replace(current)
                fsync_path(self.root)
        text = self.root / "CURRENT"
        wanted = f"{target}\n".encode()
        if not text.is_file() or text.read_bytes() != wanted:
            atomic_write_bytes(text, wanted)

    def sound_release(self, release_id: str) -> Path | None:
        """Return a release that is there and still as published, else None."""
        release = self.releases / release_id
        if not release.is_dir():
            return None
        try:
            return None if verify(release) else release
        except VerificationError:
            return None

    def current_release(self) -> Path | None:
        """Return the folder of the current release, or None before the first."""
        link, text = self.root / "current", self.root / "CURRENT"
        if link.is_symlink():
            name = link.readlink().name
        elif text.is_file():
            name = PurePosixPath(text.read_bytes().decode("utf-8", "replace").strip()).name
        else:
            return None
        release = self.releases / name
        return release if (release / MANIFEST).is_file() else None

    def release_ids(self) -> list[str]:
        """Return the ids of all releases with a manifest, sorted."""
        if not self.releases.is_dir():
            return []
        return sorted(
            p.name
            for p in self.releases.iterdir()
            if not p.name.startswith(".") and (p / MANIFEST).is_file()
        )

    def prune(self, *, now: datetime, keep_days: int = MIN_KEEP_DAYS, keep: int = 0) -> list[str]:
        """Remove old releases; never the current one.

        Parameters
        ----------
        now : datetime
            The time, timezone-aware.
        keep_days : int
            Releases published in the last ``keep_days`` days stay; 7 or more.
        keep : int
            So many of the newest stay, whatever their age.

        Returns
        -------
        list of str
            Ids that were removed.
        """
        self._require_lock()
        current = self.current_release()
        if current is None:
            return []
        written = {name: published_at(self.releases / name) for name in self.release_ids()}
        removed = outdated(written, current.name, now=now, keep=keep, keep_days=keep_days)
        for release_id in removed:
            release = self.releases / release_id
            with local_resources("removing", release):
                doomed = self.releases / f".tmp-pruned-{release_id}-{os.getpid()}"
                release.rename(doomed)  # gone at once, whatever happens to the removal
                _remove_tree(doomed)
        return removed

    def sweep_temporary(self) -> list[Path]:
        """Remove what killed runs left, and let CURRENT say what the link ``current`` says.

        Only under the lock, so that no live run loses anything.

        Returns
        -------
        list of Path
            What was removed.
        """
        self._require_lock()
        left = [
            *self.root.glob(".tmp-*"),
            *self.state.glob(".tmp-*"),
            *self.releases.glob(".tmp-*"),
            *self.scratch.iterdir(),
            *(self.state / "runs").glob(".tmp-*"),
        ]
        with local_resources("sweeping", self.root):
            for path in sorted(left):
                _remove_tree(path)
        current = self.current_release()
        if current is not None:
            self.point_to(current.name)
        return sorted(left)


def published_at(release: Path) -> datetime:
    """Return when a release was published, UTC: the time of its manifest, which is written last."""
    return datetime.fromtimestamp((release / MANIFEST).stat().st_mtime, UTC)


@contextmanager
def _links_may_be_absent() -> Iterator[None]:
    """Let pass that a share has no links: there the text file CURRENT speaks."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP):
            raise


def _is_sound(release: Path) -> bool:
    try:
        return release.is_dir() and not verify(release)
    except VerificationError:
        return False


def _remove_tree(path: Path) -> None:
    """Remove a file, a link or a read-only folder; never what a link points to."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o755)
    shutil.rmtree(path)
