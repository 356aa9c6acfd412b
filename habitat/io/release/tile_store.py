"""The tile store: results of tiles, named by the key of what made them.

One file holds the arrays of one stage of one tile: a JSON line with names, dtypes, shapes and the
SHA-256 of each array, then the SHA-256 of that head, then each array, deflated if that pays. A file
is written to a temporary name, read back, synced and renamed, so a name never stands for half a
result. Every read checks the digests of what it reads, and reads nothing else.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from habitat.domain.errors import VerificationError
from habitat.io.durable import atomic_write_bytes, local_resources

_MAGIC = b"habitat-tile-3\n"
_DIGEST_BYTES = 32
#: Level 1: intermediate results are read back once or twice, so speed matters more than size.
_DEFLATE_LEVEL = 1
#: Reflectance hardly shrinks, and deflating it would cost more than all else that a tile does.
_STORED_DTYPES = ("uint16", "float32")


class TileStore:
    """A folder of tile results.

    Parameters
    ----------
    root : Path
        Made when the first result is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """Return where a key's result lies."""
        return self.root / key[:2] / f"{key}.tile"

    def has(self, key: str) -> bool:
        """Say whether there is a sound result under a key; a damaged one is removed."""
        path = self.path(key)
        if not path.is_file():
            return False
        if self.sound(key):
            return True
        path.unlink(missing_ok=True)
        return False

    def sound(self, key: str) -> bool:
        """Say whether there is a sound result under a key; reads only."""
        path = self.path(key)
        if not path.is_file():
            return False
        try:
            with _opened(path) as (file, entries):
                for entry in entries:
                    _checked_blob(file, entry, path)
                if file.read(1):
                    raise _altered(path)
        except VerificationError:
            return False
        return True

    def write(self, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store named arrays under a key.

        Raises
        ------
        ResourceError
            If the disk is full or not writable, or does not give back what was written.
        """
        body = _encode(arrays)
        path = self.path(key)
        with local_resources("making", path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_bytes(path, body)

    def read(
        self, key: str, prefix: str = "", names: Collection[str] | None = None
    ) -> dict[str, np.ndarray]:
        """Return the arrays of a key; only these are inflated.

        Parameters
        ----------
        key : str
            Of :meth:`write`.
        prefix : str
            The names that are wanted begin with it.
        names : collection of str, optional
            What follows the prefix in the names that are wanted; all by default.

        Raises
        ------
        VerificationError
            If the file is missing, short or altered.
        """
        path = self.path(key)
        arrays: dict[str, np.ndarray] = {}
        with _opened(path) as (file, entries):
            for entry in entries:
                name = entry["name"]
                wanted = names is None or name.removeprefix(prefix) in names
                if name.startswith(prefix) and wanted:
                    arrays[name] = _decode(_checked_blob(file, entry, path), entry)
                else:
                    file.seek(entry["bytes"], os.SEEK_CUR)
        return arrays

    def prune(self, keep: Iterable[str]) -> int:
        """Remove every result whose key is not in ``keep``; return how many went."""
        kept = {self.path(key) for key in keep}
        removed = 0
        for path in sorted(self.root.glob("*/*")):
            if path not in kept:
                with local_resources("removing", path):
                    path.unlink(missing_ok=True)
                removed += 1
        return removed


def _encode(arrays: Mapping[str, np.ndarray]) -> bytes:
    entries, blobs = [], []
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        if array.dtype.hasobject:
            raise TypeError(
                f"tile store: array {name!r} holds objects; store plain numbers or text"
            )
        deflated = array.dtype.name not in _STORED_DTYPES
        blob = zlib.compress(array.tobytes(), _DEFLATE_LEVEL) if deflated else array.tobytes()
        entries.append(
            {
                "name": name,
                "dtype": array.dtype.str,
                "shape": array.shape,
                "bytes": len(blob),
                "deflated": deflated,
                "sha256": hashlib.sha256(blob).hexdigest(),
            }
        )
        blobs.append(blob)
    head = b"".join([_MAGIC, json.dumps(entries).encode(), b"\n"])
    return b"".join([head, hashlib.sha256(head).digest(), *blobs])


def _decode(blob: bytes, entry: Mapping[str, Any]) -> np.ndarray:
    raw = zlib.decompress(blob) if entry["deflated"] else blob
    return np.frombuffer(raw, dtype=np.dtype(entry["dtype"])).reshape(entry["shape"])


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, list[dict[str, Any]]]]:
    """Yield a stored file, at its first array, and what its checked head says of them."""
    try:
        with path.open("rb") as file:
            head = file.readline(len(_MAGIC)) + file.readline()
            stored = file.read(_DIGEST_BYTES)
            if not head.startswith(_MAGIC) or hashlib.sha256(head).digest() != stored:
                raise _altered(path)
            yield file, json.loads(head[len(_MAGIC) :])
    except OSError as fault:
        raise VerificationError(
            f"{path}: expected a stored tile, got {fault}. Run again."
        ) from fault


def _checked_blob(file: BinaryIO, entry: Mapping[str, Any], path: Path) -> bytes:
    """Return the next array of an open file as it is stored."""
    blob = file.read(entry["bytes"])
    if hashlib.sha256(blob).hexdigest() != entry["sha256"]:
        raise _altered(path)
    return blob


def _altered(path: Path) -> VerificationError:
    return VerificationError(
        f"{path}: the stored tile is not what was written. Delete it and run again."
    )
