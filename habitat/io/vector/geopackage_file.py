"""A GeoPackage of one layer, read from local disk with the driver pinned."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from habitat.domain.errors import InputError
from habitat.io.vector.polygon_file import is_geopackage, parse_crs

_HEAD_BYTES = 100


@dataclass(frozen=True, slots=True, eq=False)
class GeopackageLayer:
    """What a GeoPackage holds.

    Attributes
    ----------
    crs : pyproj.CRS
        Of the coordinates.
    shapes : numpy.ndarray
        Geometries ``(feature,)``; None where a feature has none.
    columns : dict of str to numpy.ndarray
        The asked columns that there are, ``(feature,)``.
    """

    crs: pyproj.CRS
    shapes: np.ndarray
    columns: dict[str, np.ndarray]


def read_geopackage(
    path: Path, *, columns: Sequence[str] = (), max_features: int
) -> GeopackageLayer:
    """Read the only layer of a GeoPackage.

    Parameters
    ----------
    columns : sequence of str
        What to read beside the geometries.
    max_features : int
        Most features.

    Raises
    ------
    InputError
        Other content, damaged, more than one layer, too many features, or no CRS.
    """
    with path.open("rb") as file:
        if not is_geopackage(file.read(_HEAD_BYTES)):
            raise InputError(f"{path}: expected a GeoPackage, got other content")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers = pyogrio.list_layers(path.resolve())[:, 0].tolist()
            if len(layers) != 1:
                raise InputError(f"{path}: expected one layer, got {layers}; export one")
            meta, _, blobs, fields = _raw(path, columns, max_features)
    except (DataSourceError, DataLayerError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    if len(blobs) > max_features:
        raise InputError(f"{path}: expected at most {max_features:,} features; split the file")
    named = dict(zip([str(name) for name in meta["fields"]], fields, strict=True))
    return GeopackageLayer(parse_crs(meta["crs"], path.name), shapely.from_wkb(blobs), named)


def _raw(path: Path, columns: Sequence[str], max_features: int) -> tuple[Any, ...]:
    """Return metadata, ids, geometries and fields, one feature more than there may be."""
    found: tuple[Any, ...] = pyogrio.raw.read(
        path.resolve(), columns=list(columns), max_features=max_features + 1
    )
    return found
