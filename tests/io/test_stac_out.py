import hashlib
import json
import shutil
from datetime import date
from itertools import pairwise
from pathlib import Path

import pystac
import pytest
import release_files as files

from habitat.domain import layers
from habitat.domain.errors import InputError, ResourceError
from habitat.domain.period import Period
from habitat.io.raster.geotiff import write_layer
from habitat.io.release.qgis import raster_qml
from habitat.io.release.stac_out import (
    GEOPACKAGE,
    CatalogAsset,
    CatalogItem,
    footprint,
    layer_assets,
    write_catalog,
)

PERIOD = Period(date(2024, 6, 1), date(2024, 9, 30))
WHAT = {"catalog_id": "demo-1", "description": "SIMULATED demonstration"}


def build(folder):
    items = []
    for layer in (files.CLASS_LAYERS[0], layers.COMPOSITE, layers.N_VALID):
        names = files.BANDS if layer.name == "composite" else ()
        tif = folder / f"{layer.name}_{PERIOD.name}.tif"
        statistics = write_layer(
            tif,
            files.blocks(files.pixels(layer), 512),
            layer,
            files.GRID,
            files.WINDOW,
            tags={},
            band_names=names,
        )
        tif.with_suffix(".qml").write_text(raster_qml(layer, band_names=names), "utf-8")
        items.append(
            CatalogItem(
                tif.stem,
                layer.title,
                layer.meaning,
                PERIOD,
                files.GRID,
                files.WINDOW,
                layer_assets(tif.name, layer, statistics, names),
                inputs=("S2B_2", "S2A_1"),
                simulated=True,
            )
        )
    (folder / "cells.gpkg").write_bytes(b"table")
    table = CatalogAsset("data", "cells.gpkg", "Cells", GEOPACKAGE, ("data",))
    items.append(CatalogItem("cells", "Cells", "", PERIOD, files.GRID, files.WINDOW, (table,)))
    return items


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    write_catalog(folder, build(folder), **WHAT)
    return folder


def item(release, name):
    return json.loads((release / "items" / f"{name}.json").read_text("utf-8"))


def test_the_catalogue_is_read_by_pystac_from_any_folder(tmp_path, release):
    copied = tmp_path / "elsewhere"
    shutil.copytree(release, copied)
    catalog = pystac.Catalog.from_file(str(copied / "catalog.json"))
    found = {i.id: i for i in catalog.get_items(recursive=True)}
    assert len(found) == 4
    assert "SIMULATED" in catalog.description
    for entry in found.values():
        assert entry.datetime is None
        for asset in entry.get_assets().values():
            path = Path(asset.get_absolute_href())
            assert path.parent == copied
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert asset.extra_fields["file:checksum"] == "1220" + digest
            assert asset.extra_fields["file:size"] == path.stat().st_size


def test_every_layer_item_names_its_files_period_inputs_and_accuracy(release):
    found = item(release, "forest_class_20240601-20240930")
    assert found["stac_version"] == "1.1.0"
    properties = found["properties"]
    assert properties["datetime"] is None
    assert properties["start_datetime"] == "2024-06-01T00:00:00Z"
    assert properties["end_datetime"] == "2024-09-30T23:59:59Z"
    assert properties["proj:code"] == "EPSG:32652"
    assert properties["proj:shape"] == [1_100, 1_300]
    assert properties["proj:transform"] == [20.0, 0.0, 520_000.0, 0.0, -20.0, 4_740_000.0]
    assert properties["habitat:inputs"] == ["S2A_1", "S2B_2"]
    assert properties["habitat:accuracy"] == "not assessed"
    assert properties["habitat:simulated"] is True
    assert {k: a["href"] for k, a in found["assets"].items()} == {
        "data": "../forest_class_20240601-20240930.tif",
        "style": "../forest_class_20240601-20240930.qml",
        "metadata": "../forest_class_20240601-20240930.tif.aux.xml",
    }


def test_classes_and_statistics_stand_in_the_bands(release):
    (band,) = item(release, "forest_class_20240601-20240930")["assets"]["data"]["bands"]
    classes = {c["value"]: c for c in band["classification:classes"]}
    assert sorted(classes) == [0, 1, 2, 4, 9, 255]
    assert classes[4]["title"] == "larch <planted> & wild"
    assert classes[4]["color_hint"] == "B5A642"
    assert classes[255]["nodata"] is True
    bands = item(release, "composite_20240601-20240930")["assets"]["data"]["bands"]
    assert [b["name"] for b in bands] == list(files.BANDS)
    assert bands[0]["raster:scale"] == 1e-4
    assert bands[0]["data_type"] == "uint16"
    assert bands[0]["statistics"]["minimum"] >= 1


def test_the_same_release_gives_the_same_bytes_in_another_folder(tmp_path, release):
    items = build(tmp_path)
    written = write_catalog(tmp_path, items[::-1], **WHAT)
    assert len(written) == 5
    for path in written:
        relative = path.relative_to(tmp_path)
        assert path.read_bytes() == (release / relative).read_bytes()
        assert str(tmp_path) not in path.read_text("utf-8")


def test_the_footprint_is_a_closed_ring_that_runs_anticlockwise():
    ring = footprint(files.GRID, files.WINDOW)
    assert ring[0] == ring[-1]
    twice_area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring))
    assert twice_area > 0
    # EPSG:32652 has its central meridian, 129 E, at an easting of 500 km
    assert all(129.2 < lon < 129.6 and 42.5 < lat < 42.9 for lon, lat in ring)


def test_an_id_that_is_no_file_name_and_a_file_that_is_not_there_are_refused(tmp_path):
    table = CatalogAsset("data", "absent.gpkg", "Cells", GEOPACKAGE, ("data",))
    bad = CatalogItem("../up", "", "", PERIOD, files.GRID, files.WINDOW, (table,))
    with pytest.raises(InputError, match="item id"):
        write_catalog(tmp_path, [bad], **WHAT)
    absent = CatalogItem("cells", "", "", PERIOD, files.GRID, files.WINDOW, (table,))
    with pytest.raises(ResourceError, match=r"absent\.gpkg"):
        write_catalog(tmp_path, [absent], **WHAT)
