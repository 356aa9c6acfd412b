"""Class codes of a reference raster, polygons or points, on the grid."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.domain.legend import NOT_OBSERVED, OUTSIDE
from habitat.io.scenes.placement import place
from habitat.io.scenes.scene_raster import open_scene_raster, read_header, read_rect
from habitat.io.vector.aoi import rasterise
from habitat.io.vector.point_file import read_points
from habitat.io.vector.polygon_file import read_polygons


def raster_labels(path: Path, *, grid: Grid, window: Window) -> np.ndarray:
    """Return the codes of the first band of a GeoTIFF, nearest pixel, on a window of the grid.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``, 0 where the file has no data or does not reach.

    Raises
    ------
    InputError
        If the file is no GeoTIFF with a CRS, or its band is not of whole numbers.
    """
    with open_scene_raster(path) as dataset:
        header = read_header(dataset, path)
        if np.dtype(header.dtypes[0]).kind not in "iu":
            raise InputError(
                f"{path}: expected class codes of a whole-number type, got {header.dtypes[0]}. "
                "Write the codes as uint8."
            )
        placement = place(header, grid, window)
        stored = read_rect(dataset, 1, placement.rect, 0).astype(np.int64)
    if header.nodata is not None:
        stored[stored == int(header.nodata)] = NOT_OBSERVED
    codes = placement.codes(stored)
    return np.where((codes > 0) & (codes < OUTSIDE), codes, NOT_OBSERVED).astype(np.uint8)


def polygon_labels(path: Path, *, class_field: str, grid: Grid, window: Window) -> np.ndarray:
    """Return the codes of polygons whose inside holds the pixel centre; the last one wins.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``, 0 where there is no polygon.

    Raises
    ------
    InputError
        If the file has no CRS, no polygons, or no whole class codes.
    """
    found = read_polygons(path, columns=(class_field,))
    codes = _codes(path, class_field, [row.get(class_field) for row in found.properties])
    frame = gpd.GeoSeries(list(found.geometries), crs=found.crs).to_crs(grid.epsg)
    labels = np.full(window.shape, NOT_OBSERVED, dtype=np.uint8)
    box = shapely.box(*grid.bounds(window))
    for geometry, code in zip(frame, codes, strict=True):
        if geometry.intersects(box):
            labels[rasterise(geometry, grid, window)] = code
    return labels


def point_labels(path: Path, *, class_field: str, grid: Grid, window: Window) -> np.ndarray:
    """Return the codes of points in the pixels they lie in; the last one wins.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``, 0 where there is no point.

    Raises
    ------
    InputError
        If the file is no GeoJSON or GeoPackage of points with a CRS and whole class codes.
    """
    found = read_points(path, column=class_field)
    codes = _codes(path, class_field, found.values)
    places = gpd.GeoSeries(gpd.points_from_xy(*found.xy.T), crs=found.crs).to_crs(grid.epsg)
    col = np.floor(places.x.to_numpy() / grid.pixel_m).astype(np.int64) - window.col
    row = np.floor(-places.y.to_numpy() / grid.pixel_m).astype(np.int64) - window.row
    inside = (col >= 0) & (col < window.width) & (row >= 0) & (row < window.height)
    labels = np.zeros(window.shape, dtype=np.uint8)
    labels[row[inside], col[inside]] = np.array(codes, dtype=np.uint8)[inside]
    return labels


def _codes(path: Path, class_field: str, values: Sequence[Any]) -> list[int]:
    wrong = [
        value
        for value in values
        if not isinstance(value, int | float | np.integer | np.floating)
        or not 0 < value < OUTSIDE
        or value != int(value)
    ]
    if wrong:
        raise InputError(
            f"{path}: column {class_field!r}: expected whole class codes from 1 to 254, got "
            f"{wrong[:5]}. Name the column with class_field."
        )
    return [int(value) for value in values]
