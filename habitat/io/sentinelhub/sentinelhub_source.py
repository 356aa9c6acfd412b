"""Scenes of Sentinel Hub: found in its catalogue, read only from what was bought and kept."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import shapely

from habitat.domain.bands import S2_BANDS
from habitat.domain.errors import HabitatError, QuotaError, RemoteError, SceneError
from habitat.domain.grid import Window
from habitat.domain.harmonise import harmonise
from habitat.domain.period import Period
from habitat.domain.processing_units import FREE_MONTHLY, quota_reset
from habitat.domain.product_name import find_product
from habitat.domain.scene import NO_NEEDS, RefusedScene, SceneItem, SceneNeeds
from habitat.io.net.download_cache import request_key
from habitat.io.projection import bounds_wgs84
from habitat.io.scenes.source import MASK_SCL, Finding, ScenePixels
from habitat.io.secrets import safe_url
from habitat.io.sentinelhub.deployment import Deployment
from habitat.io.sentinelhub.sentinelhub_catalogue import (
    L2A_BANDS,
    Acquisition,
    Record,
    acquisitions,
    fetch_pages,
    parse_record,
)
from habitat.io.sentinelhub.sentinelhub_image import decode
from habitat.io.sentinelhub.sentinelhub_requests import Order, Search, order
from habitat.io.sentinelhub.sentinelhub_requests import search as search_of

logger = logging.getLogger(__name__)

#: Pixel size of the scene classification [m]; 10 m bands are averaged to it.
_SCL_M = 20
_UTM_NORTH, _UTM_SOUTH = 326, 327
#: The doctor asks for any image: of all land [degrees], since both satellites flew.
_LAND, _FIRST_DAY = (-180.0, -60.0, 180.0, 80.0), date(2017, 7, 1)


@dataclass(frozen=True, slots=True)
class Bought:
    """What was chosen of one acquisition.

    Attributes
    ----------
    acquisition : Acquisition
        What was seen when.
    bands : tuple of str
        Asked for, in spectral order.
    windows : tuple of Window
        Of the grid; elsewhere nothing was bought, and nothing is observed.
    """

    acquisition: Acquisition
    bands: tuple[str, ...]
    windows: tuple[Window, ...]


@dataclass
class SentinelHubSource(Deployment):
    """Acquisitions of one deployment, implements :class:`habitat.io.scenes.source.SceneSource`.

    Attributes
    ----------
    bought : dict of str to Bought
        What may be read, by item; empty until it is bought.
    found : dict of str to Acquisition
        What searches found so far, by item.
    """

    bought: Mapping[str, Bought] = field(default_factory=dict)
    found: dict[str, Acquisition] = field(default_factory=dict, repr=False, compare=False)

    def available_bands(self) -> tuple[str, ...]:
        """Return the bands of Sentinel-2 L2A."""
        return tuple(name for name in S2_BANDS if name in L2A_BANDS)

    def search(
        self,
        period: Period,
        window: Window,
        needs: SceneNeeds = NO_NEEDS,  # noqa: ARG002  # every item has all bands and a mask
    ) -> tuple[list[SceneItem], list[RefusedScene]]:
        """Return one item per datatake that touches a window.

        Raises
        ------
        RemoteError, CredentialsError
            If the catalogue does not answer, or not whole.
        """
        bounds = self.grid.bounds(window)
        records: list[Record] = []
        refused: list[RefusedScene] = []
        for feature in self._features(
            search_of(self.service, bounds_wgs84(bounds, self.grid.epsg), period), period
        ):
            record = parse_record(feature)
            if isinstance(record, Record):
                records.append(record)
            else:
                refused.append(record)
        found, mixed = acquisitions(
            records, epsg=self.grid.epsg, place=json.dumps([self.service.base_url])
        )
        box = shapely.box(*bounds)
        touching = [a for a in found if a.footprint.intersects(box)]
        self.found.update({a.item.item_id: a for a in touching})
        return [a.item for a in touching], sorted(
            [*refused, *mixed], key=lambda s: (s.item_id, s.reason)
        )

    def examine(self) -> list[Finding]:
        """Sign in, ask the catalogue for one image, and say what was spent; buys nothing."""
        signing, asking = f"sign-in at {safe_url(self.service.token_url)}", "catalogue"
        try:
            self.client.sign_in()
        except HabitatError as fault:
            return [Finding(signing, str(fault), fault.exit_code), self._quota()]
        found = [Finding(signing, "the credentials are accepted")]
        search = search_of(self.service, _LAND, Period(_FIRST_DAY, self.today))
        try:
            page = self.client.search(search.url, {**search.body, "limit": 1})
        except HabitatError as fault:
            return [*found, Finding(asking, str(fault), fault.exit_code), self._quota()]
        where = f"{asking} {safe_url(search.url)}"
        if not page.get("features"):
            text = "expected at least one image of any day, got none; it is broken, try later"
            return [*found, Finding(where, text, RemoteError.exit_code), self._quota()]
        return [*found, Finding(where, "answers"), self._account()]

    def _account(self) -> Finding:
        """Return what the service says is left; where it does not, what our own ledger says."""
        try:
            left = self.client.account()
        except HabitatError as fault:
            logger.info("the account is not known: %s", fault)
            left = None
        if left is None:
            return self._quota()
        spent = self.ledger().month()
        text = (
            f"the service says that {left.units:,.1f} units and {left.requests:,} requests are "
            f"left this month; {spent.units:,.1f} units were spent from here; it starts again on "
            f"{quota_reset(self.today)}"
        )
        gone = left.units <= 0 or left.requests <= 0
        return Finding("quota", text, QuotaError.exit_code if gone else 0)

    def _quota(self) -> Finding:
        """Return what this project has spent, by its own ledger."""
        spent = self.ledger().month()
        left = max(FREE_MONTHLY - spent.units, 0.0)
        text = (
            "own ledger, the service did not say: "
            f"{spent.units:,.1f} units and {spent.requests:,} requests spent from here this month; "
            f"a free account has {FREE_MONTHLY:,} of each, so at most {left:,.1f} units are left; "
            f"it starts again on {quota_reset(self.today)}"
        )
        return Finding("quota", text, 0 if left else QuotaError.exit_code)

    def _features(self, search: Search, period: Period) -> list[dict[str, Any]]:
        """Return all items of a search; kept for the day where the period is over."""

        def download() -> bytes:
            return json.dumps(fetch_pages(search, self.client.search)).encode()

        if period.end >= self.today:
            body = download()
        else:
            key = request_key({"url": search.url, "body": search.body, "day": str(self.today)})
            body = self.cache.fetch(key, download, label=f"catalogue {period}")
        features: list[dict[str, Any]] = json.loads(body)
        return features

    def order(self, acquisition: Acquisition, bands: Sequence[str], window: Window) -> Order:
        """Return the request of an acquisition in a window of the grid."""
        return order(
            self.service,
            self.grid,
            window,
            bands,
            (acquisition.first, acquisition.last),
            average=self.grid.pixel_m == _SCL_M and in_zone(acquisition, self.grid.epsg),
        )

    def with_bought(self, bought: Mapping[str, Bought]) -> "SentinelHubSource":
        """Return the source that reads what was bought."""
        return replace(self, bought=dict(bought))

    def read(self, item: SceneItem, bands: Sequence[str], window: Window) -> ScenePixels:
        """Return bands and mask of an item, as :meth:`SceneSource.read` says.

        Asks no service: what was not bought is no data, what was bought and is gone is an error.
        """
        one = self.bought.get(item.item_id)
        if one is None:
            raise SceneError(f"item {item.item_id}: expected a bought acquisition, got another")
        pixels = {band: np.zeros(window.shape, np.uint16) for band in bands}
        mask = np.zeros(window.shape, np.uint8)
        for part in one.windows:
            common = part.intersect(window)
            if common is None:
                continue
            stored = self.stored(one, part)
            here, there = common.slices_in(window), common.slices_in(part)
            for band in bands:
                offset = item.assets[band].offset_dn
                dn = harmonise(stored.bands[band][there], offset_dn=offset, scale=1e-4)
                pixels[band][here] = dn
            mask[here] = stored.mask[there]
        return ScenePixels(pixels, mask, MASK_SCL)

    def stored(self, one: Bought, window: Window) -> ScenePixels:
        """Return a bought image, the offset not taken off.

        Raises
        ------
        SceneError
            If it is not in the cache any more.
        """
        made = self.order(one.acquisition, one.bands, window)
        body = self.cache.get(made.key)
        if body is None:
            raise SceneError(
                f"item {one.acquisition.item.item_id}: expected its image in {self.folder}, found "
                "none or a damaged one. The same command buys what is missing."
            )
        image = decode(body, made)
        return ScenePixels(image.bands, image.scl, MASK_SCL)


def in_zone(acquisition: Acquisition, epsg: int) -> bool:
    """Return whether all squares of an acquisition lie in the UTM zone of a CRS."""
    products = [find_product(name) for name in acquisition.records]
    zones = {int(product.mgrs_tile[:2]) for product in products if product is not None}
    return epsg // 100 in {_UTM_NORTH, _UTM_SOUTH} and zones == {epsg % 100}
