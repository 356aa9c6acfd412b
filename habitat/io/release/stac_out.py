"""A static STAC 1.1 catalogue of a release: every file with checksum, inputs and accuracy.

Extension fields are written by name (``proj`` 2.0, ``raster`` 2.0, ``classification`` 2.0,
``file`` 2.1, ``processing`` 1.2); the catalogue holds relative links only and no clock.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pystac
from rasterio.warp import transform as transform_points

from habitat import __version__
from habitat.domain.grid import Grid, Window
from habitat.domain.layers import Layer
from habitat.domain.period import Period
from habitat.io.durable import (
    atomic_write_bytes,
    local_resources,
    require_safe_name,
    sha256_file,
)
from habitat.io.raster.geotiff_metadata import class_rows
from habitat.io.raster.raster_statistics import BandStatistics

COG = "image/tiff; application=geotiff; profile=cloud-optimized"
GEOPACKAGE = "application/geopackage+sqlite3"
_EXTENSIONS = (
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "https://stac-extensions.github.io/processing/v1.2.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
)
_EDGE_POINTS = 16
_SHA256_MULTIHASH = "1220"


@dataclass(frozen=True, slots=True)
class CatalogAsset:
    """One file of a release.

    Attributes
    ----------
    key : str
        ``data``, ``style``, ``metadata``.
    path : str
        Relative to the release, with ``/``.
    title, media_type : str
        As readers show it; its media type.
    roles : tuple of str
        STAC roles.
    bands : tuple of dict
        STAC 1.1 band objects; empty for files that are no raster.
    """

    key: str
    path: str
    title: str
    media_type: str
    roles: tuple[str, ...]
    bands: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """One record of the catalogue.

    Attributes
    ----------
    item_id : str
        ``<layer>_<period>``.
    title, description : str
        One line; one sentence.
    period : Period
        First and last day that the files speak of.
    grid, window : Grid, Window
        Where they lie.
    assets : tuple of CatalogAsset
        The files.
    inputs : tuple of str
        Ids of the scenes or layers that went in.
    accuracy : str
        The accuracy statement, or ``not assessed``.
    simulated : bool
        Made from a simulated landscape.
    """

    item_id: str
    title: str
    description: str
    period: Period
    grid: Grid
    window: Window
    assets: tuple[CatalogAsset, ...]
    inputs: tuple[str, ...] = ()
    accuracy: str = "not assessed"
    simulated: bool = False


def layer_assets(
    file_name: str, layer: Layer, statistics: Sequence[BandStatistics], band_names: Sequence[str]
) -> tuple[CatalogAsset, ...]:
    """Return the assets of a layer: the GeoTIFF, its style and its ``.aux.xml``.

    Parameters
    ----------
    file_name : str
        ``<layer>_<period>.tif``.
    layer : Layer
        The entry.
    statistics : sequence of BandStatistics
        As :func:`habitat.io.raster.geotiff.write_layer` returned them.
    band_names : sequence of str
        Band descriptions; one title for a layer of one band.
    """
    names = tuple(band_names) or (layer.title,)
    bands = tuple(_band(layer, n, s) for n, s in zip(names, statistics, strict=True))
    style = file_name.removesuffix(".tif") + ".qml"
    return (
        CatalogAsset("data", file_name, layer.title, COG, ("data",), bands),
        CatalogAsset("style", style, "QGIS style", "application/xml", ("style",)),
        CatalogAsset(
            "metadata", f"{file_name}.aux.xml", "GDAL metadata", "application/xml", ("metadata",)
        ),
    )


def _band(layer: Layer, name: str, figures: BandStatistics) -> dict[str, Any]:
    band: dict[str, Any] = {
        "name": name,
        "description": layer.meaning,
        "data_type": layer.dtype,
        "nodata": "nan" if math.isnan(layer.nodata) else layer.nodata,
    }
    if layer.unit:
        band["unit"] = layer.unit
    if layer.scale != 1.0:
        band |= {"raster:scale": layer.scale, "raster:offset": 0.0}
    if figures.valid:
        band["statistics"] = {
            "minimum": figures.minimum,
            "maximum": figures.maximum,
            "mean": figures.mean,
            "stddev": figures.stddev,
            "count": figures.total,
            "valid_percent": figures.valid_percent,
        }
    if layer.is_class:
        band["classification:classes"] = _classes(layer)
    return band


def _classes(layer: Layer) -> list[dict[str, Any]]:
    classes: list[dict[str, Any]] = [
        {
            "value": code,
            "name": "".join(c if c.isalnum() else "_" for c in name).strip("_"),
            "title": name,
            "description": name,
            "color_hint": colour.removeprefix("#").upper(),
        }
        for code, name, colour in class_rows(layer)
    ]
    outside = {"value": int(layer.nodata), "name": "outside", "title": "outside the AOI"}
    return [*classes, {**outside, "description": "outside the AOI", "nodata": True}]


def write_catalog(
    release_dir: Path, items: Iterable[CatalogItem], *, catalog_id: str, description: str
) -> list[Path]:
    """Write ``catalog.json`` and ``items/<id>.json`` into a release.

    Parameters
    ----------
    release_dir : Path
        Holds the files that the items name.
    items : iterable of CatalogItem
        Any order.
    catalog_id, description : str
        Id and text of the catalogue.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        If an id cannot be a file name.
    ResourceError
        If a named file cannot be read or the catalogue not be written.
    """
    catalog = pystac.Catalog(
        catalog_id, description, catalog_type=pystac.CatalogType.SELF_CONTAINED
    )
    catalog.set_self_href(str(release_dir / "catalog.json"))
    for item in sorted(items, key=lambda i: i.item_id):
        require_safe_name(item.item_id, "item id")
        record = _record(release_dir, item)
        catalog.add_item(record, set_parent=True)
        record.set_self_href(str(release_dir / "items" / f"{item.item_id}.json"))
    with local_resources("writing", release_dir / "items"):
        (release_dir / "items").mkdir(exist_ok=True)
    written = [_save(item, release_dir) for item in catalog.get_items()]
    return [_save(catalog, release_dir), *written]


def _save(record: pystac.STACObject, release_dir: Path) -> Path:
    path = Path(record.get_self_href() or "")
    text = json.dumps(
        record.to_dict(include_self_link=False, transform_hrefs=True),
        indent=2,
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
    )
    atomic_write_bytes(path, (text + "\n").encode())
    return release_dir / path.relative_to(release_dir)


def _record(release_dir: Path, item: CatalogItem) -> pystac.Item:
    start, end = item.period.bounds_utc
    ring = footprint(item.grid, item.window)
    lon, lat = zip(*ring, strict=True)
    record = pystac.Item(
        item.item_id,
        geometry={"type": "Polygon", "coordinates": [ring]},
        bbox=[min(lon), min(lat), max(lon), max(lat)],
        datetime=None,
        start_datetime=start,
        end_datetime=end.replace(microsecond=0),
        properties=_properties(item),
        stac_extensions=list(_EXTENSIONS),
    )
    for asset in item.assets:
        record.add_asset(asset.key, _asset(release_dir, asset))
    return record


def _properties(item: CatalogItem) -> dict[str, Any]:
    return {
        "title": item.title,
        "description": item.description,
        "proj:code": item.grid.crs,
        "proj:shape": list(item.window.shape),
        "proj:transform": list(item.grid.transform(item.window)),
        "proj:bbox": list(item.grid.bounds(item.window)),
        "gsd": item.grid.pixel_m,
        "processing:software": {"habitat": __version__},
        "habitat:inputs": sorted(item.inputs),
        "habitat:accuracy": item.accuracy,
        "habitat:simulated": item.simulated,
    }


def _asset(release_dir: Path, asset: CatalogAsset) -> pystac.Asset:
    path = release_dir / asset.path
    with local_resources("reading", path):
        extra: dict[str, Any] = {
            "file:checksum": _SHA256_MULTIHASH + sha256_file(path),
            "file:size": path.stat().st_size,
        }
    if asset.bands:
        extra["bands"] = list(asset.bands)
    return pystac.Asset(
        f"../{asset.path}",
        asset.title,
        media_type=asset.media_type,
        roles=list(asset.roles),
        extra_fields=extra,
    )


def footprint(grid: Grid, window: Window) -> list[list[float]]:
    """Return the outline of a window as a closed ring of ``[longitude, latitude]`` (WGS 84).

    Each edge has 16 parts, since straight lines of the projection are curves there; seven
    decimals (1 cm).
    """
    x_min, y_min, x_max, y_max = grid.bounds(window)
    corners = [(x_min, y_min), (x_max, y_min), (x_max, y_max), (x_min, y_max), (x_min, y_min)]
    ring = [
        (x0 + (x1 - x0) * k / _EDGE_POINTS, y0 + (y1 - y0) * k / _EDGE_POINTS)
        for (x0, y0), (x1, y1) in pairwise(corners)
        for k in range(_EDGE_POINTS)
    ]
    xs, ys = zip(*ring, corners[0], strict=True)
    lon, lat = transform_points(grid.crs, "EPSG:4326", xs, ys)
    return [[round(x, 7), round(y, 7)] for x, y in zip(lon, lat, strict=True)]
