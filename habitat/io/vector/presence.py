"""Where roads, settlements and the like are, from a raster or a vector file, on the grid."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from shapely.errors import GEOSException

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.io.vector.aoi import rasterise
from habitat.io.vector.geopackage_file import read_geopackage
from habitat.io.vector.polygon_file import geojson_crs, read_json_object
from habitat.io.vector.reference import raster_labels

MAX_BYTES = 400_000_000
MAX_FEATURES = 2_000_000
_VECTORS = (".geojson", ".json", ".gpkg")
_RASTERS = (".tif", ".tiff")
_TYPES = shapely.GeometryType
_POLYGONS = (_TYPES.POLYGON, _TYPES.MULTIPOLYGON)
_KINDS = (
    _TYPES.POINT, _TYPES.MULTIPOINT, _TYPES.LINESTRING, _TYPES.MULTILINESTRING, *_POLYGONS,
)  # fmt: skip
#: Lines are sampled at this part of a pixel.
_STEP = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Shapes in the CRS of the project: dims (shape,), and their bounds (shape, 4)."""

    geometries: np.ndarray
    bounds: np.ndarray


def read_presence(path: Path, *, sha256: str, grid: Grid, window: Window) -> np.ndarray:
    """Return the pixels that a file says something lies in.

    Parameters
    ----------
    path : Path
        GeoTIFF (presence where the value is 1 to 254 and not nodata), or GeoJSON or GeoPackage of
        one layer with points, lines or polygons.
    sha256 : str
        Of the file: shapes are read once per process and content.
    grid, window : Grid, Window
        What to return.

    Returns
    -------
    numpy.ndarray
        bool ``(y, x)``: pixels that a point lies in, a line or an edge of a polygon runs through
        (sampled at a quarter of a pixel), or whose centre lies in a polygon. It does not depend on
        the window.

    Raises
    ------
    InputError
        If the file is refused.
    """
    if path.suffix.lower() in _RASTERS:
        return raster_labels(path, grid=grid, window=window) > 0
    shapes = _shapes(path, sha256, grid.epsg)
    x0, y0, x1, y1 = grid.bounds(window)
    low_x, low_y, high_x, high_y = shapes.bounds.T
    near = shapes.geometries[(low_x <= x1) & (high_x >= x0) & (low_y <= y1) & (high_y >= y0)]
    found = _sampled(near, grid, window)
    for area in near[np.isin(shapely.get_type_id(near), _POLYGONS)]:
        found |= rasterise(area, grid, window)
    return found


def _sampled(shapes: np.ndarray, grid: Grid, window: Window) -> np.ndarray:
    """Return the pixels that vertices and samples between them lie in."""
    found = np.zeros(window.shape, dtype=bool)
    xy = shapely.get_coordinates(shapely.segmentize(shapes, grid.pixel_m * _STEP))
    col = np.floor(xy[:, 0] / grid.pixel_m).astype(np.int64) - window.col
    row = np.floor(-xy[:, 1] / grid.pixel_m).astype(np.int64) - window.row
    inside = (col >= 0) & (col < window.width) & (row >= 0) & (row < window.height)
    found[row[inside], col[inside]] = True
    return found


@lru_cache(maxsize=8)
def _shapes(path: Path, sha256: str, epsg: int) -> Shapes:  # noqa: ARG001  # names the content
    shapes, crs = _read(path)
    with np.errstate(invalid="ignore"):
        projected = np.array(gpd.GeoSeries(list(shapes), crs=crs).to_crs(epsg))
    bounds = shapely.bounds(projected)
    if not np.isfinite(bounds).all():
        raise InputError(
            f"{path}: expected shapes with finite coordinates that EPSG:{epsg} can hold, got "
            f"{int((~np.isfinite(bounds)).any(axis=1).sum())} others or empty ones; correct them"
        )
    return Shapes(projected, bounds)


def _read(path: Path) -> tuple[np.ndarray, pyproj.CRS]:
    suffix = path.suffix.lower()
    if suffix not in _VECTORS or not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise InputError(
            f"{path}: expected an existing file {', '.join((*_RASTERS, *_VECTORS))} of at most "
            f"{MAX_BYTES // 10**6} MB, got another"
        )
    if suffix == ".gpkg":
        layer = read_geopackage(path, max_features=MAX_FEATURES)
        shapes, crs = layer.shapes, layer.crs
    else:
        shapes, crs = _read_geojson(path)
    wrong = ~np.isin(shapely.get_type_id(shapes), _KINDS)  # none, or a collection
    if len(shapes) > MAX_FEATURES or wrong.any():
        raise InputError(
            f"{path}: expected at most {MAX_FEATURES:,} features, each with points, lines or "
            f"polygons, got {len(shapes):,}, of which {int(wrong.sum())} have others or none"
        )
    return shapely.force_2d(shapes), crs


def _read_geojson(path: Path) -> tuple[np.ndarray, pyproj.CRS]:
    document = read_json_object(path)
    try:
        shapes = shapely.from_geojson(path.read_text("utf-8"))
    except GEOSException as error:
        raise InputError(f"{path}: expected GeoJSON, got: {error}") from error
    return shapely.get_parts(shapes), geojson_crs(document, path.name)
