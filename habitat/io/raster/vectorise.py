"""Outlines of objects that were found as runs of pixels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from rasterio.features import shapes
from rasterio.transform import Affine

from habitat.domain.grid import Grid, Window


@dataclass(frozen=True, slots=True, eq=False)
class PixelRuns:
    """Runs of pixels in rows, each of one object.

    Attributes
    ----------
    object_id, row, col, length : numpy.ndarray
        int64 ``(n,)``: object, grid row, first grid column, number of pixels.
    """

    object_id: np.ndarray
    row: np.ndarray
    col: np.ndarray
    length: np.ndarray

    @classmethod
    def of_labels(cls, labels: np.ndarray, window: Window) -> "PixelRuns":
        """Return the runs of the labels above 0 of a window, int ``(y, x)``."""
        fresh = np.ones(labels.shape, dtype=bool)
        fresh[:, 1:] = labels[:, 1:] != labels[:, :-1]
        row, col = np.nonzero(fresh)
        flat = row * labels.shape[1] + col
        length = np.diff(np.append(flat, labels.size))
        values = labels[row, col].astype(np.int64)
        kept = values > 0
        return cls(
            values[kept],
            row[kept].astype(np.int64) + window.row,
            col[kept].astype(np.int64) + window.col,
            length[kept].astype(np.int64),
        )


def outlines(runs: PixelRuns, grid: Grid) -> dict[int, shapely.MultiPolygon]:
    """Return the outline of each object along its pixels, in the project CRS.

    It does not depend on the tiles that the runs come from: every object is drawn whole.
    """
    if not len(runs.object_id):
        return {}
    order = np.lexsort((runs.col, runs.row, runs.object_id))
    ids, first = np.unique(runs.object_id[order], return_index=True)
    parts = np.split(order, first[1:])
    return {
        int(i): shapely.MultiPolygon(list(_polygons(runs, part, grid)))
        for i, part in zip(ids, parts, strict=True)
    }


def near_pairs(shapes: Mapping[int, shapely.MultiPolygon], distance_m: float) -> np.ndarray:
    """Return the pairs of objects that lie within a distance of each other.

    Parameters
    ----------
    shapes : mapping of int to shapely.MultiPolygon
        Outlines by object id, in a projected CRS.
    distance_m : float
        Between the nearest points [m].

    Returns
    -------
    numpy.ndarray
        int64 ``(n, 2)``, object ids, the lower first.
    """
    ids = np.array(sorted(shapes), dtype=np.int64)
    parts = np.array([shapes[i] for i in ids.tolist()], dtype=object)
    pairs = shapely.STRtree(parts).query(parts, predicate="dwithin", distance=distance_m)
    found: np.ndarray = ids[pairs.T[pairs[0] < pairs[1]]]
    return found


def _polygons(runs: PixelRuns, part: np.ndarray, grid: Grid) -> Iterator[shapely.Polygon]:
    row, col, length = runs.row[part], runs.col[part], runs.length[part]
    window = Window(
        int(row.min()),
        int(col.min()),
        int(row.max() - row.min()) + 1,
        int((col + length).max() - col.min()),
    )
    mask = np.zeros(window.shape, dtype=np.uint8)
    for r, c, n in zip(row - window.row, col - window.col, length, strict=True):
        mask[r, c : c + n] = 1
    for geometry, _ in shapes(mask, mask=mask > 0, transform=Affine(*grid.transform(window))):
        yield shapely.geometry.shape(geometry)
