"""The project CRS: which ones are accepted, to and from longitude and latitude, true areas."""

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from habitat.domain.errors import ConfigError
from habitat.domain.grid import Bounds, Grid

WGS84 = 4326


def check_crs(epsg: int) -> None:
    """Refuse a CRS that a grid cannot have.

    Raises
    ------
    ConfigError
        If the code is unknown, or the CRS is not projected, in metres, with axes east and north.
    """
    try:
        crs = pyproj.CRS.from_epsg(epsg)
    except CRSError:
        raise ConfigError(
            f"grid.epsg: expected the EPSG code of a projected CRS in metres, got {epsg}, "
            "which is not known. For the border zone use 32652 (UTM zone 52 N)."
        ) from None
    units = {axis.unit_name for axis in crs.axis_info}
    if not crs.is_projected or crs.is_compound or units != {"metre"}:
        what = "geographic" if crs.is_geographic else f"in {', '.join(sorted(units))}"
        raise ConfigError(
            f"grid.epsg: expected a projected CRS in metres, got EPSG:{epsg} ({crs.name}), "
            f"which is {what}. For the border zone use 32652 (UTM zone 52 N)."
        )


def area_of_use(epsg: int) -> Bounds | None:
    """Return ``(west, south, east, north)`` [degrees] where a CRS is meant to be used."""
    area = pyproj.CRS.from_epsg(epsg).area_of_use
    return None if area is None else (area.west, area.south, area.east, area.north)


def to_wgs84(x: np.ndarray, y: np.ndarray, epsg: int) -> tuple[np.ndarray, np.ndarray]:
    """Return longitude and latitude [degrees], float64, of coordinates in a CRS [m]."""
    lon, lat = _transformer(epsg, WGS84).transform(x, y)
    return np.asarray(lon), np.asarray(lat)


def from_wgs84(lon: np.ndarray, lat: np.ndarray, epsg: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y [m], float64, in a CRS; infinite where it is not defined."""
    x, y = _transformer(WGS84, epsg).transform(lon, lat)
    return np.asarray(x), np.asarray(y)


def bounds_wgs84(bounds: Bounds, epsg: int) -> Bounds:
    """Return ``(west, south, east, north)`` [degrees] of a rectangle [m] with curved edges."""
    west, south, east, north = _transformer(epsg, WGS84).transform_bounds(*bounds, densify_pts=21)
    return west, south, east, north


def footprint_wgs84(bounds: Bounds, epsg: int, *, step_m: float = 20_000.0) -> BaseGeometry:
    """Return a rectangle [m] as a polygon in longitude and latitude, exterior counter-clockwise."""
    box = shapely.segmentize(shapely.box(*bounds), step_m)
    return shapely.orient_polygons(reproject(box, epsg, WGS84), exterior_cw=False)


def reproject(geometry: BaseGeometry, epsg: int, to_epsg: int) -> BaseGeometry:
    """Return a geometry in another CRS, vertex by vertex."""
    transformer = _transformer(epsg, to_epsg)

    def move(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return shapely.transform(geometry, move)


def geodesic_km2(geometry_wgs84: BaseGeometry) -> float:
    """Return the area on the ellipsoid [km2] of polygons in longitude and latitude.

    Edges are geodesics (Karney 2013, doi:10.1007/s00190-012-0578-z): densify long ones before.
    """
    geod = pyproj.Geod(ellps="WGS84")
    rings = shapely.orient_polygons(geometry_wgs84, exterior_cw=False)
    return abs(float(geod.geometry_area_perimeter(rings)[0])) / 1e6


def geodesic_from(
    lon: float, lat: float, to_lon: np.ndarray, to_lat: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return bearing [degrees, 0 to 360 from north] and distance [km], float64, to points."""
    start = np.full(len(to_lon), lon), np.full(len(to_lon), lat)
    azimuth, _, distance_m = pyproj.Geod(ellps="WGS84").inv(*start, to_lon, to_lat)
    return np.asarray(azimuth) % 360.0, np.asarray(distance_m) / 1000.0


def areal_scale(x_m: np.ndarray, y_m: np.ndarray, epsg: int) -> np.ndarray:
    """Return the area in the projection over the area on the ellipsoid, float64, at points."""
    proj = pyproj.Proj(pyproj.CRS.from_epsg(epsg))
    lon, lat = proj(x_m, y_m, inverse=True)
    return np.asarray(proj.get_factors(lon, lat).areal_scale)


def pixel_area_mm2(grid: Grid, rows: np.ndarray, x_centres_m: np.ndarray) -> np.ndarray:
    """Return the true area of a pixel in each row, at some eastings.

    A planar area is off by up to 0.08 % in the border zone. The weights are integers, so that
    sums of counts times weights do not depend on the order or the tiling.

    Parameters
    ----------
    grid : Grid
        Gives the CRS and the pixel size.
    rows : ndarray of int64, dims (row,)
        Global pixel rows.
    x_centres_m : ndarray of float64, dims (column,)
        Eastings [m], of the centres of the cell columns.

    Returns
    -------
    ndarray of int64, dims (row, column)
        Area on the ellipsoid of the CRS [mm2].
    """
    y = -(np.asarray(rows, dtype=np.float64) + 0.5) * grid.pixel_m
    x, yy = np.meshgrid(np.asarray(x_centres_m, dtype=np.float64), y)
    scale = areal_scale(x.ravel(), yy.ravel(), grid.epsg).reshape(x.shape)
    return np.rint(grid.pixel_m**2 * 1e6 / scale).astype(np.int64)


def _transformer(epsg: int, to_epsg: int) -> pyproj.Transformer:
    """Return a transformer of this thread; pyproj's are not to be shared."""
    return pyproj.Transformer.from_crs(epsg, to_epsg, always_xy=True)
