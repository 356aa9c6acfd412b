"""Tables of a release: columns by name, one geometry per row, a key."""

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from habitat.domain.period import Period


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One layer of the GeoPackage.

    Attributes
    ----------
    name : str
        Of the layer.
    key : tuple of str
        Columns that name a row.
    period : Period
        First and last day that it speaks of.
    columns : dict of str to np.ndarray
        float64 with NaN for null, integers, or text (object) with None for null.
    geometry : np.ndarray
        Shapely geometries (n,), project CRS.
    """

    name: str
    key: tuple[str, ...]
    period: Period
    columns: dict[str, np.ndarray]
    geometry: np.ndarray

    def frame(self, crs: str) -> gpd.GeoDataFrame:
        """Return the table as a GeoDataFrame."""
        return gpd.GeoDataFrame(self.columns, geometry=gpd.GeoSeries(self.geometry, crs=crs))

    def digest_parts(self) -> tuple[Any, ...]:
        """Return what the content digest covers."""
        texts = {name: _plain(column) for name, column in self.columns.items()}
        return self.name, self.key, self.period, texts, shapely.to_wkb(self.geometry).tolist()


def _plain(column: np.ndarray) -> Any:
    return column.tolist() if column.dtype == object else column


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """The tables of one step."""

    tables: tuple[Table, ...]

    def digest_parts(self) -> tuple[Any, ...]:
        """Return what the content digest covers."""
        return tuple(table.digest_parts() for table in self.tables)


def cell_squares(cell_bounds: np.ndarray) -> np.ndarray:
    """Return squares from (n, 4) bounds [m]."""
    return np.asarray(shapely.box(*cell_bounds.T), dtype=object)
