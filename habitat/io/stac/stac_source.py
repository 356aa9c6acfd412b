"""Scenes of a STAC API of cloud-optimized GeoTIFFs; only the blocks that are needed are read."""

import json
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

from habitat.domain.bands import S2_BANDS
from habitat.domain.errors import HabitatError, SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period
from habitat.domain.scene import NO_NEEDS, RefusedScene, SceneItem, SceneNeeds
from habitat.io.net.download_cache import DownloadCache, request_key
from habitat.io.net.http import Http
from habitat.io.net.http_policy import HttpPolicy
from habitat.io.net.request_log import RequestLog
from habitat.io.scenes.folder import SIMULATED
from habitat.io.scenes.item_reader import read_item
from habitat.io.scenes.offset_check import offset_reason, sample_bands, sample_windows
from habitat.io.scenes.placement import reproject_bounds
from habitat.io.scenes.scene_item import WGS84, SceneBuilder, beside, check_file, settle
from habitat.io.scenes.source import Finding, ScenePixels
from habitat.io.scenes.stac_item import AssetRecord, ItemRecord, parse_item
from habitat.io.secrets import safe_url, unsigned
from habitat.io.stac.remote_file import BLOCK_BYTES, Remote
from habitat.io.stac.remote_scene_files import RemoteFiles
from habitat.io.stac.stac_presets import BlobSigner
from habitat.io.stac.stac_search import Catalogue, any_item, search_items

#: ``plan`` asks the catalogue and reads no pixels; ``offline`` uses what was downloaded before.
Access = Literal["online", "plan", "offline"]
#: The offset check reads one window of this size where scene and search window meet.
SAMPLE_PX = 512
#: Files are read by whole blocks, of at most this size a side in the catalogues known.
_BLOCK_PX = 1024
#: Bytes of a stored pixel before compression, and pieces of a file that hold its header.
_PIXEL_BYTES, _HEADER_PIECES = 2, 2
#: Cirrus is in no L2A product.
_BANDS = tuple(band for band in S2_BANDS if band != "B10")


class _Live:
    """What a process has opened and found out; never sent to another."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.files: RemoteFiles | None = None
        self.declared: dict[str, dict[str, AssetRecord]] = {}
        self.faults: dict[tuple[str, Window], str | None] = {}


@dataclass
class StacSource:
    """Scenes of a STAC API, implements :class:`habitat.io.scenes.source.SceneSource`.

    Attributes
    ----------
    grid : Grid
        The project's grid.
    catalogue : Catalogue
        Where to search.
    policy : HttpPolicy
        Hosts, deadlines, retries.
    cache : DownloadCache
        Where answers and blocks of files are kept.
    cache_bytes : int
        The cache is pruned to this size at the first search of a run.
    max_cloud : float
        Scenes with more clouds are not used [%].
    token_url : str
        Gives signatures for files; empty where none are wanted.
    access : str
        ``online``, ``plan`` or ``offline``.
    log : RequestLog or None
        Counts the requests of a run.
    """

    grid: Grid
    catalogue: Catalogue
    policy: HttpPolicy
    cache: DownloadCache
    cache_bytes: int
    max_cloud: float = 100.0
    token_url: str = ""
    access: Access = "online"
    log: RequestLog | None = None
    _simulated: bool = field(default=False, init=False)
    _live: _Live = field(default_factory=_Live, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave connections behind."""
        return {name: value for name, value in self.__dict__.items() if name != "_live"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Start without connections."""
        self.__dict__.update(state, _live=_Live())

    @property
    def simulated(self) -> bool:
        """Whether an item that was found says that its pixels are simulated."""
        return self._simulated

    def available_bands(self) -> tuple[str, ...]:
        """Return the bands of Sentinel-2 L2A; an item without one is refused when it is found."""
        return _BANDS

    def search(
        self, period: Period, window: Window, needs: SceneNeeds = NO_NEEDS
    ) -> tuple[list[SceneItem], list[RefusedScene]]:
        """Return the items acquired in a period whose bounds touch a window.

        Raises
        ------
        RemoteError
            If the catalogue does not answer, is broken, or counts more items than it gives.
        """
        refused: list[RefusedScene] = []
        touching: list[SceneItem] = []
        for document in self._documents(period, window):
            self._simulated |= (document.get("properties") or {}).get(SIMULATED) is True
            try:
                record = self._parse(document)
            except SceneError as error:
                refused.append(RefusedScene(document["id"], str(error)))
                continue
            if record.acquired.date() in period:
                found = self._usable(record, window, needs)
                if isinstance(found, SceneItem):
                    touching.append(found)
                else:
                    refused.append(found)
        items: list[SceneItem] = []
        for scene, reason in zip(touching, self._faults(touching, window), strict=True):
            if reason is None:
                items.append(scene)
            else:
                refused.append(RefusedScene(scene.item_id, reason, day=scene.acquired.date()))
        return settle(items, refused)

    def read(self, item: SceneItem, bands: Sequence[str], window: Window) -> ScenePixels:
        """Return bands and mask of an item in a window, as :meth:`SceneSource.read` says."""
        return read_item(self._files(), self.grid, item, bands, window)

    def examine(self) -> list[Finding]:
        """Ask for one item, and for the header of one of its files."""
        what = f"catalogue {safe_url(self.catalogue.url)}, collection {self.catalogue.collection}"
        try:
            document = any_item(self._files().remote.http, self.catalogue)
        except HabitatError as fault:
            return [Finding(what, str(fault), fault.exit_code)]
        found = [Finding(what, f"answers, for example with {document['id']}")]
        try:
            record = self._parse(document)
            name = self._files().resolve(record.base or self.catalogue.url, record.assets[0].href)
            with self._files().open(name) as file:
                found.append(Finding(f"file {file.label}", "can be read"))
        except HabitatError as fault:
            found.append(Finding(f"a file of {document['id']}", str(fault), fault.exit_code))
        return found

    def most_bytes(self, items: Iterable[SceneItem], bands: Sequence[str], window: Window) -> int:
        """Return an upper bound of what reading found items in a window downloads [bytes].

        The blocks that touch the window as if they were not compressed, and no more than the file
        where its size is declared.
        """
        total = 0
        for item in items:
            extent = self.grid.window_of_bounds(item.bounds)
            assets = self._live.declared[item.item_id]
            masks = [name for name in item.assets if name not in S2_BANDS]
            for name in {*bands, *masks} & set(assets):
                total += self._most_of(assets[name], extent, window)
        return total

    def _most_of(self, asset: AssetRecord, extent: Window, window: Window) -> int:
        factor = self.grid.pixel_m / min(asset.pixel_m, self.grid.pixel_m)
        part = window.pad(round(_BLOCK_PX / factor)).intersect(extent)
        if part is None:
            return 0
        pixels = part.height * part.width * factor**2
        most = int(pixels * _PIXEL_BYTES) + _HEADER_PIECES * BLOCK_BYTES
        return most if asset.size is None else min(most, asset.size)

    def _files(self) -> RemoteFiles:
        with self._live.lock:
            if self._live.files is None:
                http = Http(self.policy, count=None if self.log is None else self.log.note)
                sign = BlobSigner(http, self.token_url, time.monotonic).sign
                remote = Remote(http, self.cache, sign if self.token_url else str)
                self._live.files = RemoteFiles(remote)
            return self._live.files

    def _documents(self, period: Period, window: Window) -> list[dict[str, Any]]:
        """Return the items of the catalogue; offline those that the last search gave."""
        box = reproject_bounds(self.grid.bounds(window), self.grid.epsg, WGS84)
        key = request_key(
            {
                "what": "search",
                "url": self.catalogue.url,
                "collection": self.catalogue.collection,
                "period": str(period),
                "bbox": [round(value, 7) for value in box],
            }
        )
        label = f"search of {self.catalogue.collection} in {period}"
        if self.access == "offline":
            last: list[dict[str, Any]] = json.loads(self.cache.fetch(key, bytes, label=label))
            return last
        if self.access == "online":
            self.cache.prune(max_bytes=self.cache_bytes)
        found = search_items(self._files().remote.http, self.catalogue, period, box)
        if self.access == "online":
            kept = [_without_signatures(document) for document in found]
            self.cache.put(key, json.dumps(kept).encode(), label=label)
        return found

    def _usable(
        self, record: ItemRecord, window: Window, needs: SceneNeeds
    ) -> SceneItem | RefusedScene:
        """Return the scene of a record, or why it is of no use in a window; reads no pixels."""
        day, cloud = record.acquired.date(), record.cloud_percent
        if cloud is not None and cloud > self.max_cloud:
            reason = f"expected at most {self.max_cloud:g} % of clouds (max_cloud), got {cloud:g} %"
            return RefusedScene(record.item_id, reason, "cloudy", day)
        try:
            scene = self._scene(record)
        except SceneError as error:
            return RefusedScene(record.item_id, str(error), day=day)
        if self.grid.window_of_bounds(scene.bounds).intersect(window) is None:
            return beside(scene, self.grid.epsg)
        if (lack := needs.fault(scene.assets)) is not None:
            return RefusedScene(scene.item_id, lack, day=day)
        return scene

    def _parse(self, document: dict[str, Any]) -> ItemRecord:
        return parse_item(document)

    def _scene(self, record: ItemRecord) -> SceneItem:
        base = record.base or self.catalogue.url
        item = SceneBuilder(self._files(), self.grid).scene(record, base)
        self._live.declared[item.item_id] = record.best_assets(self.grid.pixel_m)
        return item

    def _faults(self, items: Sequence[SceneItem], window: Window) -> list[str | None]:
        """Return for each item why its pixels contradict the declared offset, or None."""
        if self.access == "plan":
            return [None] * len(items)
        with ThreadPoolExecutor(self.policy.per_host) as pool:
            return list(pool.map(lambda item: self._fault(item, window), items))

    def _fault(self, item: SceneItem, window: Window) -> str | None:
        key = (item.checksum, window)
        if key not in self._live.faults:
            extent = self.grid.window_of_bounds(item.bounds).intersect(window)
            windows = sample_windows(extent or window, per_side=1, size_px=SAMPLE_PX)
            try:
                self._check_files(item)
                self._live.faults[key] = offset_reason(item, self.read, windows)
            except SceneError as error:
                self._live.faults[key] = str(error)
        return self._live.faults[key]

    def _check_files(self, item: SceneItem) -> None:
        """Hold the files that the offset check reads, and the mask, against their item."""
        declared = self._live.declared[item.item_id]
        masks = [name for name in item.assets if name not in S2_BANDS]
        for name in (*sample_bands(item), *masks):
            check_file(self._files(), item.assets[name], declared[name])


def _without_signatures(document: dict[str, Any]) -> dict[str, Any]:
    """Return an item that may be written down: without links, its files by unsigned addresses."""
    assets = {
        key: asset | {"href": unsigned(str(asset.get("href", "")))}
        for key, asset in (document.get("assets") or {}).items()
        if isinstance(asset, dict)
    }
    self_link = [
        {"rel": "self", "href": unsigned(str(link.get("href", "")))}
        for link in document.get("links") or []
        if isinstance(link, dict) and link.get("rel") == "self"
    ]
    return document | {"assets": assets, "links": self_link}
