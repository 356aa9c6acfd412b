"""A STAC record and its files to the scene that a run uses, or the reason why not."""

import hashlib
import json
import logging
import math
from collections.abc import Mapping, Sequence

import numpy as np

from habitat.domain.bands import DN_SCALE
from habitat.domain.errors import SceneError
from habitat.domain.grid import Grid
from habitat.domain.scene import MASKS, Asset, RefusedScene, SceneItem, resolve_duplicates
from habitat.io.scenes.placement import reproject_bounds
from habitat.io.scenes.scene_files import SceneFiles
from habitat.io.scenes.scene_raster import RasterHeader, check_band, read_header
from habitat.io.scenes.stac_item import AssetRecord, ItemRecord

logger = logging.getLogger(__name__)

WGS84 = 4326
#: The declared box may be that of the valid pixels, and rounded.
BBOX_TOLERANCE_DEG = 0.05
#: The declared transform is refused when further off than this [px].
DECLARED_PX = 0.01


class SceneBuilder:
    """Holds the files of items against what the items say.

    Parameters
    ----------
    files : SceneFiles
        Where the files are.
    grid : Grid
        The project's grid.
    """

    def __init__(self, files: SceneFiles, grid: Grid) -> None:
        self._files, self._grid = files, grid
        self._headers: dict[str, RasterHeader] = {}

    def scene(self, record: ItemRecord, base: str) -> SceneItem:
        """Return the scene of a record whose hrefs start at ``base``.

        Asset hrefs of the scene are names of ``files``.

        Raises
        ------
        SceneError
            Names the file and what is wrong with it.
        """
        assets: dict[str, Asset] = {}
        hashes: dict[str, str] = {}
        boxes = []
        for name, declared in sorted(record.best_assets(self._grid.pixel_m).items()):
            href = self._files.resolve(base, declared.href)
            label = self._files.label(href)
            header = self._header(href, declared, record)
            _check_declared(header, declared, label)
            assets[name] = _asset(declared, header, label, href)
            hashes[href] = self._files.checksum(href, declared, record)
            boxes.append(reproject_bounds(header.bounds, header.epsg, self._grid.epsg))
        low, high = np.min(boxes, axis=0), np.max(boxes, axis=0)
        return SceneItem(
            item_id=record.item_id,
            acquired=record.acquired,
            mission=record.mission,
            datatake=record.datatake,
            mgrs_tile=record.mgrs_tile,
            baseline=record.baseline,
            bounds=(float(low[0]), float(low[1]), float(high[2]), float(high[3])),
            assets=assets,
            checksum=_digest(assets, hashes, record.orbit),
            orbit=record.orbit,
        )

    def _header(self, href: str, asset: AssetRecord, record: ItemRecord) -> RasterHeader:
        if href not in self._headers:
            self._headers[href] = self._files.header(href, asset)
            _check_bbox(self._headers[href], record, self._files.label(href))
        return self._headers[href]


def check_file(files: SceneFiles, asset: Asset, declared: AssetRecord) -> None:
    """Hold a file against what was taken from its item without opening it.

    Raises
    ------
    SceneError
        If it lies elsewhere, or means something else by "no data".
    """
    with files.open(asset.href) as file:
        header = read_header(file.dataset, file.label)
        _check_declared(header, declared, file.label)
        found = _asset(declared, header, file.label, asset.href)
    if not _same(found.nodata or 0.0, asset.nodata or 0.0):
        raise SceneError(
            f"{file.label}: {declared.name}: expected 0 for no data, since the item does not say, "
            f"got {found.nodata:g}; correct the item"
        )


def beside(item: SceneItem, epsg: int) -> RefusedScene:
    """Return the record of a scene whose pixels lie beside the AOI."""
    try:
        west, south, east, north = reproject_bounds(item.bounds, epsg, WGS84)
        place = f"{west:.3f}..{east:.3f} E, {south:.3f}..{north:.3f} N"
    except SceneError:
        place = f"{item.bounds} in EPSG:{epsg}"
    reason = (
        f"beside the AOI: its pixels lie at {place}; if it should show the AOI, its CRS or its "
        "transform is wrong"
    )
    return RefusedScene(item.item_id, reason, "outside", item.acquired.date())


def settle(
    items: Sequence[SceneItem], refused: Sequence[RefusedScene]
) -> tuple[list[SceneItem], list[RefusedScene]]:
    """Return the newest version of each view, and all that is not used with the reasons."""
    for fault in refused:
        if fault.kind == "outside":
            logger.info("scene %s not used: %s", fault.item_id, fault.reason)
        else:
            logger.warning("scene %s refused: %s", fault.item_id, fault.reason)
    kept, superseded = resolve_duplicates(items)
    return kept, sorted([*refused, *superseded], key=lambda s: (s.item_id, s.reason))


def _check_bbox(header: RasterHeader, record: ItemRecord, path: str) -> None:
    """Refuse a file that does not hold the box that its item declares (a wrong zone, a cut)."""
    if record.bbox is None or record.bbox[0] > record.bbox[2]:  # across the antimeridian
        return
    west, south, east, north = reproject_bounds(header.bounds, header.epsg, WGS84)
    low = (record.bbox[0] - west, record.bbox[1] - south)
    high = (east - record.bbox[2], north - record.bbox[3])
    if not min(*low, *high) >= -BBOX_TOLERANCE_DEG:
        raise SceneError(
            f"{path}: expected pixels that hold the declared bbox {record.bbox}, got "
            f"{west:.4f}, {south:.4f}, {east:.4f}, {north:.4f} in EPSG:{header.epsg}; the CRS or "
            "the transform is wrong, or the file was cut: correct it, or index it again"
        )


def _check_declared(header: RasterHeader, asset: AssetRecord, path: str) -> None:
    """Refuse a file that does not lie on the grid that its item declares."""
    declared = asset.grid
    wrong = []
    if declared.epsg is not None and declared.epsg != header.epsg:
        wrong.append(f"EPSG:{declared.epsg} declared, EPSG:{header.epsg} in the file")
    if declared.shape is not None and declared.shape != (header.height, header.width):
        wrong.append(f"shape {declared.shape} declared, {(header.height, header.width)} found")
    if declared.transform is not None:
        off = np.abs(np.subtract(declared.transform, header.transform)).max()
        if not off <= DECLARED_PX * header.dx:
            wrong.append(f"transform {declared.transform} declared, {header.transform} found")
    if wrong:
        raise SceneError(f"{path}: expected the declared grid, got {'; '.join(wrong)}; correct it")


def _asset(record: AssetRecord, header: RasterHeader, path: str, href: str) -> Asset:
    """Return the asset of a band, checked against its file."""
    mask = record.name in MASKS
    check_band(header, record.band_index, path, mask=mask, scaled=record.scale is not None)
    return Asset(
        href=href,
        band_index=record.band_index,
        offset_dn=0 if mask else record.offset_dn,
        scale=1.0 if mask else (record.scale or 1.0 / DN_SCALE),
        nodata=_nodata(record, header, path),
    )


def _nodata(record: AssetRecord, header: RasterHeader, path: str) -> float | None:
    """Return the value of "no data", on which item and file must agree."""
    declared, found = record.nodata, header.nodata
    if declared is not None and found is not None and not _same(declared, found):
        raise SceneError(
            f"{path}: {record.name}: expected one value of no data, got {declared:g} in the item "
            f"and {found:g} in the file; correct the wrong one"
        )
    nodata = found if declared is None else declared
    dtype = np.dtype(header.dtypes[record.band_index - 1])
    if nodata is not None and dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not limits.min <= nodata <= limits.max:
            raise SceneError(
                f"{path}: {record.name}: expected a no-data value that {dtype} can hold, got "
                f"{nodata:g}; correct the item"
            )
    return nodata


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _digest(assets: Mapping[str, Asset], hashes: Mapping[str, str], orbit: str = "") -> str:
    """Return the digest of all that decides the pixels."""
    lines = [
        [name, hashes[a.href], a.band_index, a.offset_dn, a.scale, str(a.nodata)]
        for name, a in sorted(assets.items())
    ]
    if orbit:  # what passes are joined in one look
        lines.append([orbit])
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()
