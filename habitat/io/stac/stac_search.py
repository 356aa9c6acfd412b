"""Items of a STAC catalogue: every page, counted, and "none" told from "broken"."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from habitat.domain.errors import RemoteError
from habitat.domain.period import Period
from habitat.io.net.http import BadBodyError, Http
from habitat.io.net.http_policy import Reply, Request
from habitat.io.secrets import safe_url
from habitat.io.stac.stac_static import first_item, is_static, walk_items

logger = logging.getLogger(__name__)

MAX_PAGES = 1_000
MAX_ITEMS = 50_000
_PAGE_ITEMS = 100
_MAX_PAGE_BYTES = 64 << 20
_JSON = ("application/json", "application/geo+json")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A collection of a STAC API, or a static catalogue.

    Attributes
    ----------
    url : str
        Root of the API, or a ``catalog.json`` or ``collection.json`` of a static catalogue.
    collection : str
        Id of the collection; may be empty for a static catalogue.
    """

    url: str
    collection: str


def search_items(
    http: Http,
    catalogue: Catalogue,
    period: Period,
    bbox: tuple[float, float, float, float],
) -> list[dict[str, Any]]:
    """Return the items of a period that touch a box, each id once, sorted by id.

    Parameters
    ----------
    bbox : tuple of float
        West, south, east, north [degrees].

    Raises
    ------
    RemoteError
        If fewer items come than the catalogue counted, the pages do not end, or the catalogue
        has nothing at all, which means that it is broken and not that there are no scenes.
    """
    if is_static(catalogue.url):
        return walk_items(http, catalogue.url, period, bbox, collection=catalogue.collection)
    query = {
        "collections": [catalogue.collection],
        "bbox": list(bbox),
        "datetime": f"{period.start}T00:00:00Z/{period.end}T23:59:59.999999Z",
        "limit": _PAGE_ITEMS,
    }
    found: dict[str, dict[str, Any]] = {}
    matched = 0
    for page in _pages(http, catalogue, query):
        matched = max(matched, _matched(page))
        for item in page["features"]:
            found[item["id"]] = item
        if len(found) > MAX_ITEMS:
            raise RemoteError(
                f"{safe_url(catalogue.url)}: expected at most {MAX_ITEMS} items, got more. "
                "Ask for a shorter period."
            )
    if len(found) < matched:
        raise RemoteError(
            f"{safe_url(catalogue.url)}: expected the {matched} items that the catalogue counts, "
            f"got {len(found)}; pages are missing. Run again later."
        )
    if not found:
        any_item(http, catalogue)
    return [found[key] for key in sorted(found)]


def any_item(http: Http, catalogue: Catalogue) -> dict[str, Any]:
    """Return any one item of any date.

    Raises
    ------
    RemoteError
        If there is none, which means that the catalogue is broken.
    """
    if is_static(catalogue.url):
        return first_item(http, catalogue.url)
    query = {"collections": [catalogue.collection], "limit": 1}
    page = http.fetch(_search(catalogue, query), _decode_page)
    if not page["features"]:
        raise RemoteError(
            f"{safe_url(catalogue.url)}: expected at least one item of any date in the collection "
            f"{catalogue.collection!r}, got none; the catalogue is broken or the collection has "
            "another name. Check the name, or run again later."
        )
    item: dict[str, Any] = page["features"][0]
    return item


def _pages(http: Http, catalogue: Catalogue, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    request, body = _search(catalogue, query), query
    seen: set[tuple[str, bytes | None]] = set()
    for _ in range(MAX_PAGES):
        seen.add((request.url, request.body))
        page = http.fetch(request, _decode_page)
        yield page
        following = _next(page, request.url, body)
        if following is None:
            return
        request, body = following
        if (request.url, request.body) in seen:
            raise RemoteError(
                f"{safe_url(request.url)}: expected another page, got a link to one that was read "
                "before. The catalogue is broken; run again later."
            )
    raise RemoteError(
        f"{safe_url(catalogue.url)}: expected at most {MAX_PAGES} pages, got more. "
        "Ask for a shorter period."
    )


def _search(catalogue: Catalogue, query: dict[str, Any]) -> Request:
    return _post(catalogue.url.rstrip("/") + "/search", query)


def _post(url: str, body: Mapping[str, Any]) -> Request:
    return Request(
        url, "POST", {"Content-Type": "application/json"}, json.dumps(body).encode(),
        content_types=_JSON, max_bytes=_MAX_PAGE_BYTES,
    )  # fmt: skip


def _next(
    page: Mapping[str, Any], base: str, body: dict[str, Any]
) -> tuple[Request, dict[str, Any]] | None:
    """Return the request of the next page, as STAC API 1.0 has it: GET, or POST with merge."""
    links = [x for x in page.get("links") or [] if isinstance(x, dict) and x.get("rel") == "next"]
    if not links:
        return None
    link = links[0]
    url = urljoin(base, str(link.get("href", "")))
    if str(link.get("method", "GET")).upper() != "POST":
        return Request(url, content_types=_JSON, max_bytes=_MAX_PAGE_BYTES), body
    asked = dict(link.get("body") or {})
    merged = {**body, **asked} if link.get("merge") else asked or body
    return _post(url, merged), merged


def _decode_page(reply: Reply) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(reply.body)
    features = page.get("features") if isinstance(page, dict) else None
    if not isinstance(features, list):
        raise BadBodyError("expected a FeatureCollection, got JSON of another kind")
    if not all(isinstance(f, dict) and isinstance(f.get("id"), str) for f in features):
        raise BadBodyError("expected features with an id, got others")
    return page


def _matched(page: Mapping[str, Any]) -> int:
    """Return how many items the catalogue counts, 0 where it does not say."""
    context = page.get("context")
    for value in (page.get("numberMatched"), isinstance(context, dict) and context.get("matched")):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return 0
