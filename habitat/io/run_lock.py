"""The kernel lock of a store: it dies with its holder, so there is none to break."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from habitat.domain.errors import LockError
from habitat.io.durable import local_resources

#: Somebody who only asks who holds the lock has it for an instant; so it is tried so often.
_TRIES, _PAUSE_S = 3, 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes
    ----------
    pid : str
        Process id as the holder wrote it; ``unknown`` in the instant before it does.
    since : datetime
        When the lock was taken, UTC.
    """

    pid: str
    since: datetime


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Hold a lock file exclusively.

    Raises
    ------
    LockError
        If another process holds it.
    ResourceError
        If the file cannot be written or its file system has no locks.
    """
    with local_resources("opening the lock", path):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        with local_resources("locking", path):
            if not _taken(fd, _TRIES):
                raise _held(path, fd)
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


def _taken(fd: int, tries: int) -> bool:
    for left in reversed(range(tries)):
        with suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if left:
            time.sleep(_PAUSE_S)
    return False


def _held(path: Path, fd: int) -> LockError:
    holder = _holder(fd)
    return LockError(
        f"{path.parents[1]}: expected no other run, but process {holder.pid} holds the lock "
        f"since {holder.since:%Y-%m-%d %H:%M} UTC. "
        "Wait until it ends; a lock never outlives its process."
    )


def _holder(fd: int) -> Holder:
    pid = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
    return Holder(pid, datetime.fromtimestamp(os.fstat(fd).st_mtime, UTC))


def lock_holder(path: Path) -> Holder | None:
    """Return who holds a lock file now, or None; writes nothing."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(fd)
    except OSError:
        return None
    else:
        return None
    finally:
        os.close(fd)


def last_locked(path: Path) -> datetime | None:
    """Return when a lock file was taken the last time, UTC; None if never."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
