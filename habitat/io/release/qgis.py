"""Complete QGIS styles (QML) for rasters and tables, from the data dictionary.

A style is always whole: QGIS takes a partial one as the entire style and drops the palette of
the file. Format: QML as QGIS 3.22 and later read it.
"""

import xml.etree.ElementTree as ET
from calendar import monthrange
from collections.abc import Iterable, Sequence
from itertools import pairwise

from habitat.domain.layers import Layer
from habitat.domain.legend import NOT_OBSERVED_COLOUR
from habitat.domain.radar import RADAR_BANDS, RADAR_RATIO
from habitat.io.raster.geotiff_metadata import class_rows, rgb

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_VERSION = "3.22.16"
_UNBURNED = 1
UNBURNED_COLOUR = "#e8efe2"
#: Early to late.
_DATE_STOPS = ("#fde725", "#f89540", "#cc4778", "#7e03a8", "#0d0887")
#: QGIS becomes slow with long palettes, and nobody tells forty shades apart.
MAX_DATE_CLASSES = 40
#: Band triples of a composite, the first that is there: natural colour, else short-wave infrared;
#: of radar the two polarisations and their ratio, in which forest is yellow-green and water black.
_TRIPLES = (
    ("B04", "B03", "B02"),
    ("B12", "B8A", "B04"),
    ("B11", "B8A", "B04"),
    (*RADAR_BANDS, RADAR_RATIO),
)
#: Reflectance and decibels shown as black and as full colour, by band. QGIS applies the scale of
#: the file, so a stretch in stored units would show black.
_STRETCH = {
    "B02": (0.0, 0.2),
    "B03": (0.0, 0.2),
    "B04": (0.0, 0.2),
    "VV": (-20.0, 0.0),
    "VH": (-26.0, -8.0),
    RADAR_RATIO: (-14.0, -2.0),
}
_DEFAULT_STRETCH = (0.0, 0.4)

Entry = tuple[float, str, str]


def raster_qml(layer: Layer, *, band_names: Sequence[str] = (), dates: Iterable[int] = ()) -> str:
    """Return the style of any layer of the dictionary.

    Parameters
    ----------
    layer : Layer
        The entry; a class layer bound to its legend.
    band_names : sequence of str
        Names of the bands, for layers with several.
    dates : iterable of int
        Values present in a layer of dates (YYYYMMDD).
    """
    if layer.is_class:
        return class_qml(layer)
    if band_names:
        return composite_qml(band_names)
    if layer.ramp:
        return quantity_qml(layer)
    return date_qml(layer, dates)


def class_qml(layer: Layer) -> str:
    """Return a paletted style: every class by name, "not observed" in grey, outside transparent."""
    return _raster(_paletted((code, colour, name) for code, name, colour in class_rows(layer)))


def quantity_qml(layer: Layer) -> str:
    """Return a pseudocolour style by the ramp of the entry.

    Shares in per cent run smoothly from stop to stop; counts are cut in classes, each from its
    stop up to the value before the next.
    """
    if layer.unit == "%":
        return _raster(_pseudocolour("INTERPOLATED", layer.ramp))
    return _raster(_pseudocolour("DISCRETE", _integer_classes(layer.ramp)))


def _integer_classes(ramp: Sequence[Entry]) -> list[Entry]:
    """Return ``(last value, colour, label)`` of each class from the first values."""
    classes: list[Entry] = []
    for (first, colour, label), (following, _, _) in pairwise(ramp):
        last = following - 1
        unit = label.removeprefix(f"{first:g}")
        classes.append((last, colour, label if last == first else f"{first:g}–{last:g}{unit}"))
    _, colour, label = ramp[-1]
    return [*classes, (float("inf"), colour, label)]


def composite_qml(band_names: Sequence[str]) -> str:
    """Return a style of three bands with a fixed stretch, so that years look alike.

    Parameters
    ----------
    band_names : sequence of str
        Names in file order; grey shades of the first band if no triple is there.
    """
    names = list(band_names)
    triple = next((t for t in _TRIPLES if set(t) <= set(names)), None)
    if triple is None:
        return _raster(_grey(names[0]))
    bands = {colour: str(names.index(b) + 1) for colour, b in zip(_RGB, triple, strict=True)}
    renderer = _renderer("multibandcolor", **{f"{c}Band": index for c, index in bands.items()})
    for colour, band in zip(_RGB, triple, strict=True):
        _stretch(renderer, f"{colour}ContrastEnhancement", band)
    return _raster(renderer)


_RGB = ("red", "green", "blue")


def date_qml(layer: Layer, dates: Iterable[int]) -> str:
    """Return a style of a layer of YYYYMMDD: one class per date, or per month if there are many.

    Parameters
    ----------
    layer : Layer
        The entry; its ``not_observed`` is grey, 1 is observed and unburned.
    dates : iterable of int
        Values present; what is not a date is left out.
    """
    present = sorted({int(d) for d in dates} - {int(layer.nodata), 0, _UNBURNED})
    known: list[Entry] = [
        (float(layer.not_observed or 0), NOT_OBSERVED_COLOUR, "not observed"),
        (_UNBURNED, UNBURNED_COLOUR, "unburned"),
    ]
    if len(present) <= MAX_DATE_CLASSES:
        shades = _shades(len(present))
        named = [(d, c, _iso(d)) for d, c in zip(present, shades, strict=True)]
        return _raster(_paletted([*known, *named]))
    months = sorted({d // 100 for d in present})
    last_days = [m * 100 + monthrange(m // 100, m % 100)[1] for m in months]
    shades = _shades(len(months))
    named = [(d, c, _iso(d)[:7]) for d, c in zip(last_days, shades, strict=True)]
    return _raster(_pseudocolour("DISCRETE", [*known, *named]))


def _iso(date: int) -> str:
    return f"{date // 10000:04d}-{date // 100 % 100:02d}-{date % 100:02d}"


def _shades(n: int) -> list[str]:
    """Return ``n`` colours along the date stops."""
    stops = [rgb(c) for c in _DATE_STOPS]
    shades = []
    for i in range(n):
        place = (len(stops) - 1) * (i / (n - 1) if n > 1 else 0.5)
        k = min(int(place), len(stops) - 2)
        mixed = (
            round(a + (b - a) * (place - k)) for a, b in zip(stops[k], stops[k + 1], strict=True)
        )
        shades.append("#" + "".join(f"{v:02x}" for v in mixed))
    return shades


def _raster(renderer: ET.Element) -> str:
    root = ET.Element("qgis", version=_VERSION, styleCategories="AllStyleCategories")
    pipe = ET.SubElement(root, "pipe")
    provider = ET.SubElement(pipe, "provider")
    nearest = "nearestNeighbour"
    ET.SubElement(
        provider,
        "resampling",
        enabled="false",
        maxOversampling="2",
        zoomedInResamplingMethod=nearest,
        zoomedOutResamplingMethod=nearest,
    )
    pipe.append(renderer)
    ET.SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma="1")
    ET.SubElement(pipe, "huesaturation", saturation="0", grayscaleMode="0", colorizeOn="0")
    ET.SubElement(pipe, "rasterresampler", maxOversampling="2")
    ET.SubElement(pipe, "resamplingStage").text = "resamplingFilter"
    ET.SubElement(root, "blendMode").text = "0"
    return qml_text(root)


def qml_text(root: ET.Element) -> str:
    """Return a QML document."""
    ET.indent(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n"


def _renderer(kind: str, **attributes: str) -> ET.Element:
    always = {"type": kind, "opacity": "1", "alphaBand": "-1", "nodataColor": ""}
    renderer = ET.Element("rasterrenderer", {**always, **attributes})
    ET.SubElement(renderer, "rasterTransparency")
    origin = ET.SubElement(renderer, "minMaxOrigin")
    for tag, text in (("limits", "None"), ("extent", "WholeRaster"), ("statAccuracy", "Exact")):
        ET.SubElement(origin, tag).text = text
    return renderer


def _paletted(entries: Iterable[Entry]) -> ET.Element:
    renderer = _renderer("paletted", band="1")
    palette = ET.SubElement(renderer, "colorPalette")
    for value, colour, label in entries:
        ET.SubElement(
            palette, "paletteEntry", value=f"{value:.0f}", color=colour, label=label, alpha="255"
        )
    return renderer


def _pseudocolour(kind: str, entries: Sequence[Entry]) -> ET.Element:
    low = f"{entries[0][0]:.0f}"
    high = f"{next(v for v, _, _ in reversed(entries) if v != float('inf')):.0f}"
    renderer = _renderer(
        "singlebandpseudocolor", band="1", classificationMin=low, classificationMax=high
    )
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        colorRampType=kind,
        classificationMode="1",
        minimumValue=low,
        maximumValue=high,
        clip="0",
        labelPrecision="0",
    )
    for value, colour, label in entries:
        stop = "inf" if value == float("inf") else f"{value:.0f}"
        ET.SubElement(shader, "item", value=stop, color=colour, label=label, alpha="255")
    ET.SubElement(shader, "rampLegendSettings", useContinuousLegend="0")
    return renderer


def _grey(band: str) -> ET.Element:
    renderer = _renderer("singlebandgray", grayBand="1", gradient="BlackToWhite")
    _stretch(renderer, "contrastEnhancement", band)
    return renderer


def _stretch(renderer: ET.Element, tag: str, band: str) -> None:
    low, high = _STRETCH.get(band, _DEFAULT_STRETCH)
    element = ET.SubElement(renderer, tag)
    for name, text in (
        ("minValue", f"{low:g}"),
        ("maxValue", f"{high:g}"),
        ("algorithm", "StretchToMinimumMaximum"),
    ):
        ET.SubElement(element, name).text = text
