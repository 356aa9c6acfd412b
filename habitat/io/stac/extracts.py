"""Dated extracts of a map that a STAC catalogue lists, fetched whole."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from habitat.domain.errors import InputError
from habitat.domain.period import Period
from habitat.io.durable import atomic_write_bytes, sha256_file
from habitat.io.net.download_cache import DownloadCache, request_key
from habitat.io.net.http import BadBodyError, Http
from habitat.io.net.http_policy import Reply, Request
from habitat.io.scenes import stac_item
from habitat.io.secrets import safe_url, unsigned
from habitat.io.stac.stac_search import Catalogue, search_items
from habitat.io.vector.polygon_file import is_geopackage

#: No map is older.
FIRST_DAY = date(1900, 1, 1)
NOT_STATED = "not stated"
_SUFFIXES = {
    "application/geopackage+sqlite3": ".gpkg",
    "application/geo+json": ".geojson",
}
_GEOPACKAGE = ".gpkg"

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Extract:
    """One item of the catalogue.

    Attributes
    ----------
    item_id : str
        Its id.
    day : date
        For which the map is right, UTC.
    href : str
        Address of the file, absolute.
    suffix : str
        ``.gpkg`` or ``.geojson``.
    licence : str
        As the item states it, else :data:`NOT_STATED`.
    sha256 : str or None
        Declared hash, hex.
    size : int or None
        Declared size [bytes].
    """

    item_id: str
    day: date
    href: str
    suffix: str
    licence: str = NOT_STATED
    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Extracts:
    """The extracts of a catalogue.

    Attributes
    ----------
    http : Http
        Client.
    catalogue : Catalogue
        Where to search.
    cache : DownloadCache
        Keeps answers and files; offline nothing else is read.
    asset : str
        Name of the asset to take; empty: the only GeoPackage or GeoJSON of the item.
    max_bytes : int
        Longest file.
    """

    http: Http
    catalogue: Catalogue
    cache: DownloadCache
    asset: str = ""
    max_bytes: int = 400_000_000

    def search(self, until: date, box: Box) -> list[Extract]:
        """Return the extracts of a day or before that touch a box, sorted by day and id.

        Parameters
        ----------
        until : date
            Last day.
        box : tuple of float
            West, south, east, north [degrees].

        Raises
        ------
        RemoteError
            If the catalogue does not answer or is broken, or offline if it was not asked before.
        InputError
            If an item has no day or not one file that can be taken.
        """
        label = self._label(until)
        key = self._key(until, box)
        if self.cache.offline:
            return _kept(self.cache.fetch(key, bytes, label=label))
        items = search_items(self.http, self.catalogue, Period(FIRST_DAY, until), box)
        found = sorted((self._extract(item) for item in items), key=lambda x: (x.day, x.item_id))
        rows = [asdict(x) | {"day": str(x.day), "href": unsigned(x.href)} for x in found]
        self.cache.put(key, json.dumps(rows).encode(), label=label)
        return found

    def known(self, until: date, box: Box) -> list[Extract] | None:
        """Return what the last search found; None if there was none. Asks nobody."""
        body = self.cache.get(self._key(until, box))
        return None if body is None else _kept(body)

    def known_sha256(self, extract: Extract) -> str | None:
        """Return the hash of a file, hex, if it was fetched before or is declared."""
        body = self.cache.get(_file_key(extract))
        return extract.sha256 if body is None else hashlib.sha256(body).hexdigest()

    def fetch(self, extract: Extract, folder: Path) -> Path:
        """Return the file of an extract, named by its hash, in a folder.

        Raises
        ------
        InputError
            If the item says that it is too large.
        RemoteError
            If it does not come whole and as declared, or offline if it was not fetched before.
        ResourceError
            If it cannot be written.
        """
        where = safe_url(extract.href)
        if extract.size is not None and extract.size > self.max_bytes:
            raise InputError(
                f"{where}: expected at most {self.max_bytes // 10**6} MB, the item says "
                f"{extract.size / 1e6:.0f} MB; name a smaller extract"
            )
        request = Request(extract.href, max_bytes=self.max_bytes)

        def download() -> bytes:
            return self.http.fetch(request, lambda reply: _checked(reply, extract))

        body = self.cache.fetch(_file_key(extract), download, label=where)
        sha256 = hashlib.sha256(body).hexdigest()
        path = folder / f"{sha256}{extract.suffix}"
        if not path.is_file() or sha256_file(path) != sha256:
            folder.mkdir(parents=True, exist_ok=True)
            atomic_write_bytes(path, body)
        return path

    def _label(self, until: date) -> str:
        return f"extracts of {safe_url(self.catalogue.url)} until {until}"

    def _key(self, until: date, box: Box) -> str:
        rounded = [round(value, 7) for value in box]
        asked = {"what": "extracts", "until": str(until), "bbox": rounded, "asset": self.asset}
        return request_key(asked | asdict(self.catalogue))

    def _extract(self, item: Mapping[str, Any]) -> Extract:
        properties = item.get("properties") or {}
        asset, suffix = self._asset(item)
        return Extract(
            str(item["id"]),
            _day(item["id"], properties.get("datetime")),
            urljoin(_address(item) or self.catalogue.url, str(asset["href"])),
            suffix,
            str(properties.get("license") or NOT_STATED),
            stac_item.sha256(asset),
            stac_item.size(asset),
        )

    def _asset(self, item: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
        fit = []
        for name, asset in (item.get("assets") or {}).items():
            named = isinstance(asset, dict) and asset.get("href") and self.asset in ("", name)
            if named and (suffix := _suffix(asset)):
                fit.append((asset, suffix))
        if len(fit) != 1:
            which = f"an asset {self.asset!r}" if self.asset else "one asset"
            raise InputError(
                f"item {item['id']!r} of {safe_url(self.catalogue.url)}: expected {which} that is "
                f"a GeoPackage or GeoJSON, got {len(fit)} among {list(item.get('assets') or {})}; "
                "name it with the key asset, or another collection"
            )
        return fit[0]


def _suffix(asset: Mapping[str, Any]) -> str:
    """Return how the file of an asset is read; empty if it is not."""
    kind = str(asset.get("type") or "").partition(";")[0].strip()
    named = PurePosixPath(urlsplit(str(asset["href"])).path).suffix.lower()
    return _SUFFIXES.get(kind) or (named if named in _SUFFIXES.values() else "")


def _day(item_id: str, text: Any) -> date:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC).date()
    except ValueError:
        raise InputError(
            f"item {item_id!r}: expected a datetime that says for which day the map is right, got "
            f"{text!r}; correct the item or name another collection"
        ) from None


def _address(item: Mapping[str, Any]) -> str:
    links = [link for link in item.get("links") or [] if isinstance(link, dict)]
    return next((str(link.get("href", "")) for link in links if link.get("rel") == "self"), "")


def _kept(body: bytes) -> list[Extract]:
    rows = [Extract(**row) for row in json.loads(body)]
    return [replace(row, day=date.fromisoformat(str(row.day))) for row in rows]


def _file_key(extract: Extract) -> str:
    """Return the key of a file: a corrected item with another hash or size is another file."""
    asked = {"url": unsigned(extract.href), "sha256": extract.sha256, "size": extract.size}
    return request_key({"what": "extract"} | asked)


def _checked(reply: Reply, extract: Extract) -> bytes:
    """Return a body that is whole and what the item says."""
    body = reply.body
    if extract.size is not None and len(body) != extract.size:
        raise BadBodyError(f"expected {extract.size} bytes as the item says, got {len(body)}")
    if extract.sha256 is not None and hashlib.sha256(body).hexdigest() != extract.sha256:
        raise BadBodyError("expected the SHA-256 that the item says, got another")
    if extract.suffix == _GEOPACKAGE:
        _check_geopackage(body)
    elif not isinstance(json.loads(body), dict):
        raise BadBodyError("expected a GeoJSON object, got another")
    return body


def _check_geopackage(body: bytes) -> None:
    """Compare the length with the pages that the header counts (SQLite file format, 1.3)."""
    if not is_geopackage(body[:100]) or len(body) < 100:  # noqa: PLR2004  # length of the header
        raise BadBodyError("expected a GeoPackage, got other content")
    page = int.from_bytes(body[16:18])
    counted = int.from_bytes(body[28:32]) * (65_536 if page == 1 else page)
    if body[24:28] == body[92:96] and counted > len(body):
        raise BadBodyError(f"expected a GeoPackage of {counted} bytes, got {len(body)}")
