"""Items of a static STAC catalogue: JSON files that link to each other, without a search.

Links are followed breadth first. A collection whose declared extent lies outside the period or the
box is not opened; every item that is linked must be there, since nothing else counts them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from habitat.domain.errors import RemoteError
from habitat.domain.period import Period
from habitat.io.net.http import BadBodyError, Http
from habitat.io.net.http_policy import Reply, Request
from habitat.io.secrets import safe_url

#: A year of one zone has some hundred items in some ten catalogues.
MAX_DOCUMENTS = 20_000
MAX_DEPTH = 12
_MAX_BYTES = 16 << 20
_JSON = ("application/json", "application/geo+json", "text/plain", "application/octet-stream")
_BOX_LENGTH = 4

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Document:
    """A file of the catalogue and where it was read."""

    url: str
    content: Mapping[str, Any]

    @property
    def is_item(self) -> bool:
        return self.content.get("type") == "Feature"

    def links(self, *relations: str) -> Iterator[str]:
        """Yield the addresses of links, without fragment."""
        for link in self.content.get("links") or []:
            if isinstance(link, dict) and link.get("rel") in relations and link.get("href"):
                yield urljoin(self.url, str(link["href"])).partition("#")[0]


def is_static(url: str) -> bool:
    """Say whether an address is a file of a static catalogue and not the root of an API."""
    return urlsplit(url).path.lower().endswith(".json")


def walk_items(
    http: Http, url: str, period: Period, bbox: Box, *, collection: str = ""
) -> list[dict[str, Any]]:
    """Return the items of a period that touch a box, each id once, sorted by id.

    Parameters
    ----------
    http : Http
        Client; links that lead to other hosts than its policy allows are errors.
    url : str
        A ``catalog.json`` or ``collection.json``.
    period : Period
        Of the acquisition.
    bbox : tuple of float
        West, south, east, north [degrees].
    collection : str
        Only items of this collection; empty for all.

    Returns
    -------
    list of dict
        Items; each has its own address as its only link.

    Raises
    ------
    RemoteError
        If a linked file is missing or no STAC, two items have one id, the links do not end, or
        the catalogue has no items at all, which means that it is broken.
    """

    def wanted(document: _Document) -> bool:
        return _may_hold(document.content, period, bbox)

    found: dict[str, _Document] = {}
    for document in _walk(http, url, wanted):
        content = document.content
        if collection and content.get("collection") != collection:
            continue
        if not _in_period(content, period) or not _touches(content.get("bbox"), bbox):
            continue
        other = found.setdefault(str(content["id"]), document)
        if other.url != document.url and other.content != content:
            raise RemoteError(
                f"{safe_url(document.url)}: expected another id than {safe_url(other.url)} has, "
                f"got {content['id']!r} twice. The catalogue is broken; tell its maker."
            )
    return [_with_address(found[key]) for key in sorted(found)]


def first_item(http: Http, url: str) -> dict[str, Any]:
    """Return an item of a static catalogue, by the first way down.

    Raises
    ------
    RemoteError
        If it leads to none.
    """
    document = _read(http, url)
    for _ in range(MAX_DEPTH):
        if document.is_item:
            return _with_address(document)
        below = [*document.links("item"), *document.links("child")]
        if not below:
            break
        document = _read(http, below[0])
    raise RemoteError(
        f"{safe_url(document.url)}: expected links to items, got none. Check the address."
    )


def _walk(http: Http, url: str, wanted: Callable[[_Document], bool]) -> Iterator[_Document]:
    """Yield the items level by level; counts the links, so that none is lost."""
    level, seen, linked = [url], {url}, 0
    pruned = False
    with ThreadPoolExecutor(http.policy.per_host) as pool:
        for _ in range(MAX_DEPTH):
            documents = list(pool.map(lambda address: _read(http, address), level))
            yield from (document for document in documents if document.is_item)
            opened = [d for d in documents if not d.is_item and wanted(d)]
            pruned |= len(opened) < sum(not document.is_item for document in documents)
            linked += sum(document.is_item for document in documents)
            level = _new_links(opened, seen)
            if len(seen) > MAX_DOCUMENTS:
                raise RemoteError(
                    f"{safe_url(url)}: expected at most {MAX_DOCUMENTS} files in the catalogue, "
                    "got more. Name a collection.json further down."
                )
            if not level:
                break
    if level or not (linked or pruned):
        what = f"more than {MAX_DEPTH} levels" if level else "none"
        raise RemoteError(
            f"{safe_url(url)}: expected a catalogue that links to items, got {what}. "
            "Check the address."
        )


def _new_links(documents: Sequence[_Document], seen: set[str]) -> list[str]:
    fresh: dict[str, None] = {}
    for document in documents:
        for address in document.links("child", "item"):
            if address not in seen:
                fresh[address] = None
    seen.update(fresh)
    return list(fresh)


def _read(http: Http, url: str) -> _Document:
    request = Request(url, content_types=_JSON, max_bytes=_MAX_BYTES)
    return _Document(url, http.fetch(request, _decode))


def _decode(reply: Reply) -> Mapping[str, Any]:
    content = json.loads(reply.body)
    kind = content.get("type") if isinstance(content, dict) else None
    if kind not in {"Catalog", "Collection", "Feature"} or not isinstance(content.get("id"), str):
        raise BadBodyError(
            "expected a STAC catalogue, collection or item, got JSON of another kind"
        )
    mapping: Mapping[str, Any] = content
    return mapping


def _with_address(document: _Document) -> dict[str, Any]:
    """Return an item whose hrefs start where it was read, whatever it says of itself."""
    return {**document.content, "links": [{"rel": "self", "href": document.url}]}


def _may_hold(content: Mapping[str, Any], period: Period, bbox: Box) -> bool:
    """Say whether items inside can match: false only where a collection's extent says no."""
    extent = content.get("extent")
    if not isinstance(extent, dict):
        return True
    boxes = (extent.get("spatial") or {}).get("bbox") or [None]
    spans = (extent.get("temporal") or {}).get("interval") or [[None, None]]
    return any(_touches(box, bbox) for box in boxes[:1]) and any(
        _overlaps(span, period) for span in spans[:1]
    )


def _overlaps(span: Any, period: Period) -> bool:
    low, high = (_time(text) for text in span) if isinstance(span, list) else (None, None)
    return not (
        (low is not None and low.date() > period.end)
        or (high is not None and high.date() < period.start)
    )


def _in_period(item: Mapping[str, Any], period: Period) -> bool:
    properties = item.get("properties") or {}
    when = _time(properties.get("datetime") or properties.get("start_datetime"))
    return when is None or when.date() in period  # one without a time is refused by name later


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None


def _touches(box: Any, bbox: Box) -> bool:
    """Say whether a box touches another; one that is not declared may."""
    if isinstance(box, list) and len(box) == 2 * _BOX_LENGTH - 2:  # three dimensions
        box = [*box[:2], *box[3:5]]
    if not isinstance(box, list) or len(box) != _BOX_LENGTH:
        return True
    west, south, east, north = (float(value) for value in box)
    if not (west <= bbox[2] and south <= bbox[3] and north >= bbox[1]):
        return west > east  # over the antimeridian
    return east >= bbox[0] or west > east
