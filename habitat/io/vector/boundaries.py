"""Whose land a cell is: countries, parks, the border line, and a check of the AOI against it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from habitat.domain.cells import CellGrid
from habitat.domain.errors import AoiError
from habitat.domain.grid import Bounds
from habitat.io.projection import WGS84, areal_scale, reproject, to_wgs84
from habitat.io.vector.aoi import EDGE_DEG, Aoi
from habitat.io.vector.polygon_file import PolygonFile, read_polygons

#: Column of a country's share, by its ISO 3166-1 alpha-3 code.
COUNTRY_COLUMNS = {"CHN": "share_cn", "RUS": "share_ru", "PRK": "share_kp"}
PARK_COLUMNS = {"cn": "share_park_cn", "ru": "share_park_ru"}

_BLOCK_M = 18_000.0
_NEAR_BORDER_M = 1_000.0
_POINT_STEP_M = 100.0
_MIN_POINTS = 50
_SHIFT_M = (50.0, 800.0)
_MAX_SPREAD_M, _MAX_LEFT = 60.0, 0.4  # what a shift may leave: metres, part of the offset
_MIN_TURN = 0.05  # smallest eigenvalue of the normals' scatter: below, the border is straight
_FIT_STEPS = 12


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Land and parks in the project CRS.

    Attributes
    ----------
    epsg : int
        The project CRS.
    countries : dict of str to shapely geometry
        Land, inland water included, by ISO code [m].
    parks : dict of str to shapely geometry
        By ``cn`` and ``ru`` [m]; a park without a file is absent.
    border : shapely.MultiLineString
        Edges that two countries share [m].
    extent_wgs84 : tuple of float
        ``(west, south, east, north)`` where the countries are known.
    """

    epsg: int
    countries: dict[str, BaseGeometry] = field(repr=False)
    parks: dict[str, BaseGeometry] = field(repr=False)
    border: BaseGeometry = field(repr=False)
    extent_wgs84: Bounds


def read_boundaries(countries: Path, parks: Mapping[str, Path], *, epsg: int) -> Boundaries:
    """Read the boundary layers.

    Parameters
    ----------
    countries : Path
        Polygon file in EPSG:4326, property ``iso3`` on each feature, no overlaps.
    parks : mapping of str to Path
        Polygon files in EPSG:4326 by ``cn`` and ``ru``.
    epsg : int
        The project CRS.

    Raises
    ------
    AoiError
        If a file is refused, has another CRS, or a country has no ``iso3``.
    """
    found = _read_wgs84(countries, ("iso3",))
    land: dict[str, BaseGeometry] = {}
    for i, (shape, row) in enumerate(zip(found.geometries, found.properties, strict=True)):
        code = row.get("iso3")
        if not isinstance(code, str) or not code:
            raise AoiError(f"{found.name}: feature {i}: expected a property iso3 like 'RUS'")
        land[code] = shapely.union(land[code], shape) if code in land else shape
    west, south, east, north = shapely.total_bounds(np.array(list(land.values())))
    return Boundaries(
        epsg,
        {code: _project(land[code], epsg) for code in sorted(land)},
        {key: _park(path, epsg) for key, path in sorted(parks.items())},
        _project(_shared_edges(list(land.values())), epsg),
        (float(west), float(south), float(east), float(north)),
    )


def cell_shares(
    cells: CellGrid, ie: np.ndarray, i_n: np.ndarray, boundaries: Boundaries
) -> dict[str, np.ndarray]:
    """Return the land of cells and whose it is.

    Areas are planar intersections over the areal scale of the projection at their centroid,
    which within a cell equals the ellipsoid's to 1e-6.

    Parameters
    ----------
    cells : CellGrid
        The cells, in the CRS of ``boundaries``.
    ie, i_n : ndarray of int64, dims (cell,)
        Floors of easting and northing over the cell size.
    boundaries : Boundaries
        Countries and parks.

    Returns
    -------
    dict of str to ndarray of float64, dims (cell,)
        ``land_km2`` of the whole cell, whatever the AOI; ``share_cn``, ``share_ru``,
        ``share_kp``, ``share_park_cn``, ``share_park_ru`` of that land [1]. NaN where the cell
        reaches beyond the countries layer; a share also where there is no land, or no park file.
    """
    if boundaries.epsg != cells.epsg:
        raise ValueError(f"expected boundaries in EPSG:{cells.epsg}, got EPSG:{boundaries.epsg}")
    m = float(cells.cell_m)
    x, y = np.asarray(ie, np.float64) * m, np.asarray(i_n, np.float64) * m
    squares = shapely.box(x, y, x + m, y + m)
    unknown = ~_covered(x, y, m, boundaries)
    area = {c: _area_km2(squares, g, cells.epsg) for c, g in boundaries.countries.items()}
    land = np.sum(list(area.values()), axis=0) if area else np.zeros(x.size)
    land[unknown] = np.nan
    out = {"land_km2": land}
    nothing = np.zeros(x.size)
    for code, column in COUNTRY_COLUMNS.items():
        out[column] = _share(area.get(code, nothing), land)
    for key, column in PARK_COLUMNS.items():
        park = boundaries.parks.get(key)
        inside = np.full(x.size, np.nan) if park is None else _area_km2(squares, park, cells.epsg)
        out[column] = _share(inside, land)
    return out


def check_against_border(aoi: Aoi, boundaries: Boundaries, *, strict: bool = False) -> Aoi:
    """Look for an old or shifted datum: an AOI that follows the border, but beside it.

    A file in Pulkovo 1942 or Beijing 1954 that says WGS84 lies some 100 m off, all of it in one
    direction. So: one translation is fitted that brings the AOI's edge within 1 km of the border
    onto the border line (iterated least squares of the distances along the border's normals,
    as in the point-to-line form of iterative closest points, Chen and Medioni 1992,
    doi:10.1016/0262-8856(92)90066-C). A shift is stated if it is 50 to 800 m long and what
    remains after it is small. An edge that crosses the border, or keeps away from it on one side,
    is not explained by a translation once the border turns; a straight border proves nothing.

    Parameters
    ----------
    aoi : Aoi
        In the CRS of ``boundaries``.
    boundaries : Boundaries
        Its ``border`` is used.
    strict : bool
        Refuse a shifted AOI instead of noting it.

    Returns
    -------
    Aoi
        With one more note if it is shifted.

    Raises
    ------
    AoiError
        If ``strict`` and shifted.
    """
    shift = _border_shift(aoi.geometry, boundaries.border)
    if shift is None:
        return aoi
    note = (
        f"{aoi.source}: its edge follows the border line {math.hypot(*shift):.0f} m away "
        f"({shift[0]:+.0f} m east, {shift[1]:+.0f} m north): this looks like another datum, for "
        "example Pulkovo 1942 or Beijing 1954 labelled WGS84. Give the file its real CRS."
    )
    if strict:
        raise AoiError(note)
    return replace(aoi, notes=(*aoi.notes, note))


def _read_wgs84(path: Path, columns: tuple[str, ...] = ()) -> PolygonFile:
    found = read_polygons(path, columns=columns)
    if found.crs.to_epsg() != WGS84:
        raise AoiError(f"{found.name}: expected EPSG:4326, got {found.crs.name}")
    invalid = np.flatnonzero(~shapely.is_valid(np.array(found.geometries)))
    if invalid.size:
        reason = shapely.is_valid_reason(found.geometries[invalid[0]])
        raise AoiError(f"{found.name}: feature {invalid[0]}: expected a valid polygon: {reason}")
    return found


def _park(path: Path, epsg: int) -> BaseGeometry:
    return _project(shapely.union_all(_read_wgs84(path).geometries), epsg)


def _project(lonlat: BaseGeometry, epsg: int) -> BaseGeometry:
    return reproject(shapely.segmentize(lonlat, EDGE_DEG), WGS84, epsg)


def _shared_edges(land: list[BaseGeometry]) -> BaseGeometry:
    """Return the lines that two polygons share."""
    lines = [
        shapely.intersection(first.boundary, second.boundary)
        for i, first in enumerate(land)
        for second in land[i + 1 :]
    ]
    parts = shapely.get_parts(np.array(lines)) if lines else np.array([])
    keep = [p for p in shapely.get_parts(parts) if p.geom_type == "LineString"]
    merged = shapely.line_merge(shapely.MultiLineString(keep))
    return shapely.MultiLineString(shapely.get_parts(merged).tolist())


def _covered(x: np.ndarray, y: np.ndarray, m: float, boundaries: Boundaries) -> np.ndarray:
    """Return whether all four corners of squares lie where the countries are known."""
    west, south, east, north = boundaries.extent_wgs84
    inside = np.ones(x.size, dtype=bool)
    for dx, dy in ((0, 0), (m, 0), (0, m), (m, m)):
        lon, lat = to_wgs84(x + dx, y + dy, boundaries.epsg)
        inside &= (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside


def _area_km2(squares: np.ndarray, geometry: BaseGeometry, epsg: int) -> np.ndarray:
    """Return the true area [km2] of a geometry in each square, float64."""
    pieces = _pieces(geometry)
    square, piece = shapely.STRtree(pieces).query(squares, predicate="intersects")
    shapely.prepare(pieces)
    whole = shapely.covers(pieces[piece], squares[square])
    common = squares[square].copy()
    common[~whole] = shapely.intersection(squares[square[~whole]], pieces[piece[~whole]])
    planar = shapely.area(common)
    touching = planar > 0
    square, planar = square[touching], planar[touching]
    xy = shapely.get_coordinates(shapely.centroid(common[touching]))
    out = np.zeros(len(squares))
    if square.size:
        np.add.at(out, square, planar / areal_scale(xy[:, 0], xy[:, 1], epsg) / 1e6)
    return out


def _pieces(geometry: BaseGeometry) -> np.ndarray:
    """Cut a geometry along a coarse grid, so that each cell meets few vertices."""
    x_min, y_min, x_max, y_max = geometry.bounds
    e, n = np.meshgrid(
        np.arange(math.floor(x_min / _BLOCK_M), math.ceil(x_max / _BLOCK_M)) * _BLOCK_M,
        np.arange(math.floor(y_min / _BLOCK_M), math.ceil(y_max / _BLOCK_M)) * _BLOCK_M,
    )
    blocks = shapely.box(e, n, e + _BLOCK_M, n + _BLOCK_M).ravel()
    shapely.prepare(geometry)
    blocks = blocks[shapely.intersects(geometry, blocks)]
    inside = shapely.covers(geometry, blocks)
    blocks[~inside] = shapely.intersection(geometry, blocks[~inside])
    pieces: np.ndarray = blocks
    return pieces


def _share(part: np.ndarray, land: np.ndarray) -> np.ndarray:
    """Return part over land, at most 1; NaN where there is no land or it is unknown."""
    out = np.full(land.size, np.nan)
    np.divide(part, land, out=out, where=land > 0)
    shares: np.ndarray = np.minimum(out, 1.0)
    return shares


class _Line:
    """Distances to a line: nearest segment, its normal, the signed offset along it [m]."""

    def __init__(self, line: BaseGeometry) -> None:
        xy, part = shapely.get_coordinates(shapely.get_parts(line), return_index=True)
        same = part[1:] == part[:-1]
        self.starts, ends = xy[:-1][same], xy[1:][same]
        along = ends - self.starts
        unit = along / np.hypot(along[:, 0], along[:, 1])[:, None]
        self.normals = np.column_stack([-unit[:, 1], unit[:, 0]])
        self.tree = shapely.STRtree(shapely.linestrings(np.stack([self.starts, ends], axis=1)))

    def near(self, points: np.ndarray, distance_m: float) -> np.ndarray:
        """Return the points within a distance."""
        index, _ = self.tree.query_nearest(
            shapely.points(points), max_distance=distance_m, all_matches=False
        )
        found: np.ndarray = points[index]
        return found

    def offsets(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return offset, (point,), and normal, (point, 2)."""
        _, segment = self.tree.query_nearest(shapely.points(points), all_matches=False)
        normal = self.normals[segment]
        return ((points - self.starts[segment]) * normal).sum(axis=1), normal


def _border_shift(geometry: BaseGeometry, border: BaseGeometry) -> tuple[float, float] | None:
    """Return the translation [m] of an edge that follows the border beside it, or None."""
    if border.is_empty:
        return None
    line = _Line(border)
    points = shapely.get_coordinates(shapely.segmentize(geometry.boundary, _POINT_STEP_M))
    points = line.near(points, _NEAR_BORDER_M)
    if len(points) < _MIN_POINTS:
        return None
    before = float(np.median(np.abs(line.offsets(points)[0])))
    shift = np.zeros(2)
    for _ in range(_FIT_STEPS):
        offset, normal = line.offsets(points - shift)
        close = np.abs(offset) <= 3 * np.median(np.abs(offset))
        normal, offset = normal[close], offset[close]
        if np.linalg.eigvalsh(normal.T @ normal / len(normal))[0] < _MIN_TURN:
            return None
        shift = shift + np.linalg.lstsq(normal, offset, rcond=None)[0]
    after = float(np.median(np.abs(line.offsets(points - shift)[0])))
    explained = after <= min(_MAX_SPREAD_M, _MAX_LEFT * before)
    if not explained or not _SHIFT_M[0] <= math.hypot(*shift) <= _SHIFT_M[1]:
        return None
    return float(shift[0]), float(shift[1])


def country_shares(geometries: np.ndarray, boundaries: Boundaries) -> dict[str, np.ndarray]:
    """Return which share of the land under geometries belongs to each country.

    Parameters
    ----------
    geometries : ndarray of shapely geometries, dims (n,)
        In the project CRS.
    boundaries : Boundaries
        Its countries are used.

    Returns
    -------
    dict of str to ndarray of float64, dims (n,)
        ``share_cn``, ``share_ru``, ``share_kp`` [1]; NaN where no country is known.
    """
    area = {
        column: _area_km2(geometries, boundaries.countries[code], boundaries.epsg)
        if code in boundaries.countries
        else np.zeros(len(geometries))
        for code, column in COUNTRY_COLUMNS.items()
    }
    land = np.sum(list(area.values()), axis=0)
    return {column: _share(part, land) for column, part in area.items()}
