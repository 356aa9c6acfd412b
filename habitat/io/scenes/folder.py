"""Scenes on disk: GeoTIFFs listed in STAC items, as ``habitat index`` and others write them."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from habitat.domain.bands import S2_BANDS
from habitat.domain.errors import InputError, SceneError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period
from habitat.domain.scene import NO_NEEDS, RefusedScene, SceneItem, SceneNeeds
from habitat.io.scenes.item_reader import read_item
from habitat.io.scenes.offset_check import offset_reason, sample_windows
from habitat.io.scenes.overview_sample import read_overview
from habitat.io.scenes.scene_files import FolderFiles
from habitat.io.scenes.scene_item import SceneBuilder, beside, settle
from habitat.io.scenes.source import ScenePixels
from habitat.io.scenes.stac_item import ItemRecord, parse_item

MAX_ITEM_BYTES = 2_000_000
MAX_ITEMS = 200_000
#: Property of items whose pixels are simulated.
SIMULATED = "habitat:simulated"
#: An item may be this much later than the clock says.
CLOCK_SLACK = timedelta(days=1)
#: Threads that look at scenes before a run.
READERS = 2
#: The offset check reads this many windows a side of this size.
SAMPLE_WINDOWS, SAMPLE_PX = 3, 256


@dataclass(frozen=True, slots=True)
class _Entry:
    """One item file."""

    path: Path
    record: ItemRecord
    simulated: bool


@dataclass(slots=True)
class _Cache:
    """What a process has found out; never sent to another."""

    entries: list[_Entry] | None = None
    unreadable: list[RefusedScene] = field(default_factory=list)
    scenes: dict[Path, SceneItem | RefusedScene] = field(default_factory=dict)
    faults: dict[tuple[str, str], str | None] = field(default_factory=dict)


@dataclass
class FolderSource:
    """Scenes of a folder, implements :class:`habitat.io.scenes.source.SceneSource`.

    Attributes
    ----------
    root : Path
        Folder; items (``*.json`` of type Feature) are found at any depth, their files must lie
        under it.
    grid : Grid
        The project's grid.
    verify : bool
        Hash every file again and refuse what is not as its item says.
    now : datetime or None
        Items more than one day later are refused.
    """

    root: Path
    grid: Grid
    verify: bool = False
    now: datetime | None = None
    _cache: _Cache = field(default_factory=_Cache, init=False, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the cache behind."""
        return {**self.__dict__, "_cache": _Cache()}

    @property
    def _files(self) -> FolderFiles:
        return FolderFiles(self.root, self.verify)

    @property
    def simulated(self) -> bool:
        """Whether an item says that its pixels are simulated."""
        return any(entry.simulated for entry in self._entries())

    def available_bands(self) -> tuple[str, ...]:
        """Return the bands that at least one item has, in spectral order."""
        found = {asset.name for entry in self._entries() for asset in entry.record.assets}
        return tuple(name for name in S2_BANDS if name in found)

    def search(
        self, period: Period, window: Window, needs: SceneNeeds = NO_NEEDS
    ) -> tuple[list[SceneItem], list[RefusedScene]]:
        """Return the items acquired in a period whose bounds touch a window.

        Items that lack a band or mask, whose files cannot be read, whose declared place is not
        where the pixels are, or whose pixels contradict the declared offset are refused with the
        reason; an item file that cannot be read is refused in every period.
        """
        entries = [e for e in self._entries() if e.record.acquired.date() in period]
        with ThreadPoolExecutor(READERS) as pool:  # most of it is decoding, which threads share
            judged = list(pool.map(partial(self._usable, window=window, needs=needs), entries))
        items = [scene for scene in judged if isinstance(scene, SceneItem)]
        refused = [scene for scene in judged if isinstance(scene, RefusedScene)]
        return settle(items, [*self._cache.unreadable, *refused])

    def _usable(self, entry: _Entry, window: Window, needs: SceneNeeds) -> SceneItem | RefusedScene:
        """Return the scene of an entry, or why it is of no use in a window."""
        record = entry.record
        day = record.acquired.date()
        scene = self._scene(entry)
        if isinstance(scene, RefusedScene):
            return scene
        if self.grid.window_of_bounds(scene.bounds).intersect(window) is None:
            return beside(scene, self.grid.epsg)
        if (reason := needs.fault(scene.assets) or self._offset_fault(scene)) is not None:
            return RefusedScene(scene.item_id, reason, day=day)
        return scene

    def read(self, item: SceneItem, bands: Sequence[str], window: Window) -> ScenePixels:
        """Return bands and mask of an item in a window, as :meth:`SceneSource.read` says.

        Files in line with the grid are copied, or averaged over their observed pixels; others are
        interpolated (bilinear; masks: nearest pixel).
        """
        return read_item(self._files, self.grid, item, bands, window)

    def _entries(self) -> list[_Entry]:
        if self._cache.entries is None:
            self._cache.entries = self._scan()
        return self._cache.entries

    def _scan(self) -> list[_Entry]:
        """Read every item file once."""
        if not self.root.is_dir():
            raise InputError(f"folder {self.root}: expected a folder of scenes, got none; check it")
        entries: dict[str, _Entry] = {}
        refused = self._cache.unreadable
        for path in _item_files(self.root):
            name = path.relative_to(self.root).as_posix()
            try:
                document = read_item_file(path)
                if document is None:
                    continue
                record = self._parse(document)
            except SceneError as error:
                refused.append(RefusedScene(name, str(error)))
                continue
            if record.item_id in entries:
                first = entries[record.item_id].path.relative_to(self.root).as_posix()
                refused.append(RefusedScene(name, f"same id {record.item_id!r} as {first}"))
                continue
            simulated = document["properties"].get(SIMULATED) is True
            entries[record.item_id] = _Entry(path, record, simulated)
        if not entries and not refused:
            raise InputError(
                f"folder {self.root}: expected STAC items (*.json), got none; "
                f"write them with: habitat index {self.root} (GeoTIFFs), or "
                f"habitat ingest {self.root} OUT (.SAFE products)"
            )
        return list(entries.values())

    def _parse(self, document: dict[str, Any]) -> ItemRecord:
        return parse_item(document)

    def _scene(self, entry: _Entry) -> SceneItem | RefusedScene:
        """Return the scene of an item file, or why it is refused; found out once."""
        known = self._cache.scenes.get(entry.path)
        if known is None:
            try:
                known = self._build(entry)
            except SceneError as error:
                day = entry.record.acquired.date()
                known = RefusedScene(entry.record.item_id, str(error), day=day)
            self._cache.scenes[entry.path] = known
        return known

    def _build(self, entry: _Entry) -> SceneItem:
        record = entry.record
        if self.now is not None and record.acquired > self.now + CLOCK_SLACK:
            raise SceneError(
                f"expected an acquisition before {self.now:%Y-%m-%d %H:%M} UTC, got "
                f"{record.acquired:%Y-%m-%d %H:%M}; correct the item or the clock"
            )
        return SceneBuilder(self._files, self.grid).scene(record, str(entry.path.parent))

    def _offset_fault(self, item: SceneItem) -> str | None:
        """Return why the pixels contradict the declared offset, or None; found out once."""
        key = (item.item_id, item.checksum)  # files may be shared, the reason names the scene
        if key not in self._cache.faults:
            try:
                extent = self.grid.window_of_bounds(item.bounds)
                windows = sample_windows(extent, per_side=SAMPLE_WINDOWS, size_px=SAMPLE_PX)
                overview = partial(read_overview, self._files)
                self._cache.faults[key] = offset_reason(item, self.read, windows, overview)
            except SceneError as error:
                self._cache.faults[key] = str(error)
        return self._cache.faults[key]


def read_item_file(path: Path) -> dict[str, Any] | None:
    """Return the STAC item in a file; None if it is JSON of another kind.

    Raises
    ------
    SceneError
        If it is too large or no JSON.
    """
    try:
        size = path.stat().st_size
        if size > MAX_ITEM_BYTES:
            raise SceneError(
                f"{path}: expected an item of at most {MAX_ITEM_BYTES} bytes, got {size}"
            )
        document = json.loads(path.read_bytes(), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise SceneError(f"{path}: expected a STAC item, got no JSON ({error})") from error
    if not isinstance(document, dict) or document.get("type") != "Feature":
        return None
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _item_files(root: Path) -> Iterator[Path]:
    """Yield the files that may be items, in the same order everywhere."""
    found = sorted(root.rglob("*.json"), key=lambda path: path.relative_to(root).parts)
    if len(found) > MAX_ITEMS:
        raise InputError(
            f"folder {root}: expected at most {MAX_ITEMS} JSON files, got {len(found)}; split it"
        )
    return (path for path in found if path.is_file() and not path.is_symlink())
