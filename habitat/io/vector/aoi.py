"""The area of interest: a polygon file, checked, normalised, projected, and as a pixel mask."""

import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from habitat.domain.errors import AoiError
from habitat.domain.grid import Bounds, Grid, Tile, Window
from habitat.io.projection import WGS84, area_of_use, check_crs, geodesic_km2, reproject
from habitat.io.vector.polygon_file import PolygonFile, read_polygons

MAX_KM2 = 200_000.0
MIN_KM2 = 1e-6
EDGE_DEG, EDGE_M = 0.01, 1_000.0  # longest edge before projection: then off by centimetres
PRECISION_M = 0.001


@dataclass(frozen=True, slots=True)
class Aoi:
    """An accepted area of interest.

    Attributes
    ----------
    name : str
        Stem of the file.
    source : str
        Name of the file.
    epsg : int
        The project CRS.
    geometry : shapely.MultiPolygon
        In the project CRS [m], to the millimetre, normalised, edges at most about 1 km.
    geometry_wgs84 : shapely.MultiPolygon
        Longitude and latitude, vertices as in the file, exterior counter-clockwise.
    area_km2 : float
        On the ellipsoid.
    sha256 : str
        Of the well-known binary of ``geometry``: it decides which pixels lie inside.
    notes : tuple of str
        What a reader of the results should know about it.
    """

    name: str
    source: str
    epsg: int
    geometry: BaseGeometry = field(repr=False)
    geometry_wgs84: BaseGeometry = field(repr=False)
    area_km2: float
    sha256: str
    notes: tuple[str, ...] = ()

    @property
    def bounds(self) -> Bounds:
        """``(x_min, y_min, x_max, y_max)`` [m]."""
        x_min, y_min, x_max, y_max = self.geometry.bounds
        return x_min, y_min, x_max, y_max


def read_aoi(path: Path, *, epsg: int, max_km2: float = MAX_KM2) -> Aoi:
    """Read and check an area of interest.

    Features are united; order, start and direction of rings, repeated vertices, Z and M make no
    difference. Edges are straight in the file's CRS, as RFC 7946 says.

    Parameters
    ----------
    path : Path
        GeoJSON, GeoPackage or shapefile (:func:`habitat.io.vector.polygon_file.read_polygons`).
    epsg : int
        The project CRS.
    max_km2 : float
        Largest area accepted.

    Raises
    ------
    AoiError
        Names the file, the feature or position, and what to do.
    ConfigError
        If ``epsg`` cannot be the CRS of a grid.
    """
    check_crs(epsg)
    found = read_polygons(path)
    shapes = np.array(found.geometries)
    _check_empty(found.name, shapes)
    _check_coordinates(found, shapes, epsg)
    _check_valid(found.name, shapes)
    whole = shapely.union_all(shapely.remove_repeated_points(shapes))
    lonlat = _to_lonlat(found, whole)
    _check_place(found.name, lonlat, epsg)
    geometry = _project(found, whole, epsg)
    step = shapely.segmentize(geometry, EDGE_M)
    area_km2 = geodesic_km2(reproject(step, epsg, WGS84))
    _check_area(found.name, area_km2, max_km2)
    digest = hashlib.sha256(f"EPSG:{epsg} ".encode() + shapely.to_wkb(geometry, byte_order=1))
    return Aoi(path.stem, path.name, epsg, geometry, _multi(lonlat), area_km2, digest.hexdigest())


def touches(aoi: Aoi, bounds: Bounds) -> bool:
    """Say whether a rectangle [m] has a point in common with the AOI, not only with its bounds."""
    return bool(shapely.intersects(aoi.geometry, shapely.box(*bounds)))


def rasterise(geometry: BaseGeometry, grid: Grid, window: Window) -> np.ndarray:
    """Return which pixel centres lie inside polygons.

    Each row counts the edges west of a pixel centre (even-odd rule). Every number is computed
    in the coordinates of the CRS, never of the window, so the answer does not depend on the
    tiling; two areas that share an edge share no pixel.

    Parameters
    ----------
    geometry : shapely.Polygon or shapely.MultiPolygon
        In the project CRS [m].
    grid : Grid
        The pixels.
    window : Window
        What to return.

    Returns
    -------
    ndarray of bool, dims (y, x)
    """
    x0, y0, x1, y1 = _edges(geometry)
    p = float(grid.pixel_m)
    # rows whose centre y = -(row + 0.5) p lies in [y0, y1), northern row first
    first = np.floor(-y1 / p - 0.5).astype(np.int64) + 1
    last = np.floor(-y0 / p - 0.5).astype(np.int64)
    first = np.maximum(first, window.row)
    last = np.minimum(last, window.row + window.height - 1)
    count = np.maximum(last - first + 1, 0)
    edge = np.repeat(np.arange(count.size), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    y = -(row + 0.5) * p
    x = x0[edge] + (y - y0[edge]) * ((x1[edge] - x0[edge]) / (y1[edge] - y0[edge]))
    col = np.clip(np.ceil(x / p - 0.5).astype(np.int64) - window.col, 0, window.width)
    flips = np.zeros((window.height, window.width + 1), dtype=bool)
    np.logical_xor.at(flips, (row - window.row, col), True)
    inside: np.ndarray = np.logical_xor.accumulate(flips[:, :-1], axis=1)
    return inside


def tiles_inside(aoi: Aoi, grid: Grid) -> list[Tile]:
    """Return the tiles with at least one pixel inside the AOI, by rows from the north."""
    window = grid.window_of_bounds(aoi.bounds)
    return [
        tile
        for tile in grid.tiles(window)
        if rasterise(aoi.geometry, grid, covered_window(aoi, grid, tile)).any()
    ]


def covered_window(aoi: Aoi, grid: Grid, tile: Tile) -> Window:
    """Return the part of a tile within the bounds of the AOI: no more is read or computed.

    Raises
    ------
    ValueError
        If the tile lies outside the bounds.
    """
    covered = grid.tile_window(tile).intersect(grid.window_of_bounds(aoi.bounds))
    if covered is None:
        raise ValueError(f"tile {tile.name}: expected one that touches {aoi.bounds}")
    return covered


def _edges(geometry: BaseGeometry) -> tuple[np.ndarray, ...]:
    """Return ``x0, y0, x1, y1`` of all edges that are not level, from south to north."""
    rings = shapely.get_rings(shapely.get_parts(geometry))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    ends = np.hstack([xy[:-1], xy[1:]])[ring[1:] == ring[:-1]]
    ends = ends[ends[:, 1] != ends[:, 3]]
    up = ends[:, 1] < ends[:, 3]
    ends[~up] = ends[~up][:, [2, 3, 0, 1]]
    return tuple(ends.T)


def _check_empty(name: str, shapes: np.ndarray) -> None:
    empty = np.flatnonzero(shapely.is_empty(shapes))
    if empty.size:
        raise AoiError(f"{name}: feature {empty[0]}: expected a polygon, got an empty one")


def _check_coordinates(found: PolygonFile, shapes: np.ndarray, epsg: int) -> None:
    """Refuse numbers that cannot be coordinates of the file's CRS."""
    xy, feature = shapely.get_coordinates(shapes, return_index=True)
    bad = ~np.isfinite(xy).all(axis=1)
    if found.crs.is_geographic:
        bad |= (np.abs(xy) > (180.0, 90.0)).any(axis=1)
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        hint = _hint(xy[i], epsg) if np.isfinite(xy[i]).all() else ""
        raise AoiError(
            f"{found.name}: feature {feature[i]}: expected coordinates of {found.crs.name}, "
            f"got {xy[i].tolist()}.{hint}"
        )
    if found.crs.is_geographic and np.ptp(xy[:, 0]) > 180.0:  # noqa: PLR2004  # half the globe
        raise AoiError(
            f"{found.name}: spans {np.ptp(xy[:, 0]):.0f} degrees of longitude. An AOI may not "
            "cross the antimeridian: cut it at 180 degrees and run the parts apart."
        )


def _hint(lonlat: np.ndarray, epsg: int) -> str:
    """Say what a misplaced coordinate pair looks like."""
    first, second = (float(v) for v in lonlat)
    if max(abs(first), abs(second)) > 360.0:  # noqa: PLR2004  # a full turn
        return " These look like metres: give the file its real CRS."
    area = area_of_use(epsg)
    if area and area[0] <= second <= area[2] and area[1] <= first <= area[3]:
        return " Latitude and longitude look swapped: GeoJSON wants longitude first."
    return ""


def _check_valid(name: str, shapes: np.ndarray) -> None:
    bad = np.flatnonzero(~shapely.is_valid(shapes))
    if bad.size:
        reason = shapely.is_valid_reason(shapes[bad[0]])
        raise AoiError(
            f"{name}: feature {bad[0]}: expected a valid polygon, got: {reason} "
            "(position in the file's coordinates). Repair it in QGIS with 'Fix geometries' "
            "and look at the result."
        )


def _to_lonlat(found: PolygonFile, whole: BaseGeometry) -> BaseGeometry:
    return _move(found, whole, WGS84)


def _project(found: PolygonFile, whole: BaseGeometry, epsg: int) -> BaseGeometry:
    """Return the geometry in the project CRS, snapped to the millimetre and normalised."""
    step = EDGE_DEG if found.crs.is_geographic else EDGE_M
    moved = _move(found, shapely.segmentize(whole, step), epsg)
    snapped = shapely.set_precision(moved, PRECISION_M)
    if snapped.is_empty:
        raise AoiError(f"{found.name}: expected an area above {MIN_KM2:g} km2, got none")
    return shapely.normalize(shapely.MultiPolygon(shapely.get_parts(snapped).tolist()))


def _move(found: PolygonFile, geometry: BaseGeometry, epsg: int) -> BaseGeometry:
    """Return a geometry of the file in another CRS; never by a guess at the datum."""
    try:
        transformer = pyproj.Transformer.from_crs(
            found.crs, epsg, always_xy=True, allow_ballpark=False
        )
        moved = shapely.transform(
            geometry, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
        )
    except ProjError as error:
        raise AoiError(
            f"{found.name}: cannot go from {found.crs.name} to EPSG:{epsg}: {error}"
        ) from None
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise AoiError(f"{found.name}: lies where {found.crs.name} or EPSG:{epsg} is not defined")
    return moved


def _check_place(name: str, lonlat: BaseGeometry, epsg: int) -> None:
    """Refuse an AOI outside the area of use of the project CRS."""
    area = area_of_use(epsg)
    if area is None:
        return
    west, south, east, north = lonlat.bounds
    if west < area[0] or south < area[1] or east > area[2] or north > area[3]:
        hint = _hint(np.array([(west + east) / 2, (south + north) / 2]), epsg)
        raise AoiError(
            f"{name}: lies at {west:.4f}..{east:.4f} E, {south:.4f}..{north:.4f} N; EPSG:{epsg} "
            f"is for {area[0]:g}..{area[2]:g} E, {area[1]:g}..{area[3]:g} N.{hint} "
            "Correct the file, or choose another grid.epsg."
        )


def _check_area(name: str, area_km2: float, max_km2: float) -> None:
    if not math.isfinite(area_km2) or area_km2 < MIN_KM2:
        raise AoiError(f"{name}: expected an area above {MIN_KM2:g} km2, got {area_km2:g} km2")
    if area_km2 > max_km2:
        raise AoiError(
            f"{name}: expected at most {max_km2:,.0f} km2, got {area_km2:,.0f} km2; "
            "check the units, or raise the limit"
        )


def _multi(lonlat: BaseGeometry) -> BaseGeometry:
    whole = shapely.normalize(shapely.MultiPolygon(shapely.get_parts(lonlat).tolist()))
    return shapely.orient_polygons(whole, exterior_cw=False)
