"""What was downloaded, kept by content: a request's key names a hash, the hash names a file."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from habitat.domain.errors import RemoteError
from habitat.io.durable import atomic_write_bytes, local_resources
from habitat.io.secrets import mask

logger = logging.getLogger(__name__)


def request_key(parts: dict[str, Any]) -> str:
    """Return the SHA-256 [hex] of what a request asks for; never put a secret or signature in."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One download.

    Attributes
    ----------
    key : str
        Of the request.
    sha256 : str
        Of the body, hex.
    size : int
        Bytes.
    label : str
        What it is, for people.
    intact : bool or None
        Whether the body is there as it was written; None where not looked at.
    """

    key: str
    sha256: str
    size: int
    label: str
    intact: bool | None = None


@dataclass(frozen=True, slots=True)
class DownloadCache:
    """Downloads under one folder; many threads and processes may use it at once.

    Attributes
    ----------
    root : Path
        Made when first written to.
    offline : bool
        Nothing is downloaded; what is missing is an error.
    """

    root: Path
    offline: bool = False

    def get(self, key: str) -> bytes | None:
        """Return a body whose hash is right, or None; a damaged one is dropped."""
        entry = self._entry(self._key_path(key))
        if entry is None:
            return None
        body = self._intact_body(entry)
        if body is None:
            logger.warning("cache: %s is damaged and is fetched again", entry.label or key)
            self.drop(key)
        return body

    def put(self, key: str, body: bytes, *, label: str) -> None:
        """Keep a body that was decoded and checked.

        Raises
        ------
        ResourceError
            If it cannot be written.
        """
        sha256 = hashlib.sha256(body).hexdigest()
        path = self._body_path(sha256)
        with local_resources("writing", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._key_path(key).parent.mkdir(parents=True, exist_ok=True)
        atomic_write_bytes(path, body)
        record = {"sha256": sha256, "size": len(body), "label": mask(label)}
        atomic_write_bytes(self._key_path(key), json.dumps(record, sort_keys=True).encode())

    def fetch(self, key: str, download: Callable[[], bytes], *, label: str) -> bytes:
        """Return the body of a request from the cache, else download and keep it.

        Parameters
        ----------
        download : callable
            Returns a body that was decoded and checked.

        Raises
        ------
        RemoteError
            If it is not in the cache and this is offline.
        """
        body = self.get(key)
        if body is not None:
            return body
        if self.offline:
            raise RemoteError(
                f"{mask(label)}: expected it in the cache {self.root}, since this run is offline; "
                "it is not there. Run once without --offline."
            )
        body = download()
        self.put(key, body, label=label)
        return body

    def entries(self, *, verify: bool = False) -> Iterator[CacheEntry]:
        """Yield what is kept, sorted by key; with ``verify`` every body is hashed."""
        for path in sorted(self.root.glob("keys/*/*.json")):
            entry = self._entry(path)
            if entry is None:
                yield CacheEntry(path.stem, "", 0, "unreadable record", intact=False)
            elif verify:
                intact = self._intact_body(entry) is not None
                yield CacheEntry(entry.key, entry.sha256, entry.size, entry.label, intact)
            else:
                yield entry

    def prune(self, *, max_bytes: int) -> int:
        """Drop the oldest downloads until the rest is no larger; return the bytes freed."""
        files = [(p.stat(), p) for p in self.root.glob("bodies/*/*") if p.is_file()]
        total = before = sum(stat.st_size for stat, _ in files)
        gone: set[str] = set()
        for stat, path in sorted(files, key=lambda f: (f[0].st_mtime_ns, f[1].name)):
            if total <= max_bytes:
                break
            path.unlink(missing_ok=True)
            gone.add(path.name)
            total -= stat.st_size
        for entry in list(self.entries()):
            if entry.sha256 in gone or not self._body_path(entry.sha256).is_file():
                self.drop(entry.key)
        return before - total

    def _key_path(self, key: str) -> Path:
        return self.root / "keys" / key[:2] / f"{key}.json"

    def _body_path(self, sha256: str) -> Path:
        return self.root / "bodies" / sha256[:2] / sha256

    def drop(self, key: str) -> None:
        """Forget a download."""
        with suppress(OSError):
            self._key_path(key).unlink()

    def _intact_body(self, entry: CacheEntry) -> bytes | None:
        try:
            body = self._body_path(entry.sha256).read_bytes()
        except OSError:
            return None
        return body if hashlib.sha256(body).hexdigest() == entry.sha256 else None

    @staticmethod
    def _entry(path: Path) -> CacheEntry | None:
        try:
            record = json.loads(path.read_bytes())
            return CacheEntry(
                path.stem, str(record["sha256"]), int(record["size"]), str(record["label"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
