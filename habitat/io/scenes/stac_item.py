"""What a STAC item says about a Sentinel-2 scene: the many dialects of catalogues to one record.

Pure parsing: nothing is opened. Understands STAC 1.0 (``eo:bands``, ``raster:bands``) and 1.1
(``bands``, ``raster:scale``), the keys of Earth Search, the Planetary Computer, the Copernicus Data
Space, ``stactools`` and of ``habitat index``.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from habitat.domain.bands import BASELINE_0400_OFFSET_DN, DN_SCALE, S2_BANDS
from habitat.domain.errors import SceneError
from habitat.domain.product_name import OFFSET_BASELINE, ProductName, band_of, find_product

#: Pictures and papers of an item, never measurements.
_NOT_DATA = {"visual", "overview", "thumbnail", "metadata"}
_NOT_DATA_KEYS = ("visual", "overview", "preview", "thumbnail")
_TIFF = "image/tiff"
#: Where items name the ESA product, and say that the offset was taken off already.
_PRODUCT_KEYS = ("s2:product_uri", "sentinel:product_id")
_APPLIED_KEYS = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
_SHA256_MULTIHASH = re.compile(r"1220([0-9a-f]{64})")
_SENSING_TIME = re.compile(r"\d{8}T\d{6}")
_TRANSFORM_LENGTH = 6
_BBOX_LENGTH = 4


@dataclass(frozen=True, slots=True)
class DeclaredGrid:
    """Where an item says that a raster lies; None where it does not say."""

    epsg: int | None = None
    transform: tuple[float, ...] | None = None
    shape: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """What an item says about one band.

    Attributes
    ----------
    name : str
        ESA band name, ``scl`` or ``cloud_probability``.
    href : str
        As written in the item.
    band_index : int
        1-based band of the file.
    scale, nodata : float or None
        None where the item does not say.
    offset_dn : int
        0 or 1,000.
    sha256 : str or None
        Checksum of the file, hex.
    grid : DeclaredGrid
        Where it lies.
    pixel_m : float
        Pixel size [m]; infinite where unknown.
    size : int or None
        Bytes of the file.
    """

    name: str
    href: str
    band_index: int
    scale: float | None
    nodata: float | None
    offset_dn: int
    sha256: str | None
    grid: DeclaredGrid
    pixel_m: float
    size: int | None = None


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """What an item says about one scene.

    Attributes
    ----------
    item_id : str
        Id of the record.
    acquired : datetime
        UTC.
    mission, datatake, mgrs_tile, baseline : str
        As in :class:`habitat.domain.scene.SceneItem`; empty where unknown.
    bbox : tuple of float or None
        West, south, east, north [degrees].
    assets : tuple of AssetRecord
        All that carry a band or a mask; a band may stand in several.
    made : str
        When the record or the product was made, as written: another text means another version.
    cloud_percent : float or None
        Cloud cover of the whole scene.
    base : str
        Address of the record, where relative hrefs start; empty where unknown.
    orbit : str
        Of radar: direction and relative orbit; else empty.
    """

    item_id: str
    acquired: datetime
    mission: str
    datatake: str
    mgrs_tile: str
    baseline: str
    bbox: tuple[float, float, float, float] | None
    assets: tuple[AssetRecord, ...]
    made: str = ""
    cloud_percent: float | None = None
    base: str = ""
    orbit: str = ""

    def best_assets(self, pixel_m: int) -> dict[str, AssetRecord]:
        """Return one asset per band: of the pixel asked for, else of the finest."""
        best: dict[str, AssetRecord] = {}
        for asset in sorted(self.assets, key=lambda a: (a.pixel_m != pixel_m, a.pixel_m, a.href)):
            best.setdefault(asset.name, asset)
        return best


def parse_item(document: Mapping[str, Any]) -> ItemRecord:
    """Return the record of a STAC item.

    The offset of a band is, in this order: 0 where ``…:boa_offset_applied`` is true
    (such items still carry ``offset: -0.1``); the declared ``offset``; 1,000 from baseline 04.00
    on (also for old images that were processed again); else 0.

    Raises
    ------
    SceneError
        If it has no id, no UTC time, no band, or an offset that no Sentinel-2 product has.
    """
    item_id = document.get("id")
    if not isinstance(item_id, str) or not item_id:
        raise SceneError(f"item: expected an id, got {item_id!r}; give it a unique text")
    properties = document.get("properties")
    if not isinstance(properties, Mapping):
        raise SceneError(f"item {item_id}: expected properties, got none; write the item again")
    named = (properties.get(key, "") for key in _PRODUCT_KEYS)
    product = find_product(" ".join([*map(str, named), item_id]))
    baseline = _baseline(properties, product)
    assets = tuple(_assets(document, properties, baseline, item_id))
    if not any(asset.name in S2_BANDS for asset in assets):
        raise SceneError(
            f"item {item_id}: expected assets with Sentinel-2 bands (B02 … B12, red, nir08, …) as "
            f"GeoTIFF, got {sorted(mapping(document.get('assets')))[:12]}"
        )
    return ItemRecord(
        item_id=item_id,
        acquired=acquired(properties, item_id),
        mission=_mission(properties, product),
        datatake=_datatake(properties, product),
        mgrs_tile=_mgrs_tile(properties, product),
        baseline=baseline,
        bbox=bbox(document.get("bbox")),
        assets=assets,
        made=made(properties),
        cloud_percent=_number(properties.get("eo:cloud_cover")),
        base=base(document),
    )


def acquired(properties: Mapping[str, Any], item_id: str) -> datetime:
    """Return the acquisition time, UTC; SceneError where it is missing or has no time zone."""
    text = properties.get("datetime") or properties.get("start_datetime")
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        time = datetime.min  # noqa: DTZ901  # naive on purpose: refused just below
    if time.tzinfo is None:
        raise SceneError(
            f"item {item_id}: expected a datetime with its offset from UTC "
            f"(2024-04-17T02:15:29Z), got {text!r}; correct the item"
        )
    return time.astimezone(UTC)


def _baseline(properties: Mapping[str, Any], product: ProductName | None) -> str:
    declared = properties.get("s2:processing_baseline") or properties.get("processing:version")
    if isinstance(declared, str) and re.fullmatch(r"\d{2}\.\d{2}", declared):
        return declared
    return product.baseline if product else ""


def _mission(properties: Mapping[str, Any], product: ProductName | None) -> str:
    platform = str(properties.get("platform", "")).lower()
    if match := re.fullmatch(r"sentinel-2([a-d])", platform):
        return f"S2{match[1].upper()}"
    return product.mission if product else ""


def _datatake(properties: Mapping[str, Any], product: ProductName | None) -> str:
    # The id ends with the baseline (..._N05.10); only its time is the same after reprocessing.
    if match := _SENSING_TIME.search(str(properties.get("s2:datatake_id", ""))):
        return match[0]
    return product.datatake if product else ""


def _mgrs_tile(properties: Mapping[str, Any], product: ProductName | None) -> str:
    for key in ("s2:mgrs_tile", "grid:code", "s2:tile_id"):
        if match := re.search(r"(?:^|-|_T)(\d{1,2}[A-Z]{3})(?:$|_)", str(properties.get(key, ""))):
            return match[1].rjust(5, "0")
    return product.mgrs_tile if product else ""


def _assets(
    document: Mapping[str, Any], properties: Mapping[str, Any], baseline: str, item_id: str
) -> Iterator[AssetRecord]:
    """Yield a record for each band and mask of each data asset."""
    assets = mapping(document.get("assets"))
    for key in sorted(assets):
        asset = mapping(assets[key])
        href = asset.get("href")
        if not isinstance(href, str) or key.startswith(_NOT_DATA_KEYS) or not is_data(asset):
            continue
        names = _band_names(key, asset)
        for index, name in enumerate(names, start=1):
            if name is None:
                continue
            raster, where = raster_fields(asset, index), f"item {item_id}, asset {key}"
            grid = declared_grid(asset, properties)
            yield AssetRecord(
                name=name,
                href=href,
                band_index=index,
                scale=_scale(raster, where),
                nodata=nodata(raster.get("nodata")),
                offset_dn=_offset(raster, properties, baseline, where),
                sha256=sha256(asset),
                grid=grid,
                pixel_m=pixel(asset, raster, grid),
                size=size(asset),
            )


def is_data(asset: Mapping[str, Any]) -> bool:
    """Say whether an asset is a GeoTIFF of measurements."""
    roles = asset.get("roles") or []
    media = asset.get("type") or _TIFF
    return not _NOT_DATA.intersection(roles) and str(media).startswith(_TIFF)


def _band_names(key: str, asset: Mapping[str, Any]) -> list[str | None]:
    """Return the name of each band of an asset: from its band list, else from its key."""
    bands = asset.get("bands") or asset.get("eo:bands")
    names = [band_of(str(mapping(b).get("name", ""))) for b in bands or []]
    if any(names):
        return names
    return [band_of(key)]


def raster_fields(asset: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Return scale, offset, nodata and resolution of a band, from the nearest place."""
    fields: dict[str, Any] = {}
    sources = [asset]
    for key in ("raster:bands", "bands"):
        bands = asset.get(key)
        if isinstance(bands, list) and index <= len(bands):
            sources.append(mapping(bands[index - 1]))
    for source in sources:
        for name in ("scale", "offset", "nodata", "spatial_resolution", "unit"):
            for written in (name, f"raster:{name}"):
                if source.get(written) is not None:
                    fields[name] = source[written]
    return fields


def _scale(raster: Mapping[str, Any], where: str) -> float | None:
    scale = _number(raster.get("scale"))
    if scale is not None and scale <= 0:
        raise SceneError(f"{where}: expected a positive scale, got {scale:g}; correct the item")
    return scale


def _offset(
    raster: Mapping[str, Any], properties: Mapping[str, Any], baseline: str, where: str
) -> int:
    if any(properties.get(key) is True for key in _APPLIED_KEYS):
        return 0
    declared = _number(raster.get("offset"))
    if declared is None:
        return BASELINE_0400_OFFSET_DN if baseline >= OFFSET_BASELINE else 0
    offset_dn = round(-declared * DN_SCALE)
    if offset_dn not in {0, BASELINE_0400_OFFSET_DN}:
        raise SceneError(
            f"{where}: expected an offset of 0 or -0.1, got {declared:g}; no Sentinel-2 product "
            "has it, so correct the item"
        )
    return offset_dn


def declared_grid(asset: Mapping[str, Any], properties: Mapping[str, Any]) -> DeclaredGrid:
    """Return where an asset lies, as it or its item says."""
    both = {**properties, **asset}
    epsg = both.get("proj:epsg")
    if match := re.fullmatch(r"EPSG:(\d+)", str(both.get("proj:code"))):
        epsg = int(match[1])
    transform, shape = both.get("proj:transform"), both.get("proj:shape")
    return DeclaredGrid(
        epsg=epsg if isinstance(epsg, int) else None,
        transform=_numbers(transform, _TRANSFORM_LENGTH),
        shape=_shape(shape),
    )


def pixel(asset: Mapping[str, Any], raster: Mapping[str, Any], grid: DeclaredGrid) -> float:
    """Return the pixel size [m], infinite where unknown."""
    for value in (grid.transform and grid.transform[0], asset.get("gsd")):
        number = _number(value)
        if number is not None:
            return abs(number)
    resolution = _number(raster.get("spatial_resolution"))
    return math.inf if resolution is None else resolution


def sha256(asset: Mapping[str, Any]) -> str | None:
    """Return the declared SHA-256, hex, or None."""
    match = _SHA256_MULTIHASH.fullmatch(str(asset.get("file:checksum", "")))
    return match[1] if match else None


def size(asset: Mapping[str, Any]) -> int | None:
    """Return the declared size [bytes], or None."""
    found = asset.get("file:size")
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def made(properties: Mapping[str, Any]) -> str:
    """Return when record or product was made, as written."""
    keys = ("s2:generation_time", "updated", "created")
    return next((str(properties[key]) for key in keys if properties.get(key)), "")


def base(document: Mapping[str, Any]) -> str:
    """Return the address of the record, empty where unknown."""
    links = document.get("links")
    for link in links if isinstance(links, list) else []:
        if mapping(link).get("rel") == "self":
            return str(mapping(link).get("href", ""))
    return ""


def nodata(value: Any) -> float | None:
    """Return the value of no data, or None."""
    # JSON has no NaN, so STAC writes it as text.
    return math.nan if value == "nan" else _number(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _numbers(values: Any, length: int) -> tuple[float, ...] | None:
    if not isinstance(values, list) or len(values) < length:
        return None
    numbers = [_number(value) for value in values[:length]]
    found = tuple(number for number in numbers if number is not None)
    return found if len(found) == length else None


def _shape(value: Any) -> tuple[int, int] | None:
    numbers = _numbers(value, 2)
    return None if numbers is None else (int(numbers[0]), int(numbers[1]))


def bbox(value: Any) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north [degrees], or None."""
    if isinstance(value, list) and len(value) == 2 * _BBOX_LENGTH - 2:  # three dimensions
        value = [*value[:2], *value[3:5]]
    numbers = _numbers(value, _BBOX_LENGTH)
    return None if numbers is None else (numbers[0], numbers[1], numbers[2], numbers[3])


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}
