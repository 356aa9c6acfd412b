import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import release_files as files

from habitat.domain import layers
from habitat.domain.period import Period
from habitat.io.raster.geotiff import write_layer
from habitat.io.release.geopackage import write_geopackage
from habitat.io.release.qgis import (
    MAX_DATE_CLASSES,
    class_qml,
    composite_qml,
    date_qml,
    quantity_qml,
    raster_qml,
)
from habitat.io.release.qgis_project import PROJECT, ProjectTable, group_of, write_project
from habitat.io.release.qgis_tables import table_qml
from habitat.io.release.stac_out import COG, CatalogAsset, CatalogItem

SYSTEM_PYTHON = "/usr/bin/python3"


def parsed(qml: str) -> ET.Element:
    assert qml.startswith("<!DOCTYPE qgis")
    return ET.fromstring(qml.split("\n", 1)[1])


def entries(qml: str, tag: str) -> list[tuple[str, str]]:
    return [(e.attrib["value"], e.attrib["label"]) for e in parsed(qml).iter(tag)]


@pytest.mark.parametrize("layer", files.CLASS_LAYERS, ids=lambda layer: layer.name)
def test_a_class_style_names_every_class_and_not_observed(layer):
    rows = entries(class_qml(layer), "paletteEntry")
    assert rows[0] == ("0", "not observed")
    assert rows[1:] == [(str(c.code), c.name) for c in layer.legend.classes]


def test_counts_are_cut_from_each_stop_to_before_the_next():
    rows = entries(quantity_qml(layers.MAX_GAP_DAYS), "item")
    assert [label for _, label in rows] == [
        "0–9 days",
        "10–19 days",
        "20–59 days",
        "60–119 days",
        "120 days or more",
    ]
    assert [value for value, _ in rows] == ["9", "19", "59", "119", "inf"]


def test_a_composite_is_natural_colour_where_it_can_be():
    renderer = parsed(composite_qml(files.BANDS)).find(".//rasterrenderer")
    assert [renderer.get(f"{c}Band") for c in ("red", "green", "blue")] == ["3", "2", "1"]
    fire = parsed(composite_qml(("B04", "B8A", "B12"))).find(".//rasterrenderer")
    assert [fire.get(f"{c}Band") for c in ("red", "green", "blue")] == ["3", "2", "1"]
    assert parsed(composite_qml(("B08",))).find(".//rasterrenderer").get("type") == "singlebandgray"


def test_every_burn_date_has_its_class_and_codes_are_no_dates():
    rows = entries(
        date_qml(layers.BURN_DATE, [20240328, 1, 0, 20231018, 4294967295]), "paletteEntry"
    )
    assert rows == [
        ("0", "not observed"),
        ("1", "unburned"),
        ("20231018", "2023-10-18"),
        ("20240328", "2024-03-28"),
    ]


def test_many_burn_dates_become_months():
    dates = [20240200 + d for d in range(1, 30)] + [20240300 + d for d in range(1, 32)]
    assert len(dates) > MAX_DATE_CLASSES
    rows = entries(date_qml(layers.BURN_DATE, dates), "item")
    assert rows[2:] == [("20240229", "2024-02"), ("20240331", "2024-03")]


@pytest.fixture(scope="module")
def seen_in_qgis(tmp_path_factory):
    """Every kind of file, opened in QGIS: name -> facts."""
    probe = [SYSTEM_PYTHON, "-c", "import qgis.core"]
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run(probe, check=False, capture_output=True).returncode
    ):
        pytest.skip(f"{SYSTEM_PYTHON} cannot import qgis: install the package python3-qgis")
    folder = tmp_path_factory.mktemp("release")
    kinds = (*files.CLASS_LAYERS, *files.QUANTITY_LAYERS, layers.BURN_DATE, layers.COMPOSITE)
    kinds = (*kinds, layers.RADAR_COMPOSITE)
    sources = [str(_write(folder, layer)) for layer in kinds]
    many = replace(layers.BURN_DATE, name="burn_date_many")
    sources.append(str(_write(folder, many, dates=range(20240301, 20240359))))
    tables = files.tables()
    write_geopackage(folder / "cells.gpkg", tables, {name: table_qml(name) for name in tables})
    sources += [f"{folder / 'cells.gpkg'}|layername={name}" for name in tables]
    write_project(
        folder, [_item(layer) for layer in kinds], _tables(tables), title="SIMULATED: a release"
    )
    moved = Path(shutil.copytree(folder, tmp_path_factory.mktemp("elsewhere") / "copy"))
    sources.append(str(moved / PROJECT))
    script = Path(__file__).with_name("qgis_check.py")
    done = subprocess.run(
        [SYSTEM_PYTHON, str(script), str(folder), *sources],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {
        key.split("|layername=")[-1].split("/")[-1].removesuffix(".tif"): f
        for key, f in found.items()
    }


def _item(layer):
    path = f"{layer.name}.tif"
    assets = (CatalogAsset("data", path, layer.title, COG, ("data",)),)
    period = Period(date(2023, 7, 1), date(2024, 6, 30))
    return CatalogItem(
        f"{layer.name}_20230701-20240630",
        layer.title,
        layer.meaning,
        period,
        files.GRID,
        files.WINDOW,
        assets,
    )


def _tables(names):
    return [ProjectTable("cells.gpkg", name, table_qml(name)) for name in names]


def _write(folder, layer, dates=files.DATES):
    path = folder / f"{layer.name}.tif"
    bands = {"composite": files.BANDS, "radar_composite": RADAR}.get(layer.name, ())
    given = files.blocks(files.pixels(layer), 512)
    write_layer(path, given, layer, files.GRID, files.WINDOW, tags={}, band_names=bands)
    path.with_suffix(".qml").write_text(raster_qml(layer, band_names=bands, dates=dates), "utf-8")
    return path


RADAR = ("VV", "VH", "VH_VV")


def test_qgis_shows_backscatter_in_decibels_as_two_polarisations_and_their_ratio(seen_in_qgis):
    facts = seen_in_qgis["radar_composite"]
    assert facts["renderer"] == "multibandcolor"
    assert [b.split(": ")[1] for b in facts["bands"]] == list(RADAR)
    assert facts["nodata"] == -32768
    assert len(colours_of(facts)) > 50


def colours_of(facts):
    return set(facts["colours"]) - {"#ff00ff"}


@pytest.mark.parametrize("layer", files.CLASS_LAYERS, ids=lambda layer: layer.name)
def test_qgis_shows_the_classes_by_name_and_colour(seen_in_qgis, layer):
    facts = seen_in_qgis[layer.name]
    assert facts["crs"] == "EPSG:32652"
    assert facts["renderer"] == "paletted"
    names = ["not observed", *(c.name for c in layer.legend.classes)]
    assert [label for label in facts["labels"] if label in names] == names
    assert colours_of(facts) == {"#b0b0b0", *(c.colour for c in layer.legend.classes)}
    assert facts["nodata"] == 255
    assert facts["overviews"] == 2
    assert facts["categories"][0] == "not observed"
    assert facts["rat_rows"] == len(names)
    assert facts["statistics"][:2] == [0, max(layer.legend.codes)]


def test_qgis_shows_outside_the_area_as_transparent(seen_in_qgis):
    for name, facts in seen_in_qgis.items():
        if name != "version":
            assert facts["colours"]["#ff00ff"] > 1000, name


@pytest.mark.parametrize("layer", files.QUANTITY_LAYERS, ids=lambda layer: layer.name)
def test_qgis_shows_quantities_with_their_labels(seen_in_qgis, layer):
    facts = seen_in_qgis[layer.name]
    assert facts["renderer"] == "singlebandpseudocolor"
    labels = [label for _, label in entries(quantity_qml(layer), "item")]
    assert [label for label in facts["labels"] if label in labels] == labels
    assert facts["bands"] == [f"Band 1: {layer.title}"]


def test_qgis_shows_burn_dates(seen_in_qgis):
    labels = seen_in_qgis["burn_date"]["labels"]
    assert [label for label in labels if label][-7:] == [
        "not observed",
        "unburned",
        "2023-10-18",
        "2023-11-04",
        "2024-03-22",
        "2024-03-28",
        "2024-04-11",
    ]
    assert len(colours_of(seen_in_qgis["burn_date"])) == 7
    assert seen_in_qgis["burn_date"]["nodata"] == 4294967295
    assert seen_in_qgis["burn_date_many"]["renderer"] == "singlebandpseudocolor"


def test_qgis_shows_the_composite_in_natural_colour(seen_in_qgis):
    facts = seen_in_qgis["composite"]
    assert facts["renderer"] == "multibandcolor"
    assert [b.split(": ")[1] for b in facts["bands"]] == list(files.BANDS)
    assert facts["nodata"] == 0
    assert len(colours_of(facts)) > 50  # not black: the stretch is in the units that QGIS shows


def test_qgis_loads_the_default_style_of_each_table(seen_in_qgis):
    habitat = seen_in_qgis["habitat"]
    assert habitat["renderer"] == "RuleRenderer"
    assert len([label for label in habitat["labels"] if label]) == 9
    assert "not observed" in habitat["labels"]
    assert seen_in_qgis["cells"]["renderer"] == "RuleRenderer"
    assert len(seen_in_qgis["cells"]["labels"]) == 6
    assert seen_in_qgis["burns"]["renderer"] == "categorizedSymbol"
    assert seen_in_qgis["burns"]["fields"]["date"] == "Date"
    assert seen_in_qgis["burns"]["features"] == 3


def test_a_project_copied_elsewhere_finds_every_layer_in_its_group(seen_in_qgis):
    project = seen_in_qgis[PROJECT]
    assert project["valid"]
    assert project["broken"] == []
    assert project["crs"] == files.GRID.crs
    assert project["title"] == "SIMULATED: a release"
    groups = project["groups"]
    assert list(groups) == [
        "Tables", "Fire danger", "Burn scars", "Habitat", "Forest", "Images", "Observation",
    ]  # fmt: skip
    assert "Burn scars 2023-07-01 to 2024-06-30" in groups["Burn scars"]


def test_a_project_shows_the_styles_and_the_times_of_its_layers(seen_in_qgis):
    project = seen_in_qgis[PROJECT]
    forest = "Forest and land cover 2023-07-01 to 2024-06-30"
    assert forest in project["groups"]["Forest"]
    assert "deciduous broadleaf forest" in project["labels"][forest]
    assert project["times"][forest] == "2023-07-01"
    assert any("seen twice" in label for label in project["labels"]["Burns"])
    assert project["shown"] == ["Burns", "Fire danger level 2023-07-01 to 2024-06-30"]
    drawn = set(project["colours"]) - {"#ff00ff"}
    assert len(drawn) > 3


def test_every_layer_of_the_dictionary_has_a_group():
    assert {name for name in layers.LAYERS if group_of(name) == "Other layers"} == set()


def test_the_same_layers_make_the_same_project_and_the_newest_is_switched_on(tmp_path):
    old = replace(_item(files.CLASS_LAYERS[0]), item_id="forest_class_old")
    late = Period(date(2024, 7, 1), date(2025, 6, 30))
    new = replace(old, item_id="forest_class_new", period=late)
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        (folder / "forest_class.qml").write_text(class_qml(files.CLASS_LAYERS[0]), "utf-8")
        write_project(folder, [old, new], title="a & b")
    first, second = ((tmp_path / name / PROJECT).read_bytes() for name in "ab")
    assert first == second
    with zipfile.ZipFile(tmp_path / "a" / PROJECT) as archive:
        root = ET.fromstring(archive.read("habitat.qgs"))
    checked = {
        node.get("id"): node.get("checked") == "Qt::Checked"
        for node in root.iter("layer-tree-layer")
    }
    assert checked == {"raster_forest_class_new": True, "raster_forest_class_old": False}
    assert str(tmp_path) not in ET.tostring(root, encoding="unicode")
