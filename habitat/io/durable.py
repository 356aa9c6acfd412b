"""Writes that survive a kill, a full disk and a power cut, or fail aloud."""

import errno
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from habitat.domain.errors import InputError, ResourceError

_CHUNK = 1 << 20
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_ADVICE = {
    errno.ENOSPC: "Free some space, or use --project on a larger disk, and run again.",
    errno.EDQUOT: "Free some space within the quota and run again.",
    errno.EACCES: "Give this account the right to write there and run again.",
    errno.EPERM: "Give this account the right to write there and run again.",
    errno.EROFS: "Choose a folder that can be written, with --project, and run again.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n) or use fewer workers.",
}


@contextmanager
def local_resources(doing: str, path: Path) -> Iterator[None]:
    """Turn an operating system error into a :class:`ResourceError` that says what to do.

    Parameters
    ----------
    doing : str
        What was being done, for example ``"writing"``.
    path : Path
        The file or folder.
    """
    try:
        yield
    except OSError as error:
        raise ResourceError(
            f"{doing} {path}: {error.strerror or error}; {_free_space(path)}. "
            + _ADVICE.get(error.errno or 0, "Check the disk and run again.")
        ) from error


def _free_space(path: Path) -> str:
    folder = next((p for p in (path, *path.parents) if p.is_dir()), Path("/"))
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB are free there"
    except OSError:
        return "the free space there is unknown"


def require_safe_name(name: str, what: str) -> None:
    """Refuse a name that could leave its folder or break on another system.

    Raises
    ------
    InputError
        Unless it is 1 to 100 of ``A-Z a-z 0-9 . _ -`` and begins with a letter, digit or ``_``.
    """
    if not _SAFE_NAME.fullmatch(name):
        raise InputError(
            f"{what}: expected 1 to 100 of the characters A-Z a-z 0-9 . _ - with a letter or "
            f"digit first, got {name!r}. Rename it."
        )


def temporary_beside(path: Path) -> Path:
    """Return a hidden name in the folder of ``path``: renaming never crosses file systems.

    The suffix is kept, because drivers look at it. Two threads may write one file.
    """
    return path.with_name(f".tmp-{os.getpid()}-{threading.get_ident()}-{path.name}")


def fsync_path(path: Path) -> None:
    """Flush a file or a folder to the disk, and drop its pages so that a read is a real read."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
        if hasattr(os, "posix_fadvise") and path.is_file():
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def put_in_place(temporary: Path, path: Path) -> None:
    """Flush ``temporary``, rename it to ``path`` and flush the folder."""
    with local_resources("writing", path):
        fsync_path(temporary)
        temporary.replace(path)
        fsync_path(path.parent)


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old bytes or the new ones, never a part.

    Temporary file in the same folder, flush, read back, rename, flush the folder.

    Raises
    ------
    ResourceError
        If the disk is full, the folder cannot be written, or other bytes are read back.
    """
    temporary = temporary_beside(path)
    try:
        with local_resources("writing", path):
            _write_through(temporary, data)
        put_in_place(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _write_through(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o644), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fsync_path(path)
    if path.read_bytes() != data:
        raise OSError(errno.EIO, "the bytes read back are not the bytes written")
