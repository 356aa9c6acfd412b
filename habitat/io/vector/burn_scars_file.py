"""Burn scars of a release, read back from its GeoPackage."""

from datetime import date
from pathlib import Path

import pyogrio
import pyogrio.errors

from habitat.domain.errors import GridMismatchError, InputError
from habitat.domain.fire_cluster import Scar

_LAYER, _COLUMNS = "burns", ["burn_id", "date_lo", "date_hi"]


def read_burn_scars(path: Path, *, epsg: int) -> tuple[Scar, ...]:
    """Return the rows of the layer ``burns`` whose dates are known; none where there is no layer.

    Raises
    ------
    InputError
        If the file cannot be read or columns are missing.
    GridMismatchError
        If it has another CRS.
    """
    try:
        if _LAYER not in pyogrio.list_layers(path)[:, 0]:
            return ()
        table = pyogrio.read_dataframe(path, layer=_LAYER, columns=_COLUMNS)
    except pyogrio.errors.DataSourceError as fault:
        raise InputError(f"{path}: expected a GeoPackage, {fault}") from fault
    missing = sorted(set(_COLUMNS) - set(table.columns))
    if missing:
        raise InputError(f"{path}: layer {_LAYER}: expected columns {_COLUMNS}, missing {missing}")
    if table.crs is None or table.crs.to_epsg() != epsg:
        raise GridMismatchError(f"{path}: layer {_LAYER}: expected EPSG:{epsg}, got {table.crs}")
    known = table.dropna(subset=["date_lo", "date_hi"])
    rows = zip(*(known[name] for name in (*_COLUMNS, "geometry")), strict=True)
    return tuple(Scar(one, shape, _day(low), _day(high)) for one, low, high, shape in rows)


def _day(value: object) -> date:
    return date.fromisoformat(str(value)[:10])
