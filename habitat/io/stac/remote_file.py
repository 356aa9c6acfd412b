"""A file behind a URL, read block by block through the one HTTP policy and the cache.

GDAL's own network reader is not used: it knows neither our hosts, deadlines and tokens nor the
hashes of what was read before.
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import rasterio
from rasterio.errors import RasterioError

from habitat.domain.errors import HabitatError, SceneError
from habitat.io.net.download_cache import DownloadCache, request_key
from habitat.io.net.http import BadBodyError, Http
from habitat.io.net.http_policy import Reply, Request
from habitat.io.scenes.scene_raster import check_caps
from habitat.io.secrets import safe_url, unsigned

#: A block of a COG is 100 to 500 kB; smaller pieces cost round trips, larger ones bytes.
BLOCK_BYTES = 1 << 18
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_PARTIAL = 206
#: What GDAL calls the file.
_NAME = "remote.tif"
_ENV: dict[str, Any] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": False,
    "GDAL_GEOREF_SOURCES": "INTERNAL",
    "GTIFF_IGNORE_READ_ERRORS": "NO",
}


@dataclass(frozen=True, slots=True)
class Remote:
    """How files behind URLs are read.

    Attributes
    ----------
    http : Http
        Client.
    cache : DownloadCache
        Where blocks are kept.
    sign : callable
        Returns the URL to ask for, with a signature where the provider wants one; keys of the
        cache use the plain URL.
    """

    http: Http
    cache: DownloadCache
    sign: Callable[[str], str] = str


class RemoteFile:
    """A file of blocks; faults are kept in ``faults``, since GDAL would swallow them."""

    def __init__(self, remote: Remote, url: str) -> None:
        self._remote, self._url, self._name = remote, url, unsigned(url)
        self.faults: list[HabitatError] = []
        self._blocks: dict[int, bytes] = {}
        self._identity, self._size = "", 0
        self._identity, self._size = self._first()

    @property
    def url(self) -> str:
        """Address, as given."""
        return self._url

    @property
    def size(self) -> int:
        """Bytes."""
        return self._size

    @property
    def identity(self) -> str:
        """ETag, or date of change, and size: another text means another content."""
        return f"{self._identity}:{self._size}"

    @property
    def _identity_key(self) -> str:
        return request_key({"url": self._name, "what": "identity"})

    def _first(self) -> tuple[str, int]:
        """Return identity and size from the cached header record, else from the service."""
        text = self._remote.cache.fetch(
            self._identity_key, self._ask_identity, label=f"{safe_url(self._url)} identity"
        )
        identity, _, size = text.decode().rpartition("\n")
        return identity, int(size)

    def _ask_identity(self) -> bytes:
        identity, size, _ = self._range(0, 1)
        return f"{identity}\n{size}".encode()

    def _range(self, start: int, stop: int) -> tuple[str, int, bytes]:
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        request = Request(self._remote.sign(self._url), headers=headers, max_bytes=BLOCK_BYTES)

        def check(reply: Reply) -> tuple[str, int, bytes]:
            match = _CONTENT_RANGE.fullmatch(reply.headers.get("Content-Range", ""))
            if reply.status != _PARTIAL or match is None:
                raise BadBodyError("expected a part of the file, got no byte range")
            first, last, size = (int(text) for text in match.groups())
            if first != start or last != min(stop, size) - 1 or len(reply.body) != last - first + 1:
                raise BadBodyError(f"expected bytes {start} to {stop - 1}, got {match[0]}")
            tag = reply.headers.get("ETag") or reply.headers.get("Last-Modified") or ""
            if self._size and (tag, size) != (self._identity, self._size):
                self._remote.cache.drop(self._identity_key)
                raise SceneError(
                    f"{safe_url(self._url)}: expected the file as it was first read, got another; "
                    "it was replaced at the service. Run again to use the new one."
                )
            return tag, size, reply.body

        return self._remote.http.fetch(request, check)

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            start = number * BLOCK_BYTES
            stop = min(start + BLOCK_BYTES, self._size)
            key = request_key({"url": self._name, "identity": self.identity, "block": number})
            body = self._remote.cache.fetch(
                key,
                lambda: self._range(start, stop)[2],
                label=f"{safe_url(self._url)} block {number}",
            )
            self._blocks[number] = body
        return self._blocks[number]

    def read(self, start: int, stop: int) -> bytes:
        """Return bytes ``start`` to ``stop``; none after a fault."""
        parts: list[bytes] = []
        try:
            while start < stop:
                number, inside = divmod(start, BLOCK_BYTES)
                parts.append(self._block(number)[inside : inside + stop - start])
                start += len(parts[-1])
        except HabitatError as error:
            self.faults.append(error)
            return b""
        return b"".join(parts)


class _Cursor(io.RawIOBase):
    """A place in a remote file, as Python's file objects have it."""

    def __init__(self, file: RemoteFile) -> None:
        super().__init__()
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        stop = self._file.size if size < 0 else min(self._at + size, self._file.size)
        data = self._file.read(self._at, stop)
        self._at += len(data)
        return data


@contextmanager
def open_remote_raster(file: RemoteFile) -> Iterator[Any]:
    """Open a GeoTIFF behind a URL.

    Yields
    ------
    rasterio.DatasetReader
        Driver pinned, within the caps of :mod:`habitat.io.scenes.scene_raster`; only the bytes of
        the windows read are fetched.

    Raises
    ------
    SceneError
        If it is no GeoTIFF, too large or damaged.
    RemoteError, QuotaError, CredentialsError
        Of the service.
    """
    label = safe_url(file.url)

    def opener(path: str, mode: str = "rb", **_options: Any) -> _Cursor:
        if mode != "rb" or not path.endswith(_NAME):  # no sidecar exists
            raise FileNotFoundError(path)
        return _Cursor(file)

    try:
        with (
            rasterio.Env(**_ENV),
            rasterio.open(_NAME, driver="GTiff", opener=opener) as dataset,
        ):
            check_caps(dataset, label)
            yield dataset
    except RasterioError as error:
        if not file.faults:
            raise SceneError(f"{label}: expected a complete GeoTIFF: {error}") from error
    finally:
        if file.faults:
            raise file.faults[0]
