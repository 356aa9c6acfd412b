"""The tile store: results of tiles, named by the key of what made them.

One file holds the arrays of one stage of one tile: a JSON line with names, dtypes and shapes,
then each array, deflated if that pays, then the SHA-256 of all before. A file is written to a
temporary name, read back, synced and renamed, so a name never stands for half a result; every read
checks the digest.
"""

import hashlib
import json
import zlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from habitat.domain.errors import VerificationError
from habitat.io.durable import atomic_write_bytes, local_resources

_MAGIC = b"habitat-tile-2\n"
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
        try:
            _checked_body(path)
        except VerificationError:
            path.unlink(missing_ok=True)
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
        atomic_write_bytes(path, body + hashlib.sha256(body).digest())

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
        body = _checked_body(self.path(key))
        header_end = body.index(b"\n", len(_MAGIC))
        entries: list[dict[str, Any]] = json.loads(body[len(_MAGIC) : header_end])
        arrays: dict[str, np.ndarray] = {}
        start = header_end + 1
        for entry in entries:
            end = start + entry["bytes"]
            name = entry["name"]
            wanted = names is None or name.removeprefix(prefix) in names
            if name.startswith(prefix) and wanted:
                blob = memoryview(body)[start:end]
                raw = zlib.decompress(blob) if entry["deflated"] else bytes(blob)
                array = np.frombuffer(raw, dtype=np.dtype(entry["dtype"]))
                arrays[name] = array.reshape(entry["shape"])
            start = end
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
            }
        )
        blobs.append(blob)
    return b"".join([_MAGIC, json.dumps(entries).encode(), b"\n", *blobs])


def _checked_body(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise VerificationError(
            f"{path}: expected a stored tile, got {fault}. Run again."
        ) from fault
    body, stored = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if not body.startswith(_MAGIC) or hashlib.sha256(body).digest() != stored:
        raise VerificationError(
            f"{path}: the stored tile is not what was written. Delete it and run again."
        )
    return body
