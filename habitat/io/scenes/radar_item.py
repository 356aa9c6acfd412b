"""What a STAC item says about a Sentinel-1 scene of terrain-corrected backscatter.

Understands the Planetary Computer's ``sentinel-1-rtc`` and any collection with assets of the
polarisations (``vv``, ``vh``, in upper case too) and the fields of the SAR and satellite
extensions.
"""

import re
from collections.abc import Mapping
from typing import Any

from habitat.domain.errors import SceneError
from habitat.domain.radar import RADAR_BANDS
from habitat.io.scenes import stac_item
from habitat.io.scenes.stac_item import AssetRecord, ItemRecord

_PLATFORM = re.compile(r"sentinel-?1-?([a-d])")
_PRODUCT = re.compile(r"^S1([A-D])_([A-Z0-9]{2})_")
_MODE = "IW"
_STATES = ("ascending", "descending")


def parse_radar_item(document: Mapping[str, Any]) -> ItemRecord:
    """Return the record of a STAC item.

    Raises
    ------
    SceneError
        If it has no id or time, is of another mode than IW, lacks VV or VH (the zone's land is
        seen in both; HH and HV are of sea ice), or does not say in which direction it was seen.
    """
    item_id = document.get("id")
    properties = stac_item.mapping(document.get("properties"))
    if not isinstance(item_id, str) or not item_id or not properties:
        raise SceneError(f"item: expected an id and properties, got {item_id!r}; write it again")
    mode = properties.get("sar:instrument_mode") or _named(item_id, 2) or _MODE
    if mode != _MODE:
        raise SceneError(f"item {item_id}: expected instrument mode {_MODE}, got {mode}")
    assets = {a.name: a for key in sorted(stac_item.mapping(document.get("assets")))
              for a in _asset(document, properties, key, item_id)}  # fmt: skip
    missing = [band for band in RADAR_BANDS if band not in assets]
    if missing:
        declared = properties.get("sar:polarizations") or sorted(document.get("assets") or {})
        raise SceneError(
            f"item {item_id}: expected assets vv and vh as GeoTIFF, found no {', '.join(missing)} "
            f"({declared}); use scenes of dual polarisation VV+VH"
        )
    return ItemRecord(
        item_id=item_id,
        acquired=stac_item.acquired(properties, item_id),
        mission=f"S1{_mission(properties, item_id)}",
        datatake="",
        mgrs_tile="",
        baseline="",
        bbox=stac_item.bbox(document.get("bbox")),
        assets=tuple(assets[band] for band in RADAR_BANDS),
        made=stac_item.made(properties),
        base=stac_item.base(document),
        orbit=_orbit(properties, item_id),
    )


def _named(item_id: str, group: int) -> str:
    match = _PRODUCT.match(item_id)
    return match[group] if match else ""


def _mission(properties: Mapping[str, Any], item_id: str) -> str:
    match = _PLATFORM.fullmatch(str(properties.get("platform", "")).lower())
    return match[1].upper() if match else _named(item_id, 1)


def _orbit(properties: Mapping[str, Any], item_id: str) -> str:
    state = str(properties.get("sat:orbit_state", "")).lower()
    if state not in _STATES:
        raise SceneError(
            f"item {item_id}: expected sat:orbit_state ascending or descending, got {state!r}: "
            "slopes look different from the two sides; correct the item"
        )
    relative = properties.get("sat:relative_orbit")
    return f"{state} {relative}" if isinstance(relative, int) else state


def _asset(
    document: Mapping[str, Any], properties: Mapping[str, Any], key: str, item_id: str
) -> list[AssetRecord]:
    """Return the record of an asset, none where it is no polarisation."""
    asset = stac_item.mapping(document["assets"][key])
    href, name = asset.get("href"), key.upper()
    if not isinstance(href, str) or name not in RADAR_BANDS or not stac_item.is_data(asset):
        return []
    raster = stac_item.raster_fields(asset, 1)
    if raster.get("unit") in {"dB", "decibel"}:
        raise SceneError(
            f"item {item_id}, asset {key}: expected linear power, got decibels (raster:bands "
            "unit); deliver 10^(dB / 10)"
        )
    grid = stac_item.declared_grid(asset, properties)
    return [
        AssetRecord(
            name=name,
            href=href,
            band_index=1,
            scale=1.0,
            nodata=stac_item.nodata(raster.get("nodata")),
            offset_dn=0,
            sha256=stac_item.sha256(asset),
            grid=grid,
            pixel_m=stac_item.pixel(asset, raster, grid),
            size=stac_item.size(asset),
        )
    ]
