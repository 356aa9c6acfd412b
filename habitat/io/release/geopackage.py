"""GeoPackage 1.3 with embedded QGIS styles, the same bytes for the same tables."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyogrio.raw

from habitat.domain.errors import InputError, LayerError, ResourceError
from habitat.io.durable import put_in_place, require_safe_name, sha256_file, temporary_beside

#: Columns by which the rows of the promised tables are sorted, and which are unique together.
KEYS: dict[str, tuple[str, ...]] = {
    "cells": ("cell_id", "period_before", "period_after"),
    "habitat": ("cell_id", "species", "period_before", "period_after"),
    "occupancy": ("cell_id", "species", "season"),
    "burns": ("burn_id",),
}
_GEOMETRY = {"cells": "Polygon", "habitat": "Polygon", "occupancy": "Polygon"}
_DATES = frozenset({"date", "date_lo", "date_hi"})
_INTEGERS = frozenset({"n_hotspots", "n_cameras", "n_visits", "n_detections", "effort_days"})
_TEXTS = frozenset(
    {
        "cell_id",
        "burn_id",
        "patch_id",
        "species",
        "season",
        "period_before",
        "period_after",
        "habitat_state",
        "psi_source",
        "use_state",
        "date_source",
        "burn_confidence",
        "landcover_pre",
    }
)
#: Stands for "when" in the file: a clock would change the bytes.
EPOCH = "1970-01-01T00:00:00.000Z"
#: What the driver raises when the disk fails depends on which of its writes does.
_WRITE_FAULTS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError)
_APPLICATION_ID = 0x47504B47  # "GPKG"
_VERSION = 10300  # 1.3.0

_STYLES_TABLE = """CREATE TABLE layer_styles (
id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT,
styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    values: np.ndarray = field(compare=False)
    missing: np.ndarray = field(compare=False)


def write_geopackage(
    path: Path,
    tables: Mapping[str, gpd.GeoDataFrame],
    styles: Mapping[str, str],
    *,
    keys: Mapping[str, Sequence[str]] = KEYS,
    description: str = "",
    stamp: str = EPOCH,
) -> None:
    """Write tables as layers of one file, each with its default style.

    The rows are sorted by key and the columns kept in order; a missing value is null, in every
    column type. The type of a column follows its name and dtype and not the values at hand.

    Parameters
    ----------
    path : Path
        Target; an existing file is replaced by one rename.
    tables : mapping of str to GeoDataFrame
        By layer name, in the order that they shall have; polygons with a CRS that has an EPSG code.
    styles : mapping of str to str
        QML by layer name.
    keys : mapping of str to sequence of str
        Key columns by layer name.
    description : str
        What all tables are of: pipeline, AOI, SIMULATED or not.
    stamp : str
        Time of last change to write, ISO 8601 with milliseconds and ``Z``.

    Raises
    ------
    LayerError
        If a key column is missing or a key is not unique.
    InputError
        If a name or the CRS cannot be used, or a style has no table.
    ResourceError
        If the file cannot be written, or does not read back as it was given.
    """
    unknown = sorted(set(styles) - set(tables))
    if unknown:
        raise InputError(f"{path}: expected styles of {sorted(tables)}, got also {unknown}")
    ordered = {name: _sorted(frame, name, keys) for name, frame in tables.items()}
    temporary, twin = temporary_beside(path), temporary_beside(path.with_name(f"twin-{path.name}"))
    try:
        with _writing(path), _fixed_clock(stamp):
            for file in (temporary, twin):
                _build(file, ordered, styles, stamp)
                _describe(file, ordered, description)
            if sha256_file(temporary) != sha256_file(twin):
                raise ResourceError(_ALTERED.format(path=path, what="the file"))
        for name, frame in ordered.items():
            _read_back(temporary, path, name, frame)
        put_in_place(temporary, path)
    finally:
        for name in (temporary.name, twin.name):
            for leftover in path.parent.glob(name + "*"):
                with suppress(OSError):
                    leftover.unlink()


#: GDAL passes over some failed writes with a warning: a trigger or an index of the file is missing
#: then, though every row is there. Two files that were written apart do not lack the same.
_ALTERED = (
    "writing {path}: {what} does not read back as it was given. "
    "The disk may be full or failing: free some space, check the disk and run again."
)


def _build(
    path: Path, tables: Mapping[str, gpd.GeoDataFrame], styles: Mapping[str, str], stamp: str
) -> None:
    path.unlink(missing_ok=True)
    for name, frame in tables.items():
        _append(path, name, frame)
    _embed_styles(path, styles, stamp)


def _describe(path: Path, names: Iterable[str], description: str) -> None:
    """Say in the list of contents, which QGIS shows, what each table is of."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            "UPDATE gpkg_contents SET description = ? WHERE table_name = ?",
            [(description, name) for name in names],
        )


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except (*_WRITE_FAULTS, sqlite3.Error, OSError) as error:
        raise ResourceError(
            f"writing {path}: {error}. Free some space, check that the folder can be written, "
            "and run again."
        ) from error


@contextmanager
def _fixed_clock(stamp: str) -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": stamp})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _sorted(
    frame: gpd.GeoDataFrame, name: str, keys: Mapping[str, Sequence[str]]
) -> gpd.GeoDataFrame:
    require_safe_name(name, "layer of a GeoPackage")
    if frame.crs is None or frame.crs.to_epsg() is None:
        raise InputError(f"table {name!r}: expected a CRS with an EPSG code, got {frame.crs}")
    key = list(keys.get(name, ()))
    absent = [column for column in key if column not in frame.columns]
    if absent:
        raise LayerError(f"table {name!r}: expected the key columns {key}, without: {absent}")
    if not key:
        return frame.reset_index(drop=True)
    twice = frame[frame.duplicated(key)]
    if len(twice):
        first = twice[key].iloc[0].tolist()
        raise LayerError(f"table {name!r}: expected each key {key} once, got {first} twice")
    return frame.sort_values(key, kind="stable").reset_index(drop=True)


def _append(path: Path, name: str, frame: gpd.GeoDataFrame) -> None:
    columns = _columns(frame)
    pyogrio.raw.write(
        path,
        geometry=np.asarray(frame.geometry.to_wkb().to_numpy(), dtype=object),
        field_data=[column.values for column in columns],
        field_mask=[column.missing for column in columns],
        fields=np.array([column.name for column in columns], dtype=object),
        layer=name,
        driver="GPKG",
        geometry_type=_GEOMETRY.get(name, "MultiPolygon"),
        crs=f"EPSG:{frame.crs.to_epsg()}",
        promote_to_multi=name not in _GEOMETRY,
        append=path.exists(),
        dataset_options={} if path.exists() else {"VERSION": "1.3"},
        layer_options={"GEOMETRY_NAME": "geom", "FID": "fid"},
    )


def _columns(frame: gpd.GeoDataFrame) -> list[_Column]:
    names = [name for name in frame.columns if name != frame.geometry.name]
    return [_column(name, frame[name]) for name in names]


def _column(name: str, series: pd.Series) -> _Column:
    missing = series.isna().to_numpy(dtype=bool)
    if name in _DATES or pd.api.types.is_datetime64_any_dtype(series):
        days = pd.to_datetime(series).to_numpy(dtype="datetime64[D]")
        return _Column(name, days, missing)
    if pd.api.types.is_bool_dtype(series):
        return _Column(name, series.fillna(False).to_numpy(dtype=bool), missing)
    if name in _INTEGERS or pd.api.types.is_integer_dtype(series):
        return _Column(name, series.fillna(0).to_numpy(dtype=np.int64), missing)
    if name in _TEXTS or not _numeric(series):
        return _Column(name, series.astype(object).where(~missing, None).to_numpy(), missing)
    values = pd.to_numeric(series.astype(object).where(~missing, np.nan))
    return _Column(name, values.to_numpy(dtype=np.float64), missing)


def _numeric(series: pd.Series) -> bool:
    """Say whether it holds numbers; one without any value does: texts are known by name."""
    if pd.api.types.is_numeric_dtype(series):
        return True
    kind = pd.api.types.infer_dtype(series, skipna=True)
    return kind in {"floating", "integer", "mixed-integer-float", "empty"}


def _embed_styles(path: Path, styles: Mapping[str, str], stamp: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        if styles:
            database.execute(_STYLES_TABLE)
            database.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change, srs_id)"
                " VALUES ('layer_styles', 'attributes', 'layer_styles', ?, 0)",
                (stamp,),
            )
        for name, qml in styles.items():
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
                " f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description,"
                " owner, update_time) VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', ?)",
                (name, name, qml, f"default style of {name}", stamp),
            )


def _read_back(temporary: Path, path: Path, name: str, frame: gpd.GeoDataFrame) -> None:
    with _writing(path), closing(sqlite3.connect(temporary)) as database:
        facts = [
            database.execute(f"PRAGMA {pragma}").fetchone()[0]
            for pragma in ("integrity_check", "application_id", "user_version", "journal_mode")
        ]
        columns = _columns(frame)
        names = ", ".join(f'"{column.name}"' for column in columns)
        rows = database.execute(f'SELECT {names} FROM "{name}" ORDER BY fid').fetchall()
        geometry = pyogrio.read_dataframe(temporary, layer=name, columns=[]).geometry
    expected = list(zip(*(_stored(column) for column in columns), strict=True))
    same_shapes = len(geometry) == len(frame) and np.array_equal(
        np.column_stack([geometry.bounds, geometry.area]),
        np.column_stack([frame.geometry.bounds, frame.geometry.area]),
        equal_nan=True,
    )
    if facts != ["ok", _APPLICATION_ID, _VERSION, "delete"] or rows != expected or not same_shapes:
        raise ResourceError(_ALTERED.format(path=path, what=f"table {name!r} ({facts})"))


def _stored(column: _Column) -> list[object]:
    values = column.values
    if values.dtype.kind == "M":
        values = values.astype(str).astype(object)
    return [
        None if absent else value
        for value, absent in zip(values.tolist(), column.missing.tolist(), strict=True)
    ]
