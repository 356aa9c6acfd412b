"""Polygon files: GeoJSON, GeoPackage and shapefile, read from local disk only.

GeoJSON is parsed here, not by GDAL, which accepts much that is no polygon (unclosed rings are
closed, unknown members and NaN pass, an URL is fetched). GeoPackages and shapefiles are
recognised by their first bytes before GDAL may open them.
"""

import json
import re
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
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from habitat.domain.errors import AoiError

MAX_BYTES = 100_000_000
MAX_VERTICES = 1_000_000
MAX_HOLES = 100_000
MAX_FEATURES = 100_000
MAX_NUMBER_CHARS = 40
MIN_RING = 4

_MAGIC = {
    ".gpkg": b"SQLite format 3\x00",
    ".shp": b"\x00\x00\x27\x0a",
}
#: Where a SQLite header says whose file it is (https://www.sqlite.org/fileformat2.html, 1.3).
_HEAD_BYTES, _APPLICATION_ID = 100, slice(68, 72)
_EPSG = re.compile(r"[0-9]{4,6}")
_KINDS = "Polygon or MultiPolygon"


@dataclass(frozen=True, slots=True)
class PolygonFile:
    """What a polygon file holds, as it is.

    Attributes
    ----------
    name : str
        How messages call it.
    crs : pyproj.CRS
        Two-dimensional CRS of the coordinates, in the order x (or longitude), y.
    geometries : tuple
        One (Multi)Polygon without Z and M for each feature.
    properties : tuple of dict
        The asked columns of each feature.
    """

    name: str
    crs: pyproj.CRS
    geometries: tuple[BaseGeometry, ...]
    properties: tuple[dict[str, Any], ...]


def read_polygons(path: Path, *, columns: Sequence[str] = ()) -> PolygonFile:
    """Read a polygon file.

    Parameters
    ----------
    path : Path
        A regular local file: ``.geojson``/``.json``, ``.gpkg`` with one layer, or ``.shp`` with
        its ``.shx``, ``.dbf`` and ``.prj``.
    columns : sequence of str
        Properties to return; others are not even decoded, so a wrong text encoding cannot hurt.

    Raises
    ------
    AoiError
        Not a regular file, too large, another format, no CRS, no features, a feature that is not
        a polygon, a ring that is not closed, a number that is not finite, too many vertices.
    """
    name = path.name
    if "://" in str(path) or str(path).startswith("/vsi") or not path.is_file():
        raise AoiError(f"{path}: expected an existing local file, found none")
    if path.stat().st_size > MAX_BYTES:
        raise AoiError(f"{name}: expected at most {MAX_BYTES // 10**6} MB; simplify the polygons")
    suffix = path.suffix.lower()
    if suffix in (".geojson", ".json"):
        found = _read_geojson(path, columns)
    elif suffix in _MAGIC:
        found = _read_ogr(path, columns)
    else:
        raise AoiError(f"{name}: expected .geojson, .gpkg or .shp, got {suffix or 'no extension'}")
    _check_size(found)
    return found


def _check_size(found: PolygonFile) -> None:
    """Refuse a file without features or with too much in it."""
    if not found.geometries:
        raise AoiError(f"{found.name}: expected at least one polygon, got an empty file")
    shapes = np.array(found.geometries)
    vertices = int(shapely.get_num_coordinates(shapes).sum())
    holes = int(shapely.get_num_interior_rings(shapely.get_parts(shapes)).sum())
    if vertices > MAX_VERTICES or holes > MAX_HOLES:
        raise AoiError(
            f"{found.name}: expected at most {MAX_VERTICES:,} vertices and {MAX_HOLES:,} holes, "
            f"got {vertices:,} and {holes:,}; simplify the polygons"
        )


# GeoPackage and shapefile


def _read_ogr(path: Path, columns: Sequence[str]) -> PolygonFile:
    magic = _MAGIC[path.suffix.lower()]
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    of_sqlite = path.suffix.lower() == ".gpkg"
    if not head.startswith(magic) or (of_sqlite and not is_geopackage(head)):
        raise AoiError(f"{path.name}: the content is not that of a {path.suffix} file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers = pyogrio.list_layers(path.resolve())[:, 0].tolist()
            if len(layers) != 1:
                raise AoiError(
                    f"{path.name}: expected one layer, got {layers}; export the one you mean"
                )
            meta, _, blobs, fields = pyogrio.raw.read(
                path.resolve(), columns=list(columns), max_features=MAX_FEATURES
            )
    except (DataSourceError, DataLayerError, UnicodeDecodeError) as error:
        raise AoiError(f"{path.name}: cannot be read: {error}") from None
    shapes = tuple(_from_wkb(blob, f"{path.name}: feature {i}") for i, blob in enumerate(blobs))
    named = {str(key): values for key, values in zip(meta["fields"], fields, strict=True)}
    rows = tuple({k: v[i] for k, v in named.items()} for i in range(len(shapes)))
    _check_encoding(path, rows)
    return PolygonFile(path.name, parse_crs(meta["crs"], path.name), shapes, rows)


def is_geopackage(head: bytes) -> bool:
    """Say whether the first 100 bytes of a file are those of a GeoPackage.

    GDAL would open any SQLite file under that name, and with other drivers.
    """
    return head.startswith(_MAGIC[".gpkg"]) and head[_APPLICATION_ID] in (b"GPKG", b"GP10", b"GP11")


def _check_encoding(path: Path, rows: tuple[dict[str, Any], ...]) -> None:
    """Refuse text of a shapefile that does not say its encoding."""
    if path.suffix.lower() != ".shp" or path.with_suffix(".cpg").is_file():
        return
    for row in rows:
        for key, value in row.items():
            if isinstance(value, str) and not value.isascii():
                raise AoiError(
                    f"{path.name}: {key!r} is not plain ASCII and there is no .cpg file that says "
                    "in which encoding it is: add one, for example with the word GB18030"
                )


def parse_crs(text: str | None, name: str) -> pyproj.CRS:
    """Return the two-dimensional CRS that a text names; :class:`AoiError` if it names none."""
    if not text:
        raise AoiError(f"{name}: expected a CRS, got none; a shapefile needs its .prj file")
    try:
        return pyproj.CRS.from_string(text).to_2d()
    except CRSError:
        raise AoiError(f"{name}: the CRS is not understood: {text[:120]!r}") from None


def _from_wkb(blob: bytes | None, where: str) -> BaseGeometry:
    if blob is None:
        raise AoiError(f"{where}: expected a {_KINDS}, got no geometry")
    try:
        with np.errstate(invalid="ignore"):  # NaN is refused later, by place
            shape = shapely.from_wkb(blob)
    except shapely.GEOSException as error:
        raise AoiError(f"{where}: cannot be read: {error}") from None
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise AoiError(f"{where}: expected a {_KINDS}, got a {shape.geom_type}")
    return shapely.force_2d(shape)


# GeoJSON


def _read_geojson(path: Path, columns: Sequence[str]) -> PolygonFile:
    name = path.name
    document = read_json_object(path)
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
    elif kind == "Feature":
        features = [document]
    else:
        features = [{"geometry": document, "properties": {}}]
    if not isinstance(features, list) or len(features) > MAX_FEATURES:
        raise AoiError(f"{name}: expected a list of at most {MAX_FEATURES:,} features")
    shapes, rows = [], []
    for i, feature in enumerate(features):
        where = f"{name}: feature {i}"
        if not isinstance(feature, dict):
            raise AoiError(f"{where}: expected a feature, got {type(feature).__name__}")
        shapes.append(_shape(feature.get("geometry"), where))
        properties = feature.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        rows.append({key: properties[key] for key in columns if key in properties})
    return PolygonFile(name, geojson_crs(document, name), tuple(shapes), tuple(rows))


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the object of a JSON file; no NaN, no equal keys, no endless numbers."""

    def refuse(text: str) -> Any:
        raise AoiError(f"{path.name}: expected finite numbers, got {text}")

    def number(text: str) -> float:
        return float(text) if len(text) <= MAX_NUMBER_CHARS else refuse(text[:20] + "…")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(pairs)
        if len(out) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise AoiError(f"{path.name}: the key {twice!r} stands twice in one object")
        return out

    try:
        document = json.loads(
            path.read_bytes(),
            parse_constant=refuse,
            parse_int=number,
            parse_float=number,
            object_pairs_hook=unique,
        )
    except json.JSONDecodeError as error:
        raise AoiError(f"{path.name}:{error.lineno}: not valid JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise AoiError(f"{path.name}: expected UTF-8 text, got other bytes") from None
    except RecursionError:
        raise AoiError(f"{path.name}: not GeoJSON: nested too deeply") from None
    if not isinstance(document, dict):
        raise AoiError(f"{path.name}: expected a GeoJSON object, got {type(document).__name__}")
    return document


def geojson_crs(document: dict[str, Any], name: str) -> pyproj.CRS:
    """Return WGS84 (RFC 7946), or the EPSG code of the older ``crs`` member."""
    member = document.get("crs")
    if member is None:
        return pyproj.CRS.from_epsg(4326)
    properties = member.get("properties") if isinstance(member, dict) else None
    text = str(properties.get("name") if isinstance(properties, dict) else member)
    code = text.removeprefix("urn:ogc:def:crs:").replace("::", ":")
    if code.endswith("CRS84"):
        return pyproj.CRS.from_epsg(4326)
    number = code.removeprefix("EPSG:")
    fault = AoiError(f"{name}: crs: expected EPSG:n or none, got {text[:120]!r}")
    if not _EPSG.fullmatch(number):
        raise fault
    try:
        return pyproj.CRS.from_epsg(int(number)).to_2d()
    except CRSError:
        raise fault from None


def _shape(geometry: Any, where: str) -> BaseGeometry:
    """Return the polygon of a GeoJSON geometry."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        what = "no geometry" if geometry is None else f"{kind!r}"
        raise AoiError(f"{where}: expected a {_KINDS}, got {what}")
    coordinates = geometry.get("coordinates")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list) or not polygons:
        raise AoiError(f"{where}: expected coordinates, got an empty {kind}")
    return shapely.MultiPolygon(
        [_polygon(rings, f"{where}, polygon {i}") for i, rings in enumerate(polygons)]
    )


def _polygon(rings: Any, where: str) -> BaseGeometry:
    if not isinstance(rings, list) or not rings:
        raise AoiError(f"{where}: expected rings, got an empty polygon")
    first, *holes = [_ring(ring, f"{where}, ring {i}") for i, ring in enumerate(rings)]
    return shapely.Polygon(first, holes)


def _ring(ring: Any, where: str) -> np.ndarray:
    """Return the closed ring, float64 (vertex, 2); Z and M are dropped."""
    if not isinstance(ring, list) or len(ring) < MIN_RING:
        raise AoiError(f"{where}: expected at least {MIN_RING} positions")
    for i, position in enumerate(ring):
        if (
            not isinstance(position, list)
            or len(position) < 2  # noqa: PLR2004  # x and y
            or not all(type(number) is float for number in position)
        ):
            raise AoiError(f"{where}, position {i}: expected numbers, got {position!r:.80}")
    xy = np.array([position[:2] for position in ring])
    if not np.isfinite(xy).all():
        i = int(np.flatnonzero(~np.isfinite(xy).all(axis=1))[0])
        raise AoiError(f"{where}, position {i}: expected finite numbers, got {ring[i]!r:.80}")
    if not np.array_equal(xy[0], xy[-1]):
        raise AoiError(
            f"{where}: the ring is not closed: it starts at {xy[0].tolist()} "
            f"and ends at {xy[-1].tolist()}"
        )
    return xy
