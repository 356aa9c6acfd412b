"""The QGIS project of a release: every layer in its group, with its style and its time.

Paths are relative, so that a copied release opens too; nothing in the file depends on the clock.
Format: QGS as QGIS 3.22 and later read it.
"""

import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pyproj import CRS

from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period
from habitat.io.durable import atomic_write_bytes, local_resources
from habitat.io.release.stac_out import CatalogItem

PROJECT = "habitat.qgz"
_VERSION = "3.22.16-Białowieża"
_OTHER = "Other layers"
#: Groups from the top of the tree, each with the beginnings of its layers' names.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Fire danger": ("fire_", "ignition", "priority"),
    "Burn scars": ("burn_", "times_burned"),
    "Habitat": ("habitat_",),
    "Forest": ("forest_", "class_"),
    "Ground": ("elevation", "slope", "water_"),
    "Images": ("composite", "radar_"),
    "Observation": ("n_valid", "max_gap_days"),
}
_TABLES = "Tables"
#: Rasters hide each other, so one is switched on when the project opens: the newest of the first
#: of these that is there, under the burns.
_SHOWN = ("fire_intensity_level", "forest_class", "burn_scar", "composite", "radar_composite")
#: A zip entry needs a date; the first that the format can hold.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ProjectTable:
    """A table of the release.

    Attributes
    ----------
    path, name : str
        The GeoPackage, relative to the release, and the table in it.
    qml : str
        Its style.
    """

    path: str
    name: str
    qml: str


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer of the tree; ``period`` is None for a table."""

    layer_id: str
    group: str
    title: str
    source: str
    qml: str
    period: Period | None
    shown: bool


def write_project(
    release_dir: Path,
    items: Sequence[CatalogItem],
    tables: Iterable[ProjectTable] = (),
    *,
    title: str,
) -> Path:
    """Write ``habitat.qgz`` beside the layers it shows.

    Parameters
    ----------
    release_dir : Path
        Holds the GeoTIFFs and styles that the items name.
    items : sequence of CatalogItem
        At least one; those without a raster are left to ``tables``.
    tables : iterable of ProjectTable
        Polygons, drawn above the rasters.
    title : str
        Of the window; says SIMULATED where the maps are.

    Returns
    -------
    Path
        The project.

    Raises
    ------
    ResourceError
        If a style cannot be read or the project not be written.
    """
    shown = _shown(items)
    rasters = [_raster(release_dir, item, item is shown) for item in items if _has_raster(item)]
    layers = [*map(_table, tables), *rasters]
    text = _project(layers, items[0].grid, items[0].window, title)
    path = release_dir / PROJECT
    atomic_write_bytes(path, _zipped(text))
    return path


def group_of(name: str) -> str:
    """Return the group of a layer by the beginning of its name."""
    return next((group for group, starts in GROUPS.items() if name.startswith(starts)), _OTHER)


def _has_raster(item: CatalogItem) -> bool:
    return any(asset.path.endswith(".tif") for asset in item.assets)


def _raster(release_dir: Path, item: CatalogItem, shown: bool) -> _Layer:
    path = next(asset.path for asset in item.assets if asset.path.endswith(".tif"))
    style = release_dir / f"{path.removesuffix('.tif')}.qml"
    with local_resources("reading", style):
        qml = style.read_text("utf-8")
    period = item.period
    days = str(period.start) if period.start == period.end else f"{period.start} to {period.end}"
    return _Layer(
        f"raster_{item.item_id}",
        group_of(item.item_id),
        f"{item.title} {days}",
        f"./{path}",
        qml,
        period,
        shown,
    )


def _shown(items: Sequence[CatalogItem]) -> CatalogItem | None:
    """Return the raster that is switched on."""
    for name in _SHOWN:
        same = [one for one in items if one.item_id.startswith(f"{name}_")]
        if same:
            return max(same, key=lambda one: (one.period.end, one.item_id))
    return None


def _table(table: ProjectTable) -> _Layer:
    source = f"./{table.path}|layername={table.name}"
    title = table.name.capitalize()
    shown = table.name == "burns"
    return _Layer(f"table_of_{table.name}", _TABLES, title, source, table.qml, None, shown)


def _zipped(text: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(Path(PROJECT).with_suffix(".qgs").name, _NO_DATE)
        entry.create_system = 3  # the same on every system
        archive.writestr(entry, text)
    return buffer.getvalue()


def _project(layers: Sequence[_Layer], grid: Grid, window: Window, title: str) -> str:
    root = ET.Element("qgis", projectname=title, version=_VERSION)
    ET.SubElement(root, "title").text = title
    crs = _crs(grid)
    project_crs = ET.SubElement(root, "projectCrs")
    project_crs.append(crs)
    root.append(_tree(layers))
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas")
    ET.SubElement(canvas, "units").text = "meters"
    _extent(ET.SubElement(canvas, "extent"), grid, window)
    ET.SubElement(canvas, "destinationsrs").append(crs)
    found = ET.SubElement(root, "projectlayers")
    order = ET.SubElement(root, "layerorder")
    for layer in layers:
        found.append(_map_layer(layer, crs))
        ET.SubElement(order, "layer", id=layer.layer_id)
    root.append(_properties())
    view = ET.SubElement(root, "ProjectViewSettings", UseProjectScales="0")
    default = ET.SubElement(view, "DefaultViewExtent", _corners(grid, window))
    default.append(crs)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _crs(grid: Grid) -> ET.Element:
    """Return the reference system with its WKT: a code alone leaves the project without one."""
    system = CRS(grid.crs)
    element = ET.Element("spatialrefsys")
    ET.SubElement(element, "wkt").text = system.to_wkt()
    ET.SubElement(element, "authid").text = grid.crs
    ET.SubElement(element, "description").text = system.name
    return element


def _corners(grid: Grid, window: Window) -> dict[str, str]:
    names = ("xmin", "ymin", "xmax", "ymax")
    return {n: f"{v:.3f}" for n, v in zip(names, grid.bounds(window), strict=True)}


def _extent(element: ET.Element, grid: Grid, window: Window) -> None:
    for name, value in _corners(grid, window).items():
        ET.SubElement(element, name).text = value


def _tree(layers: Sequence[_Layer]) -> ET.Element:
    tree = ET.Element("layer-tree-group")
    for name in (_TABLES, *GROUPS, _OTHER):
        members = [layer for layer in layers if layer.group == name]
        if not members:
            continue
        open_ = "1" if any(layer.shown for layer in members) else "0"
        group = ET.SubElement(
            tree, "layer-tree-group", name=name, checked="Qt::Checked", expanded=open_
        )
        for layer in sorted(members, key=_newest_first):
            ET.SubElement(
                group,
                "layer-tree-layer",
                id=layer.layer_id,
                name=layer.title,
                source=layer.source,
                providerKey="ogr" if layer.period is None else "gdal",
                checked="Qt::Checked" if layer.shown else "Qt::Unchecked",
                expanded="1" if layer.shown else "0",
            )
    return tree


def _newest_first(layer: _Layer) -> tuple[int, str]:
    return (0 if layer.period is None else -layer.period.end.toordinal(), layer.title)


def _map_layer(layer: _Layer, crs: ET.Element) -> ET.Element:
    raster = layer.period is not None
    attributes = {"type": "raster"} if raster else {"type": "vector", "geometry": "Polygon"}
    element = ET.Element("maplayer", attributes)
    ET.SubElement(element, "id").text = layer.layer_id
    ET.SubElement(element, "datasource").text = layer.source
    ET.SubElement(element, "layername").text = layer.title
    ET.SubElement(element, "srs").append(crs)
    provider = ET.SubElement(element, "provider", {} if raster else {"encoding": "UTF-8"})
    provider.text = "gdal" if raster else "ogr"
    if layer.period is not None:
        element.append(_temporal(layer.period))
    element.extend(list(ET.fromstring(layer.qml)))  # written by this package
    return element


def _temporal(period: Period) -> ET.Element:
    element = ET.Element("temporal", enabled="1", mode="0", fetchMode="0")
    span = ET.SubElement(element, "fixedRange")
    ET.SubElement(span, "start").text = f"{period.start}T00:00:00Z"
    ET.SubElement(span, "end").text = f"{period.end}T23:59:59Z"
    return element


def _properties() -> ET.Element:
    properties = ET.Element("properties")
    system = ET.SubElement(properties, "SpatialRefSys")
    ET.SubElement(system, "ProjectionsEnabled", type="int").text = "1"
    paths = ET.SubElement(properties, "Paths")
    ET.SubElement(paths, "Absolute", type="bool").text = "false"
    return properties
