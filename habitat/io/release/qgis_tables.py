"""Complete QGIS styles (QML) for the tables of ``cells.gpkg``.

Every row matches a rule: what was not observed is hatched in grey, never left blank.
"""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from habitat.io.raster.geotiff_metadata import rgb
from habitat.io.release.qgis import qml_text

_OUTLINE = "#5a5a5a"
_HATCH, _HATCH_GROUND = "#8c8c8c", "#e6e6e6"

_SymbolLayer = tuple[str, Mapping[str, str]]  # class, properties

#: Upper bounds of the classes of habitat change [1]: symmetric, red is loss, blue is gain.
_CHANGE_BOUNDS = (-0.20, -0.10, -0.02, 0.02, 0.10, 0.20)
_CHANGE_CLASSES = (
    ("#b2182b", "loss of more than 20 % of the cell"),
    ("#ef8a62", "loss of 10 to 20 % of the cell"),
    ("#fddbc7", "loss of 2 to 10 % of the cell"),
    ("#f7f7f7", "change of less than 2 % of the cell"),
    ("#d1e5f0", "gain of 2 to 10 % of the cell"),
    ("#67a9cf", "gain of 10 to 20 % of the cell"),
    ("#2166ac", "gain of more than 20 % of the cell"),
)
_SHARE_BOUNDS = (0.2, 0.4, 0.6, 0.8)
_SHARE_CLASSES = (
    ("#edf8e9", "0 to 20 % forest"),
    ("#bae4b3", "20 to 40 % forest"),
    ("#74c476", "40 to 60 % forest"),
    ("#31a354", "60 to 80 % forest"),
    ("#006d2c", "80 to 100 % forest"),
)
_PSI_CLASSES = (
    ("#feebe2", "use by animals 0 to 0.2"),
    ("#fbb4b9", "0.2 to 0.4"),
    ("#f768a1", "0.4 to 0.6"),
    ("#c51b8a", "0.6 to 0.8"),
    ("#7a0177", "0.8 to 1"),
)
_CONFIDENCE = (
    ("A", "#99000d", "A: with an active fire"),
    ("B", "#ef3b2c", "B: strong evidence, seen twice"),
    ("C", "#fcae91", "C: possible, one look only"),
)


@dataclass(frozen=True, slots=True)
class _Rule:
    label: str
    condition: str
    symbol: tuple[_SymbolLayer, ...]  # from the ground up


def table_qml(name: str) -> str:
    """Return the style of a promised table, or a plain one for any other name.

    Parameters
    ----------
    name : str
        ``cells``, ``habitat``, ``occupancy`` or ``burns``.
    """
    if name == "burns":
        return _document(_categories("burn_confidence"), "burn_id")
    return _document(_rules(_TABLE_RULES.get(name, _PLAIN)), "cell_id")


def _rgba(colour: str, opacity: int = 255) -> str:
    return ",".join(str(v) for v in (*rgb(colour), opacity))


def _fill(colour: str, opacity: int = 255, style: str = "solid") -> _SymbolLayer:
    return "SimpleFill", {
        "color": _rgba(colour, opacity),
        "style": style,
        "outline_color": _rgba(_OUTLINE),
        "outline_style": "solid",
        "outline_width": "0.1",
        "outline_width_unit": "MM",
        "joinstyle": "miter",
    }


def _graduated(
    column: str, bounds: tuple[float, ...], classes: tuple[tuple[str, str], ...]
) -> tuple[_Rule, ...]:
    edges = (None, *bounds, None)
    rules = []
    for (colour, label), low, high in zip(classes, edges[:-1], edges[1:], strict=True):
        parts = [f'"{column}" > {low:g}'] if low is not None else []
        parts += [f'"{column}" <= {high:g}'] if high is not None else []
        rules.append(_Rule(label, " AND ".join(parts), (_fill(colour),)))
    return tuple(rules)


def _not_observed(condition: str) -> _Rule:
    return _Rule(
        "not observed", condition, (_fill(_HATCH_GROUND), _fill(_HATCH, style="b_diagonal"))
    )


_PLAIN = (_Rule("all", "ELSE", (_fill("#cccccc"),)),)
_TABLE_RULES: dict[str, tuple[_Rule, ...]] = {
    "cells": (
        *_graduated("forest_share_after", _SHARE_BOUNDS, _SHARE_CLASSES),
        _not_observed('"forest_share_after" IS NULL'),
    ),
    "habitat": (
        *_graduated("habitat_change", _CHANGE_BOUNDS, _CHANGE_CLASSES),
        _Rule(
            "uncertain: too little of the cell was seen in both periods",
            "\"habitat_state\" = 'uncertain'",
            (_fill("#303030", style="dense6"),),
        ),
        _not_observed('"habitat_change" IS NULL'),
    ),
    "occupancy": (
        *_graduated("psi", _SHARE_BOUNDS, _PSI_CLASSES),
        _not_observed('"psi" IS NULL'),
    ),
}


def _document(renderer: ET.Element, key: str) -> str:
    root = ET.Element(
        "qgis", version="3.22.16", styleCategories="AllStyleCategories", labelsEnabled="0"
    )
    root.append(renderer)
    ET.SubElement(root, "blendMode").text = "0"
    ET.SubElement(root, "featureBlendMode").text = "0"
    ET.SubElement(root, "layerOpacity").text = "1"
    ET.SubElement(root, "previewExpression").text = f'"{key}"'
    ET.SubElement(root, "layerGeometryType").text = "2"
    return qml_text(root)


def _rules(rules: tuple[_Rule, ...]) -> ET.Element:
    renderer = ET.Element("renderer-v2", type="RuleRenderer", symbollevels="0", forceraster="0")
    tree = ET.SubElement(renderer, "rules", key="rules")
    symbols = ET.SubElement(renderer, "symbols")
    for index, rule in enumerate(rules):
        ET.SubElement(
            tree,
            "rule",
            key=f"rule{index}",
            symbol=str(index),
            label=rule.label,
            filter=rule.condition,
        )
        _symbol(symbols, index, rule.symbol)
    return renderer


def _categories(column: str) -> ET.Element:
    renderer = ET.Element(
        "renderer-v2", type="categorizedSymbol", attr=column, symbollevels="0", forceraster="0"
    )
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for index, (value, colour, label) in enumerate(_CONFIDENCE):
        ET.SubElement(
            categories,
            "category",
            symbol=str(index),
            value=value,
            type="string",
            label=label,
            render="true",
        )
        _symbol(symbols, index, (_fill(colour, 200),))
    return renderer


def _symbol(symbols: ET.Element, index: int, layers: tuple[_SymbolLayer, ...]) -> None:
    symbol = ET.SubElement(
        symbols, "symbol", name=str(index), type="fill", alpha="1", clip_to_extent="1"
    )
    for kind, properties in layers:
        layer = ET.SubElement(
            symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"}
        )
        options = ET.SubElement(layer, "Option", type="Map")
        for key, value in properties.items():
            ET.SubElement(options, "Option", name=key, type="QString", value=value)
        for key, value in properties.items():  # the form that versions before 3.22 read
            ET.SubElement(layer, "prop", k=key, v=value)
