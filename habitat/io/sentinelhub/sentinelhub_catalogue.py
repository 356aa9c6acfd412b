"""Answers of Sentinel Hub's catalogue: pages checked, items to acquisitions.

The Process API stitches the squares of one datatake, so an acquisition is one scene here: it is
asked for by its time, and a look of the zone is one request per rectangle, whatever the squares.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from habitat.domain.bands import BASELINE_0400_OFFSET_DN, S2_BANDS
from habitat.domain.errors import RemoteError
from habitat.domain.product_name import OFFSET_BASELINE, SCL, find_product
from habitat.domain.scene import Asset, RefusedScene, SceneItem
from habitat.io.projection import WGS84, reproject
from habitat.io.sentinelhub.sentinelhub_requests import PAGE_SIZE, TIME_SLACK, Search

#: Pages of one search at most: 20,000 items in a month would be a fault.
MAX_PAGES = 200
#: Bands of Sentinel-2 L2A.
L2A_BANDS = tuple(name for name in S2_BANDS if name != "B10")

#: Sends one body, returns the decoded JSON object.
Send = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Record:
    """One item of the catalogue.

    Attributes
    ----------
    item_id : str
        Product name.
    acquired : datetime
        Sensing time of the square, UTC.
    mission, datatake, mgrs_tile, baseline : str
        From the product name.
    footprint : shapely geometry
        Longitude and latitude.
    cloud_percent : float or None
        Of the square, as the catalogue says.
    """

    item_id: str
    acquired: datetime
    mission: str
    datatake: str
    mgrs_tile: str
    baseline: str
    footprint: BaseGeometry
    cloud_percent: float | None


@dataclass(frozen=True, slots=True)
class Acquisition:
    """All squares of one datatake that touch the AOI.

    Attributes
    ----------
    item : SceneItem
        As the rest of habitat sees it; its checksum names the records and where they come from.
    first, last : datetime
        Sensing times of the first and last square, UTC.
    footprint : shapely geometry
        Union of the squares' footprints in the project CRS [m].
    records : tuple of str
        Product names, sorted.
    """

    item: SceneItem
    first: datetime
    last: datetime
    footprint: BaseGeometry
    records: tuple[str, ...]


def fetch_pages(search: Search, send: Send) -> list[dict[str, Any]]:
    """Return all features of a search.

    Raises
    ------
    RemoteError
        If a page is no page, its count is not what it says, a page repeats, an item comes twice
        with other content, or the pages do not end: few items must never pass for all.
    """
    features: dict[str, dict[str, Any]] = {}
    seen: set[int] = set()
    position: int | None = None
    for _ in range(MAX_PAGES):
        body = dict(search.body) if position is None else {**search.body, "next": position}
        page = send(search.url, body)
        found, position = _page(page, search.url)
        for feature in found:
            known = features.setdefault(str(feature.get("id")), feature)
            if known != feature:
                raise _fault(search.url, f"item {feature.get('id')} twice with other content")
        if position is None:
            return list(features.values())
        if not found or position in seen:
            raise _fault(search.url, f"page {position} again or after an empty one")
        seen.add(position)
    raise _fault(search.url, f"more than {MAX_PAGES} pages")


def _page(page: Mapping[str, Any], url: str) -> tuple[list[dict[str, Any]], int | None]:
    """Return the features of a page and where the next one starts."""
    features, context = page.get("features"), page.get("context")
    if not isinstance(features, list) or not isinstance(context, Mapping):
        raise _fault(url, "a page without features or context")
    if not all(isinstance(feature, dict) for feature in features):
        raise _fault(url, "a feature that is no object")
    returned, following = context.get("returned"), context.get("next")
    if returned is not None and returned != len(features):
        raise _fault(url, f"{len(features)} items on a page that says {returned}")
    if following is None and len(features) >= int(context.get("limit") or PAGE_SIZE) + 1:
        raise _fault(url, "more items than the page may hold")
    if following is not None and (isinstance(following, bool) or not isinstance(following, int)):
        raise _fault(url, f"next page {following!r}")
    return features, following


def _fault(url: str, got: str) -> RemoteError:
    return RemoteError(
        f"catalogue {url}: expected complete pages of items, got {got}. Nothing was bought. "
        "Run the same command later; if it stays, report it to the service."
    )


def parse_record(feature: Mapping[str, Any]) -> Record | RefusedScene:
    """Return the record of a feature, or why it cannot be used."""
    item_id = str(feature.get("id"))
    product = find_product(item_id)
    properties = feature.get("properties")
    if product is None or product.level != "L2A" or not isinstance(properties, Mapping):
        return RefusedScene(item_id, "expected the name of a Sentinel-2 L2A product as id")
    try:
        acquired = datetime.fromisoformat(str(properties.get("datetime")))
        footprint = shapely.from_geojson(json.dumps(feature.get("geometry")))
    except (ValueError, shapely.errors.GEOSException) as error:
        return RefusedScene(item_id, f"expected a date-time and a footprint, got {error}")
    if acquired.tzinfo is None or footprint is None or footprint.is_empty:
        return RefusedScene(item_id, "expected a date-time with time zone and a footprint")
    cloud = properties.get("eo:cloud_cover")
    return Record(
        item_id,
        acquired.astimezone(UTC),
        product.mission,
        product.datatake,
        product.mgrs_tile,
        product.baseline,
        shapely.make_valid(footprint),
        float(cloud) if isinstance(cloud, int | float) else None,
    )


def acquisitions(
    records: Iterable[Record], *, epsg: int, place: str
) -> tuple[list[Acquisition], list[RefusedScene]]:
    """Return one acquisition per datatake, by time, and what cannot be told apart.

    Parameters
    ----------
    records : iterable of Record
        Any order; a square's newest baseline counts, the two halves of a split square both do.
    epsg : int
        CRS of the project.
    place : str
        What of the service and the grid decides pixels; part of the checksum.
    """
    takes: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        takes.setdefault((record.mission, record.datatake), []).append(record)
    found: list[Acquisition] = []
    refused: list[RefusedScene] = []
    for group in takes.values():
        kept, superseded = _newest(group)
        refused += superseded
        made = _acquisition(kept, epsg, place)
        if isinstance(made, Acquisition):
            found.append(made)
        else:
            refused.append(made)
    found.sort(key=lambda a: (a.first, a.item.item_id))
    apart, mixed = _told_apart(found)
    return apart, sorted([*refused, *mixed], key=lambda s: (s.item_id, s.reason))


def _newest(group: Sequence[Record]) -> tuple[list[Record], list[RefusedScene]]:
    newest: dict[str, str] = {}
    for record in group:
        newest[record.mgrs_tile] = max(record.baseline, newest.get(record.mgrs_tile, ""))
    kept = [r for r in group if r.baseline == newest[r.mgrs_tile]]
    refused = [
        RefusedScene(r.item_id, f"superseded by baseline {newest[r.mgrs_tile]}")
        for r in group
        if r.baseline < newest[r.mgrs_tile]
    ]
    return sorted(kept, key=lambda r: r.item_id), refused


def _acquisition(records: Sequence[Record], epsg: int, place: str) -> Acquisition | RefusedScene:
    first = records[0]
    item_id = f"{first.mission}_{first.datatake}"
    offsets = {r.baseline >= OFFSET_BASELINE for r in records}
    if len(offsets) > 1:
        tiles = ", ".join(f"{r.mgrs_tile} {r.baseline}" for r in records)
        return RefusedScene(
            item_id,
            f"expected one offset in all squares of the datatake, got baselines {tiles}: "
            "stitched pixels could not be told apart",
        )
    offset = BASELINE_0400_OFFSET_DN if offsets.pop() else 0
    footprint = shapely.union_all([reproject(r.footprint, WGS84, epsg) for r in records])
    names = tuple(r.item_id for r in records)
    begin, end = min(r.acquired for r in records), max(r.acquired for r in records)
    recipe = json.dumps([place, names, begin.isoformat(), end.isoformat(), offset])
    x_min, y_min, x_max, y_max = footprint.bounds
    item = SceneItem(
        item_id=item_id,
        acquired=begin,
        mission=first.mission,
        datatake=first.datatake,
        mgrs_tile="",
        baseline=min(r.baseline for r in records),
        bounds=(x_min, y_min, x_max, y_max),
        assets={b: Asset(href="", offset_dn=offset) for b in L2A_BANDS} | {SCL: Asset(href="")},
        checksum=hashlib.sha256(recipe.encode()).hexdigest(),
    )
    return Acquisition(item, begin, end, footprint, names)


def _told_apart(
    found: Sequence[Acquisition],
) -> tuple[list[Acquisition], list[RefusedScene]]:
    """Keep acquisitions whose time windows do not overlap: the request names only a time."""
    apart: list[Acquisition] = []
    mixed: list[RefusedScene] = []
    for acquisition in found:
        if apart and acquisition.first - TIME_SLACK <= apart[-1].last + TIME_SLACK:
            other = apart[-1].item.item_id
            reason = f"seen at the same time as {other}: the service cannot tell them apart"
            mixed.append(RefusedScene(acquisition.item.item_id, reason))
        else:
            apart.append(acquisition)
    return apart, mixed
