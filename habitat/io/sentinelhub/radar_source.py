"""Sentinel-1 passes of Sentinel Hub: found in its catalogue, read only from what was bought."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from habitat.domain.errors import SceneError
from habitat.domain.grid import Window
from habitat.domain.period import Period
from habitat.domain.radar import RADAR_BANDS
from habitat.domain.scene import NO_NEEDS, Asset, RefusedScene, SceneItem, SceneNeeds
from habitat.io.net.download_cache import request_key
from habitat.io.projection import WGS84, bounds_wgs84, reproject
from habitat.io.scenes.source import Finding
from habitat.io.sentinelhub.deployment import Deployment
from habitat.io.sentinelhub.radar_requests import (
    RadarOrder,
    decode_radar,
    radar_order,
    radar_search,
)
from habitat.io.sentinelhub.sentinelhub_catalogue import fetch_pages
from habitat.io.sentinelhub.sentinelhub_source import SentinelHubSource

#: Satellite, mode, polarisations, start, end and absolute orbit in the name of a product.
_PRODUCT = re.compile(
    r"^S1([A-D])_([A-Z0-9]{2})_GRD[FHM]_1S([A-Z]{2})_(\d{8}T\d{6})_(\d{8}T\d{6})_(\d{6})_"
)
_STATES = ("ascending", "descending")


@dataclass(frozen=True, slots=True)
class Pass:
    """All frames of one pass that touch the AOI.

    Attributes
    ----------
    item : SceneItem
        As the rest of habitat sees it.
    first, last : datetime
        Start of the first frame and end of the last, UTC.
    footprint : shapely geometry
        Union of the frames in the project CRS [m].
    """

    item: SceneItem
    first: datetime
    last: datetime
    footprint: BaseGeometry

    @property
    def state(self) -> str:
        """``ascending`` or ``descending``."""
        return self.item.orbit.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class _Frame:
    name: str
    mission: str
    orbit: str
    start: datetime
    end: datetime
    footprint: BaseGeometry


def parse_frame(feature: Mapping[str, Any]) -> "_Frame | RefusedScene":
    """Return a frame of the catalogue, or why it cannot be used."""
    name = str(feature.get("id"))
    found = _PRODUCT.match(name)
    if found is None:
        return RefusedScene(name, "expected the name of a Sentinel-1 GRD product as id")
    mission, mode, polarisation, start, end, orbit = found.groups()
    if (mode, polarisation) != ("IW", "DV"):
        return RefusedScene(name, f"expected mode IW and VV+VH (DV), got {mode} and {polarisation}")
    properties = feature.get("properties")
    state = properties.get("sat:orbit_state") if isinstance(properties, Mapping) else None
    try:
        footprint = shapely.from_geojson(json.dumps(feature.get("geometry")))
    except shapely.errors.GEOSException as error:
        return RefusedScene(name, f"expected a footprint, got {error}")
    if footprint is None or footprint.is_empty or str(state).lower() not in _STATES:
        return RefusedScene(name, f"expected a footprint and a direction, got {state!r}")
    begin, finish = (
        datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC) for text in (start, end)
    )
    label = f"{str(state).lower()} {int(orbit)}"
    return _Frame(name, f"S1{mission}", label, begin, finish, shapely.make_valid(footprint))


def passes(frames: Iterable[_Frame], *, epsg: int, place: str) -> list[Pass]:
    """Return one pass per satellite and orbit, by time.

    Parameters
    ----------
    frames : iterable of frame
        Any order.
    epsg : int
        CRS of the project.
    place : str
        What of the service decides pixels; part of the checksum.
    """
    groups: dict[tuple[str, str], list[_Frame]] = {}
    for frame in frames:
        groups.setdefault((frame.mission, frame.orbit), []).append(frame)
    made = [_pass(sorted(group, key=lambda f: f.name), epsg, place) for group in groups.values()]
    return sorted(made, key=lambda p: (p.first, p.item.item_id))


def _pass(frames: list[_Frame], epsg: int, place: str) -> Pass:
    mission, orbit = frames[0].mission, frames[0].orbit
    first, last = min(f.start for f in frames), max(f.end for f in frames)
    footprint = shapely.union_all([reproject(f.footprint, WGS84, epsg) for f in frames])
    recipe = json.dumps([place, orbit, [f.name for f in frames]])
    x_min, y_min, x_max, y_max = footprint.bounds
    item = SceneItem(
        item_id=f"{mission}_{first:%Y%m%dT%H%M%S}_{orbit.replace(' ', '_')}",
        acquired=first,
        mission=mission,
        datatake="",
        mgrs_tile="",
        baseline="",
        bounds=(x_min, y_min, x_max, y_max),
        assets={band: Asset(href="", scale=1.0) for band in RADAR_BANDS},
        checksum=hashlib.sha256(recipe.encode()).hexdigest(),
        orbit=orbit,
    )
    return Pass(item, first, last, footprint)


@dataclass
class SentinelHubRadar(Deployment):
    """Passes of one deployment, implements :class:`habitat.io.scenes.radar_reader.RadarSource`.

    Attributes
    ----------
    bought : mapping of str to (Pass, windows)
        What may be read, by item.
    found : dict of str to Pass
        What searches found so far.
    """

    bought: Mapping[str, tuple[Pass, tuple[Window, ...]]] = field(default_factory=dict)
    found: dict[str, Pass] = field(default_factory=dict, repr=False, compare=False)

    def search(
        self,
        period: Period,
        window: Window,
        needs: SceneNeeds = NO_NEEDS,  # noqa: ARG002  # every item has both polarisations
    ) -> tuple[list[SceneItem], list[RefusedScene]]:
        """Return one item per pass that touches a window.

        Raises
        ------
        RemoteError, CredentialsError
            If the catalogue does not answer, or not whole.
        """
        bounds = self.grid.bounds(window)
        parsed = [parse_frame(feature) for feature in self._features(bounds, period)]
        refused = [frame for frame in parsed if isinstance(frame, RefusedScene)]
        frames = [frame for frame in parsed if isinstance(frame, _Frame)]
        made = passes(frames, epsg=self.grid.epsg, place=self.service.base_url)
        touching = [p for p in made if p.footprint.intersects(shapely.box(*bounds))]
        self.found.update({p.item.item_id: p for p in touching})
        return [p.item for p in touching], sorted(refused, key=lambda s: s.item_id)

    def examine(self) -> list[Finding]:
        """Say what the deployment says of credentials, catalogue and quota; buys nothing."""
        return SentinelHubSource(self.service, self.grid, self.folder, self.today).examine()

    def _features(
        self, bounds: tuple[float, float, float, float], period: Period
    ) -> list[dict[str, Any]]:
        """Return all items of a search; kept for the day where the period is over."""
        search = radar_search(self.service, bounds_wgs84(bounds, self.grid.epsg), period)

        def download() -> bytes:
            return json.dumps(fetch_pages(search, self.client.search)).encode()

        if period.end >= self.today:
            body = download()
        else:
            key = request_key({"url": search.url, "body": search.body, "day": str(self.today)})
            body = self.cache.fetch(key, download, label=f"radar catalogue {period}")
        features: list[dict[str, Any]] = json.loads(body)
        return features

    def order(self, one: Pass, window: Window) -> RadarOrder:
        """Return the request of a pass in a window of the grid."""
        return radar_order(self.service, self.grid, window, (one.first, one.last), one.state)

    def with_bought(
        self, bought: Mapping[str, tuple[Pass, tuple[Window, ...]]]
    ) -> "SentinelHubRadar":
        """Return the source that reads what was bought."""
        return replace(self, bought=dict(bought))

    def read_power(self, item: SceneItem, window: Window) -> dict[str, np.ndarray]:
        """Return VV and VH of an item; asks no service.

        Raises
        ------
        SceneError
            If it was not bought, or is not in the cache any more.
        """
        if item.item_id not in self.bought:
            raise SceneError(f"item {item.item_id}: expected a bought pass, got another")
        one, windows = self.bought[item.item_id]
        out = {band: np.full(window.shape, np.nan, np.float32) for band in RADAR_BANDS}
        for part in windows:
            common = part.intersect(window)
            if common is None:
                continue
            made = self.order(one, part)
            body = self.cache.get(made.key)
            if body is None:
                raise SceneError(
                    f"item {item.item_id}: expected its image in {self.folder}, found none or a "
                    "damaged one. The same command buys what is missing."
                )
            for band, values in decode_radar(body, made).items():
                out[band][common.slices_in(window)] = values[common.slices_in(part)]
        return out
