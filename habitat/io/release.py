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
import fcntl
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from habitat.domain.errors import ConfigError, InputError, LockError, VerificationError
from habitat.io.durable import (
    atomic_write_bytes,
    fsync_path,
    local_resources,
    require_safe_name,
    sha256_file,
)

MANIFEST = "manifest.json"
RECORD = "run.json"
#: Releases stay at least so long, since somebody may have the files open.
MIN_KEEP_DAYS = 7
_MAX_MANIFEST_BYTES = 50_000_000
_ROLES = {
    ".tif": "data",
    ".gpkg": "table",
    ".parquet": "table",
    ".qml": "style",
    ".qgz": "style",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file of a release.

    Attributes
    ----------
    path : str
        Relative to the release.
    kind : str
        ``missing``, ``changed``, ``stray`` or ``unreadable``.
    """

    path: str
    kind: str

    def __str__(self) -> str:
        """Return ``kind: path``."""
        return f"{self.kind}: {self.path}"


def role_of(path: str) -> str:
    """Return ``data``, ``style``, ``table``, ``record`` or ``metadata`` by file name."""
    if path == RECORD:
        return "record"
    return _ROLES.get(PurePosixPath(path).suffix, "metadata")


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
        self._locked = False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the kernel lock of the store: it dies with the process, there is none to break.

        Raises
        ------
        LockError
            At once, if another process holds it.
        ResourceError
            If the folder cannot be written or its file system has no locks.
        """
        with local_resources("opening the lock of", self.root):
            for folder in (self.releases, self.scratch):
                folder.mkdir(parents=True, exist_ok=True)
            fd = os.open(
                self.state / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644
            )
        try:
            self._take(fd)
            self._locked = True
            yield
        finally:
            self._locked = False
            with suppress(OSError):  # the file holds nothing that could be lost
                os.close(fd)

    def _take(self, fd: int) -> None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            since = datetime.fromtimestamp(os.fstat(fd).st_mtime, UTC)
            raise LockError(
                f"{self.root}: expected no other run, but process {holder} holds the lock "
                f"since {since:%Y-%m-%d %H:%M} UTC. "
                "Wait until it ends; a lock never outlives its process."
            ) from None
        except OSError as error:
            with local_resources("locking", self.root):
                raise error from None
        with local_resources("locking", self.root):
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)

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
            _seal(staging, record)
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
        if not text.is_file() or text.read_text("utf-8") != target + "\n":
            atomic_write_bytes(text, (target + "\n").encode())

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
            name = PurePosixPath(text.read_text("utf-8").strip()).name
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

    def prune(self, *, now: datetime, keep_days: int = MIN_KEEP_DAYS) -> list[str]:
        """Remove old releases; never the current one.

        Parameters
        ----------
        now : datetime
            The time, timezone-aware.
        keep_days : int
            Releases published in the last ``keep_days`` days stay; 7 or more.

        Returns
        -------
        list of str
            Ids that were removed.
        """
        self._require_lock()
        if keep_days < MIN_KEEP_DAYS:
            raise ConfigError(f"keep_days: expected {MIN_KEEP_DAYS} or more, got {keep_days}")
        current = self.current_release()
        limit = now - timedelta(days=keep_days)
        removed = []
        for release_id in self.release_ids():
            release = self.releases / release_id
            written = datetime.fromtimestamp((release / MANIFEST).stat().st_mtime, UTC)
            if current is None or release == current or written > limit:
                continue
            with local_resources("removing", release):
                doomed = self.releases / f".tmp-pruned-{release_id}-{os.getpid()}"
                release.rename(doomed)  # gone at once, whatever happens to the removal
                _remove_tree(doomed)
            removed.append(release_id)
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
            *self.releases.glob(".tmp-*"),
            *self.state.glob("*/.tmp-*"),
            *self.scratch.iterdir(),
        ]
        with local_resources("sweeping", self.root):
            for path in sorted(left):
                _remove_tree(path)
        current = self.current_release()
        if current is not None:
            self.point_to(current.name)
        return sorted(left)


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


def _seal(staging: Path, record: Mapping[str, Any]) -> None:
    """Write record and manifest, flush, read back and make read-only."""
    for name in (RECORD, MANIFEST):
        if (staging / name).exists():
            raise InputError(f"{staging / name}: expected that publishing writes it, it exists")
    atomic_write_bytes(staging / RECORD, _json_bytes(record))
    entries = {path: _entry(staging, path) for path in _portable_files(staging)}
    atomic_write_bytes(staging / MANIFEST, _json_bytes({"files": entries}))
    faults = verify(staging)
    if faults:
        raise VerificationError(
            f"{staging}: files read back differ from those written: "
            f"{', '.join(map(str, faults[:5]))}. The disk may be failing; nothing was published."
        )
    with local_resources("sealing", staging):
        for folder, _, names in os.walk(staging, topdown=False):
            for name in names:
                Path(folder, name).chmod(0o444)
            fsync_path(Path(folder))
            Path(folder).chmod(0o555)


def _entry(staging: Path, path: str) -> dict[str, Any]:
    file = staging / path
    role = role_of(path)
    if role == "record":
        return {"role": role}
    with local_resources("reading", file):
        fsync_path(file)
        return {"sha256": sha256_file(file), "size": file.stat().st_size, "role": role}


def _portable_files(staging: Path) -> list[str]:
    paths = sorted(_walk(staging))
    for path in paths:
        for part in PurePosixPath(path).parts:
            require_safe_name(part, f"file {path!r} of a release")
        if not _is_plain_file(staging / path):
            raise InputError(f"{staging / path}: expected a regular file in a release")
    return paths


def _walk(folder: Path) -> Iterator[str]:
    """Yield everything under a folder that is no folder, relative, with ``/``."""
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in [*names, *links]:
            yield Path(parent, name).relative_to(folder).as_posix()


def _is_plain_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _json_bytes(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def read_manifest(release: Path) -> dict[str, dict[str, Any]]:
    """Return ``{path: {"sha256", "size", "role"}}`` of a release.

    Raises
    ------
    VerificationError
        If there is no manifest, it cannot be read, or it names paths outside the release.
    """
    path = release / MANIFEST
    where = f"{path}: expected the manifest of a release"
    try:
        if not _is_plain_file(path) or path.stat().st_size > _MAX_MANIFEST_BYTES:
            raise VerificationError(f"{where}, got none. Without it the folder is no release.")
        files = json.loads(path.read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise VerificationError(f"{where}, got {type(error).__name__}: {error}") from error
    if not isinstance(files, dict) or not all(isinstance(e, dict) for e in files.values()):
        raise VerificationError(f"{where} with a table of files, got something else")
    for name in files:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\x00" in name:
            raise VerificationError(f"{where}, it names a path outside the release: {name!r}")
    return files


def verify(release: Path) -> list[Fault]:
    """Compare a release, here or copied elsewhere, with its manifest.

    Parameters
    ----------
    release : Path
        The folder, or a link to it.

    Returns
    -------
    list of Fault
        Missing, changed and stray files, sorted by path; empty if all is as it was published.

    Raises
    ------
    VerificationError
        If the folder has no readable manifest.
    """
    release = release.resolve()
    files = read_manifest(release)
    faults = [Fault(path, "stray") for path in _walk(release) if path not in {*files, MANIFEST}]
    if not _is_as_written(release / MANIFEST, files):
        faults.append(Fault(MANIFEST, "changed"))
    for path, entry in files.items():
        kind = _fault(release, path, entry)
        if kind:
            faults.append(Fault(path, kind))
    return sorted(faults, key=lambda fault: (fault.path, fault.kind))


def _is_as_written(manifest: Path, files: Mapping[str, Mapping[str, Any]]) -> bool:
    """Say whether a manifest has the one form that is written: no hash covers it itself."""
    known = all(
        entry.get("role") == role_of(path)
        and set(entry) == ({"role"} if path == RECORD else {"sha256", "size", "role"})
        for path, entry in files.items()
    )
    return known and manifest.read_bytes() == _json_bytes({"files": files})


def _fault(release: Path, path: str, entry: Mapping[str, Any]) -> str:
    file = release / path
    if not os.path.lexists(file):
        return "missing"
    if not _is_plain_file(file):
        return "changed"
    if path == RECORD:
        return ""
    try:
        if file.stat().st_size != entry.get("size"):
            return "changed"
        return "" if sha256_file(file) == entry.get("sha256") else "changed"
    except OSError:
        return "unreadable"


def _remove_tree(path: Path) -> None:
    """Remove a file, a link or a read-only folder; never what a link points to."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o755)
    shutil.rmtree(path)
