"""Point files: GeoJSON and GeoPackage, read from local disk only, with the driver pinned."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely

from habitat.domain.errors import InputError
from habitat.io.vector.geopackage_file import read_geopackage
from habitat.io.vector.polygon_file import geojson_crs, read_json_object

MAX_BYTES = 200_000_000
MAX_POINTS = 2_000_000


@dataclass(frozen=True, slots=True)
class PointFile:
    """What a point file holds.

    Attributes
    ----------
    crs : pyproj.CRS
        Of the coordinates, in the order x (or longitude), y.
    xy : numpy.ndarray
        float64 ``(point, 2)``, finite.
    values : list
        The asked column; None where a point has none.
    """

    crs: pyproj.CRS
    xy: np.ndarray
    values: list[Any]


def read_points(path: Path, *, column: str) -> PointFile:
    """Read a point file.

    Raises
    ------
    InputError
        Not a regular local file, too large, another format or geometry, no CRS, no points.
    """
    if "://" in str(path) or str(path).startswith("/vsi") or not path.is_file():
        raise InputError(f"{path}: expected an existing local file, found none")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path}: expected at most {MAX_BYTES // 10**6} MB; split the points")
    readers = {".geojson": _read_geojson, ".json": _read_geojson, ".gpkg": _read_geopackage}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{path}: expected a file of {', '.join(readers)}, got another")
    found = read(path, column)
    if not found.values or not np.isfinite(found.xy).all():
        raise InputError(f"{path}: expected points with finite coordinates, got none or others")
    return found


def _read_geojson(path: Path, column: str) -> PointFile:
    document = read_json_object(path)
    features = document.get("features")
    if not isinstance(features, list) or len(features) > MAX_POINTS:
        raise InputError(f"{path}: expected a list of at most {MAX_POINTS:,} features")
    xy = [_position(path, i, feature) for i, feature in enumerate(features)]
    values = [(feature.get("properties") or {}).get(column) for feature in features]
    return PointFile(geojson_crs(document, path.name), np.array(xy).reshape(-1, 2), values)


def _position(path: Path, index: int, feature: Any) -> list[float]:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        at = geometry.get("coordinates")
        if isinstance(at, list) and at[2:] == at[2:3] and _are_numbers(at):
            return at[:2]
    raise InputError(f"{path}: feature {index}: expected a point, got {geometry!r:.80}")


def _are_numbers(at: list[Any]) -> bool:
    return len(at) > 1 and all(type(number) is float for number in at)


def _read_geopackage(path: Path, column: str) -> PointFile:
    layer = read_geopackage(path, columns=[column], max_features=MAX_POINTS)
    if not (shapely.get_type_id(layer.shapes) == shapely.GeometryType.POINT).all():
        raise InputError(f"{path}: expected points only, got other geometries")
    found = layer.columns.get(column)
    values = [None] * len(layer.shapes) if found is None else found.tolist()
    return PointFile(layer.crs, shapely.get_coordinates(layer.shapes), values)
