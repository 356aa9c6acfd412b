"""The files of scenes behind URLs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from habitat.domain.errors import RequestRefusedError, SceneError
from habitat.domain.radar import RADAR_BANDS
from habitat.io.net.download_cache import request_key
from habitat.io.scenes.scene_files import OpenFile
from habitat.io.scenes.scene_raster import RasterHeader, read_header
from habitat.io.scenes.stac_item import AssetRecord, DeclaredGrid, ItemRecord
from habitat.io.secrets import safe_url, unsigned
from habitat.io.stac.remote_file import Remote, RemoteFile, open_remote_raster

_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class RemoteFiles:
    """Files behind URLs, implements :class:`habitat.io.scenes.scene_files.SceneFiles`.

    Names are URLs as the catalogue gives them. What an item declares is trusted until pixels are
    read, since opening each file of a year of scenes would cost more than the search itself.

    Attributes
    ----------
    remote : Remote
        How they are read.
    """

    remote: Remote

    def resolve(self, base: str, href: str) -> str:
        """Return the URL of a file on one of the allowed hosts."""
        url = _of_bucket(urljoin(base, href))
        if urlsplit(url).scheme not in {"http", "https"}:
            raise SceneError(
                f"asset {href[:120]!r}: expected an https or s3 address, got another; use a "
                "catalogue whose files are public, or the source 'folder'"
            )
        self.remote.http.policy.check_url(url)
        return url

    def label(self, name: str) -> str:
        """Return the address without its query."""
        return safe_url(name)

    @contextmanager
    def open(self, name: str) -> Iterator[OpenFile]:
        """Open a file; one that the service no longer has is the fault of the scene."""
        try:
            file = RemoteFile(self.remote, name)
            with open_remote_raster(file) as dataset:
                yield OpenFile(dataset, self.label(name), (unsigned(name), file.identity))
        except RequestRefusedError as error:
            if error.status not in _GONE:
                raise
            raise SceneError(
                f"{self.label(name)}: expected the file that the catalogue names, got status "
                f"{error.status}; it was withdrawn, so search again later"
            ) from error

    def header(self, name: str, asset: AssetRecord) -> RasterHeader:
        """Return what the item declares, else what the file says."""
        declared = _declared(asset.grid, asset.band_index, asset.name)
        if declared is not None:
            return declared
        with self.open(name) as file:
            return read_header(file.dataset, file.label)

    def checksum(self, name: str, asset: AssetRecord, record: ItemRecord) -> str:
        """Return ``file:checksum``, else address, size and processing time, else size and ETag."""
        if asset.sha256 is not None:
            return asset.sha256
        if record.made:
            return request_key({"url": unsigned(name), "size": asset.size, "made": record.made})
        identity = RemoteFile(self.remote, name).identity
        return request_key({"url": unsigned(name), "identity": identity})


def _of_bucket(url: str) -> str:
    """Return the https address of an object in a public bucket; any other URL as it is.

    Virtual-hosted style (Amazon S3 User Guide, "Methods for accessing a bucket").
    """
    parts = urlsplit(url)
    if parts.scheme != "s3":
        return url
    return f"https://{parts.netloc}.s3.amazonaws.com{quote(parts.path)}"


def _declared(grid: DeclaredGrid, bands: int, name: str) -> RasterHeader | None:
    """Return the header that an item declares; None where it leaves something out."""
    if grid.epsg is None or grid.transform is None or grid.shape is None:
        return None
    dx, b, x0, d, dy, y0 = grid.transform
    if b or d or dx <= 0 or dy >= 0:
        return None
    # The dtype is checked against the file when it is read.
    dtype = "float32" if name in RADAR_BANDS else "uint16"
    return RasterHeader(grid.epsg, x0, y0, dx, -dy, *grid.shape, (dtype,) * bands, None)
