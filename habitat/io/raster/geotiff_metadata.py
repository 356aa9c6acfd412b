"""What a layer's GeoTIFF says of itself: tags inside the file, and the ``.aux.xml`` beside it.

A TIFF cannot hold class names and attribute tables, so these stand in the ``.aux.xml`` (GDAL PAM,
``GDALRasterAttributeTable``, usage codes of ``GDALRATFieldUsage``). Names are tags as well, so
that they survive when only the ``.tif`` is copied.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import rasterio

from habitat import __version__
from habitat.domain.bands import S2_BANDS
from habitat.domain.layers import Layer
from habitat.domain.legend import NOT_OBSERVED, NOT_OBSERVED_COLOUR, OUTSIDE
from habitat.io.raster.raster_statistics import BandStatistics

_INTEGER, _TEXT = "0", "2"
#: (name, type, usage) of the columns of the attribute table.
_COLUMNS = (
    ("Value", _INTEGER, "5"),
    ("Class", _TEXT, "2"),
    ("Count", _INTEGER, "1"),
    ("Red", _INTEGER, "6"),
    ("Green", _INTEGER, "7"),
    ("Blue", _INTEGER, "8"),
)


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the three bytes of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def class_rows(layer: Layer) -> Iterator[tuple[int, str, str]]:
    """Yield ``(code, name, colour)`` of a class layer, "not observed" first."""
    yield NOT_OBSERVED, "not observed", NOT_OBSERVED_COLOUR
    if layer.legend is not None:
        for entry in layer.legend.classes:
            yield entry.code, entry.name, entry.colour


def palette(layer: Layer) -> dict[int, tuple[int, int, int, int]]:
    """Return the colour table of a class layer; outside the AOI is transparent."""
    colours = {code: (*rgb(colour), 255) for code, _, colour in class_rows(layer)}
    return {**colours, OUTSIDE: (0, 0, 0, 0)}


def describe(
    path: Path,
    layer: Layer,
    band_names: Sequence[str],
    tags: Mapping[str, str],
    statistics: Sequence[BandStatistics],
) -> None:
    """Write names, units, scales, statistics and tags into an existing GeoTIFF.

    Parameters
    ----------
    path : Path
        The file.
    layer : Layer
        Its entry in the data dictionary.
    band_names : sequence of str
        Band descriptions.
    tags : mapping of str to str
        Further tags of the file.
    statistics : sequence of BandStatistics
        One per band.
    """
    classes = {f"CLASS_{c}": n for c, n, _ in class_rows(layer)} if layer.is_class else {}
    own = {
        "AREA_OR_POINT": "Area",
        "LAYER": layer.name,
        "LAYER_TITLE": layer.title,
        "LAYER_MEANING": layer.meaning,
        "TIFFTAG_SOFTWARE": f"habitat {__version__}",
    }
    with rasterio.open(path, "r+", driver="GTiff") as dataset:
        dataset.update_tags(**dict(sorted({**tags, **classes, **own}.items())))
        for index, (name, figures) in enumerate(zip(band_names, statistics, strict=True), start=1):
            dataset.set_band_description(index, name)
            dataset.update_tags(index, **figures.gdal_tags(), **_wavelength(name))
        if layer.unit:
            dataset.units = [layer.unit] * dataset.count
        if layer.scale != 1.0:
            dataset.scales = [layer.scale] * dataset.count
            dataset.offsets = [0.0] * dataset.count


def _wavelength(band_name: str) -> dict[str, str]:
    band = S2_BANDS.get(band_name)
    return {"CENTRAL_WAVELENGTH_NM": str(band.centre_nm)} if band else {}


def read_header(path: Path) -> tuple[Any, ...]:
    """Return all that a GeoTIFF says of itself but how its pixels are stored."""
    with rasterio.open(path, driver="GTiff") as dataset:
        bands = [
            (dataset.tags(i), dataset.colorinterp[i - 1].name, _colours(dataset, i))
            for i in dataset.indexes
        ]
        return (
            dataset.shape, dataset.dtypes, repr(dataset.nodata), dataset.crs, dataset.transform,
            dataset.tags(), bands, dataset.descriptions, dataset.units, dataset.scales,
            dataset.offsets,
        )  # fmt: skip


def _colours(dataset: Any, index: int) -> Any:
    try:
        return dataset.colormap(index)
    except ValueError:  # none
        return None


def pam_xml(layer: Layer, names: Sequence[str], statistics: Sequence[BandStatistics]) -> bytes:
    """Return the ``.aux.xml`` of a layer.

    Parameters
    ----------
    layer : Layer
        The entry.
    names : sequence of str
        Band descriptions.
    statistics : sequence of BandStatistics
        One per band.
    """
    root = ET.Element("PAMDataset")
    for index, (name, figures) in enumerate(zip(names, statistics, strict=True), start=1):
        band = ET.SubElement(root, "PAMRasterBand", band=str(index))
        ET.SubElement(band, "Description").text = name
        if layer.unit:
            ET.SubElement(band, "UnitType").text = layer.unit
        if layer.is_class:
            _category_names(band, layer)
            _attribute_table(band, layer, figures)
        if figures.valid:
            metadata = ET.SubElement(band, "Metadata")
            for key, value in sorted(figures.gdal_tags().items()):
                ET.SubElement(metadata, "MDI", key=key).text = value
    ET.indent(root)
    return (ET.tostring(root, encoding="unicode") + "\n").encode()


def _category_names(band: ET.Element, layer: Layer) -> None:
    by_code = {code: name for code, name, _ in class_rows(layer)}
    names = ET.SubElement(band, "CategoryNames")
    for code in range(max(by_code) + 1):
        ET.SubElement(names, "Category").text = by_code.get(code, "")


def _attribute_table(band: ET.Element, layer: Layer, figures: BandStatistics) -> None:
    table = ET.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    for index, (name, kind, usage) in enumerate(_COLUMNS):
        column = ET.SubElement(table, "FieldDefn", index=str(index))
        for tag, text in (("Name", name), ("Type", kind), ("Usage", usage)):
            ET.SubElement(column, tag).text = text
    for index, (code, name, colour) in enumerate(class_rows(layer)):
        row = ET.SubElement(table, "Row", index=str(index))
        for value in (code, name, figures.counts.get(code, 0), *rgb(colour)):
            ET.SubElement(row, "F").text = str(value)
