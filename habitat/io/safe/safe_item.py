"""The STAC item of a product that was converted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from habitat.domain.product_name import SCL
from habitat.io.safe.safe_metadata import SafeImage, SafeProduct, TileGrid
from habitat.io.scenes.placement import reproject_bounds
from habitat.io.scenes.scene_item import WGS84

_EXTENSIONS = (
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "https://stac-extensions.github.io/view/v1.0.0/schema.json",
)
_DEGREE_DIGITS = 7


def safe_item(product: SafeProduct, files: Sequence[tuple[SafeImage, Path, str]]) -> dict[str, Any]:
    """Return the item of a product.

    Parameters
    ----------
    product : SafeProduct
        What the product says.
    files : sequence of (SafeImage, Path, str)
        Image, COG, SHA-256 of the COG; the item stands beside the COGs.
    """
    boxes = [
        reproject_bounds(product.grids[image.pixel_m].bounds, _epsg(product), WGS84)
        for image, _, _ in files
    ]
    west, south = (round(min(box[i] for box in boxes), _DEGREE_DIGITS) for i in (0, 1))
    east, north = (round(max(box[i] for box in boxes), _DEGREE_DIGITS) for i in (2, 3))
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(_EXTENSIONS),
        "id": product.name,
        "bbox": [west, south, east, north],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": _properties(product),
        "assets": {image.band: _asset(product, image, cog, sha) for image, cog, sha in files},
        "links": [],
    }


def _epsg(product: SafeProduct) -> int:
    return next(grid.epsg for grid in product.grids.values())


def _properties(product: SafeProduct) -> dict[str, Any]:
    angles = product.angles
    properties: dict[str, Any] = {
        "datetime": product.acquired.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "constellation": "sentinel-2",
        "platform": product.platform,
        "s2:datatake_id": product.datatake_id,
        "s2:generation_time": product.generated.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "s2:mgrs_tile": product.mgrs_tile,
        "s2:processing_baseline": product.baseline,
        "s2:product_uri": f"{product.name}.SAFE",
        "view:sun_elevation": round(90.0 - angles.sun_zenith, 6),
        "view:sun_azimuth": round(angles.sun_azimuth, 6),
        "view:incidence_angle": round(angles.view_zenith, 6),
        "view:azimuth": round(angles.view_azimuth, 6),
    }
    if product.cloud_percent is not None:
        properties["eo:cloud_cover"] = product.cloud_percent
    return properties


def _asset(product: SafeProduct, image: SafeImage, cog: Path, sha256: str) -> dict[str, Any]:
    grid: TileGrid = product.grids[image.pixel_m]
    asset: dict[str, Any] = {
        "href": cog.name,
        "type": "image/tiff; application=geotiff; profile=cloud-optimized",
        "roles": ["data"],
        "bands": [{"name": image.band}],
        "nodata": 0,
        "proj:code": f"EPSG:{grid.epsg}",
        "proj:shape": [grid.height, grid.width],
        "proj:transform": list(grid.transform),
        "file:checksum": f"1220{sha256}",
        "file:size": cog.stat().st_size,
    }
    if image.band != SCL:
        asset["raster:scale"] = 1.0 / product.quantification
        asset["raster:offset"] = product.offsets_dn[image.band] / product.quantification
    return asset
