"""The manifest of a release: what its files were when published, and whether they still are.

The manifest holds the SHA-256 of every file but the run record. Both hold the SHA-256 of their own
content under ``sha256``, so that no flipped bit in any file of a release goes unseen.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from habitat.domain.errors import InputError, VerificationError
from habitat.io.durable import (
    atomic_write_bytes,
    fsync_path,
    local_resources,
    require_safe_name,
    sha256_file,
)

MANIFEST = "manifest.json"
RECORD = "run.json"
MAX_MANIFEST_BYTES = 50_000_000
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


def seal(staging: Path, record: Mapping[str, Any]) -> None:
    """Write record and manifest, flush, read back and make read-only."""
    for name in (RECORD, MANIFEST):
        if (staging / name).exists():
            raise InputError(f"{staging / name}: expected that publishing writes it, it exists")
    atomic_write_bytes(staging / RECORD, _self_checked(record))
    entries = {path: _entry(staging, path) for path in _portable_files(staging)}
    atomic_write_bytes(staging / MANIFEST, _self_checked({"files": entries}))
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


def _json_bytes(value: Any) -> bytes:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def _self_checked(value: Mapping[str, Any]) -> bytes:
    """Return a JSON document with the SHA-256 of the rest of it."""
    plain = json.loads(_json_bytes(value))
    return _json_bytes({**plain, "sha256": hashlib.sha256(_json_bytes(plain)).hexdigest()})


def is_as_written(content: bytes) -> bool:
    """Say whether a document is, to the byte, what :func:`_self_checked` made."""
    try:
        document = json.loads(content)
        del document["sha256"]
        return _self_checked(document) == content
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


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
        if not _is_plain_file(path) or path.stat().st_size > MAX_MANIFEST_BYTES:
            raise VerificationError(f"{where}, got none. Without it the folder is no release.")
        content = path.read_bytes()
    except OSError as error:
        raise VerificationError(f"{where}, got {type(error).__name__}: {error}") from error
    return parse_manifest(content, where)


def parse_manifest(content: bytes, where: str) -> dict[str, dict[str, Any]]:
    """Return the files of a manifest; ``where`` begins the messages.

    Raises
    ------
    VerificationError
        If it cannot be read, or names paths outside the release.
    """
    try:
        document = json.loads(content)
        files = document["files"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise VerificationError(f"{where}, got {type(error).__name__}: {error}") from error
    if not isinstance(files, dict) or not all(isinstance(e, dict) for e in files.values()):
        raise VerificationError(f"{where} with a table of files, got something else")
    if set(document) != {"files"} and not is_as_written(content):  # older ones: files only
        raise VerificationError(f"{where}, it is not as it was written. Copy the release again.")
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
    for path, entry in files.items():
        kind = _fault(release, path, entry)
        if kind:
            faults.append(Fault(path, kind))
    return sorted(faults, key=lambda fault: (fault.path, fault.kind))


def _fault(release: Path, path: str, entry: Mapping[str, Any]) -> str:
    file = release / path
    if not os.path.lexists(file):
        return "missing"
    if not _is_plain_file(file):
        return "changed"
    try:
        if path == RECORD:
            return _record_fault(release, file.read_bytes())
        if file.stat().st_size != entry.get("size"):
            return "changed"
        return "" if sha256_file(file) == entry.get("sha256") else "changed"
    except OSError:
        return "unreadable"


def _record_fault(release: Path, content: bytes) -> str:
    """Return what is wrong with the run record; records of older releases have no digest."""
    older = set(json.loads((release / MANIFEST).read_bytes())) == {"files"}
    return "" if older or is_as_written(content) else "changed"
