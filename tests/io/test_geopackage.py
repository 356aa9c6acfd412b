import sqlite3
from contextlib import closing

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import release_files as files
import shapely
from pyogrio.errors import DataSourceError, FeatureError

from habitat.domain.errors import InputError, LayerError, ResourceError
from habitat.io.release import geopackage
from habitat.io.release.geopackage import EPOCH, write_geopackage
from habitat.io.release.qgis_tables import table_qml

STYLES = {name: table_qml(name) for name in ("cells", "habitat", "burns")}


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "cells.gpkg"
    write_geopackage(path, files.tables(), STYLES)
    return path


def query(path, text):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(text).fetchall()


def test_the_file_is_a_geopackage_1_3_without_open_ends(written):
    assert query(written, "PRAGMA application_id") == [(0x47504B47,)]
    assert query(written, "PRAGMA user_version") == [(10300,)]
    assert query(written, "PRAGMA journal_mode") == [("delete",)]
    assert [p.name for p in written.parent.iterdir()] == ["cells.gpkg"]


def test_two_writes_in_two_places_give_the_same_bytes(tmp_path, written, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("TZ", "Asia/Vladivostok")
    shuffled = {name: frame.iloc[::-1] for name, frame in files.tables().items()}
    write_geopackage(tmp_path / "elsewhere" / "other.gpkg", shuffled, STYLES)
    assert (tmp_path / "elsewhere" / "other.gpkg").read_bytes() == written.read_bytes()


def test_every_table_says_what_it_is_of(tmp_path):
    path = tmp_path / "cells.gpkg"
    write_geopackage(path, files.tables(), STYLES, description="SIMULATED: demo of somewhere")
    said = dict(query(path, "SELECT table_name, description FROM gpkg_contents"))
    assert {said[name] for name in files.tables()} == {"SIMULATED: demo of somewhere"}


def test_no_clock_is_in_the_file(written):
    assert set(query(written, "SELECT DISTINCT last_change FROM gpkg_contents")) == {(EPOCH,)}
    assert set(query(written, "SELECT DISTINCT update_time FROM layer_styles")) == {(EPOCH,)}
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_rows_are_sorted_by_key_and_columns_keep_their_order(written):
    cells = gpd.read_file(written, layer="cells")
    assert cells["cell_id"].tolist() == sorted(files.tables()["cells"]["cell_id"])
    assert list(cells.columns) == list(files.tables()["cells"].columns)
    assert [b for (b,) in query(written, "SELECT burn_id FROM burns ORDER BY fid")] == [
        "b1",
        "b2",
        "b3",
    ]


def test_missing_values_are_null_in_every_type(written):
    nulls = query(
        written, "SELECT area_ha, date, n_hotspots FROM burns WHERE burn_id IN ('b1', 'b2')"
    )
    assert nulls == [(300.0, "2023-10-18", 7), (None, None, None)]
    observed = query(written, "SELECT COUNT(*) FROM habitat WHERE habitat_change IS NULL")
    assert observed == [(6,)]
    assert query(written, "SELECT DISTINCT share_park_cn FROM cells") == [(None,)]


def test_types_follow_names_and_not_the_values_at_hand(tmp_path):
    burns = files.tables()["burns"]
    empty = burns.iloc[:0].astype({"n_hotspots": object, "area_ha": object, "date": object})
    absent = burns.assign(n_hotspots=None, area_ha=None, date=None, burn_confidence=None)
    types = []
    for k, frame in enumerate((burns, empty, absent)):
        write_geopackage(tmp_path / f"{k}.gpkg", {"burns": frame}, {})
        types.append(
            query(tmp_path / f"{k}.gpkg", "SELECT name, type FROM pragma_table_info('burns')")
        )
    assert types[0] == types[1] == types[2]
    assert dict(types[0]) == {
        "fid": "INTEGER",
        "geom": "MULTIPOLYGON",
        "burn_id": "TEXT",
        "area_ha": "REAL",
        "date": "DATE",
        "burn_confidence": "TEXT",
        "n_hotspots": "INTEGER",
    }


def test_every_style_is_the_default_of_its_table_and_is_registered(written):
    rows = query(written, "SELECT f_table_name, useAsDefault, styleQML FROM layer_styles")
    assert {name: qml for name, default, qml in rows if default == 1} == STYLES
    kinds = dict(query(written, "SELECT table_name, data_type FROM gpkg_contents"))
    assert kinds == {
        "cells": "features",
        "habitat": "features",
        "burns": "features",
        "layer_styles": "attributes",
    }


def test_geometry_is_kept(written):
    burns = gpd.read_file(written, layer="burns")
    assert set(burns.geom_type) == {"MultiPolygon"}
    assert burns.crs.to_epsg() == 32652
    expected = files.tables()["burns"].sort_values("burn_id").geometry
    assert [shapely.area(g) for g in burns.geometry] == [g.area for g in expected]


def test_a_key_twice_or_absent_is_refused(tmp_path):
    burns = files.tables()["burns"]
    with pytest.raises(LayerError, match=r"\['b3'\] twice"):
        write_geopackage(tmp_path / "x.gpkg", {"burns": pd.concat([burns, burns.iloc[:1]])}, {})
    with pytest.raises(LayerError, match="without: \\['burn_id'\\]"):
        write_geopackage(tmp_path / "x.gpkg", {"burns": burns.drop(columns="burn_id")}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_crs_and_a_style_without_table_are_refused(tmp_path):
    burns = files.tables()["burns"]
    with pytest.raises(InputError, match="CRS"):
        write_geopackage(
            tmp_path / "x.gpkg", {"burns": burns.set_crs(None, allow_override=True)}, {}
        )
    with pytest.raises(InputError, match="cells"):
        write_geopackage(tmp_path / "x.gpkg", {"burns": burns}, {"cells": ""})


def test_rows_that_the_disk_changed_in_silence_are_found(tmp_path, monkeypatch):
    real = geopackage._embed_styles

    def lossy(path, styles, stamp):
        real(path, styles, stamp)
        path.write_bytes(path.read_bytes().replace(b"viirs", b"v\x00\x00rs"))

    monkeypatch.setattr(geopackage, "_embed_styles", lossy)
    path = tmp_path / "x.gpkg"
    path.write_bytes(b"old")
    with pytest.raises(ResourceError, match="read back"):
        write_geopackage(path, {"burns": files.tables()["burns"].assign(date_source="viirs")}, {})
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.gpkg"]


def test_a_trigger_that_gdal_could_not_write_and_passed_over_is_found(tmp_path, monkeypatch):
    real, seen = geopackage._embed_styles, []

    def lossy(path, styles, stamp):
        real(path, styles, stamp)
        seen.append(path)
        if len(seen) == 1:
            with sqlite3.connect(path) as database:
                database.execute("DROP TRIGGER trigger_insert_feature_count_burns")
            database.close()

    monkeypatch.setattr(geopackage, "_embed_styles", lossy)
    with pytest.raises(ResourceError, match="read back"):
        write_geopackage(tmp_path / "x.gpkg", {"burns": files.tables()["burns"]}, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fault", [DataSourceError, FeatureError])
def test_a_disk_that_fails_under_the_driver_is_a_lack_of_resource(tmp_path, monkeypatch, fault):
    def failing(*_arguments, **_options):
        raise fault("disk I/O error")

    monkeypatch.setattr(geopackage.pyogrio.raw, "write", failing)
    with pytest.raises(ResourceError, match="disk I/O error"):
        write_geopackage(tmp_path / "x.gpkg", files.tables(), {})


def test_a_folder_that_is_not_there_is_a_lack_of_resource(tmp_path):
    with pytest.raises(ResourceError, match="run again"):
        write_geopackage(tmp_path / "absent" / "x.gpkg", files.tables(), {})


def test_floats_are_kept_to_the_last_bit(tmp_path):
    values = np.random.default_rng(5).normal(size=3)
    burns = files.tables()["burns"].assign(rbr_mean=values)
    write_geopackage(tmp_path / "x.gpkg", {"burns": burns}, {})
    stored = dict(query(tmp_path / "x.gpkg", "SELECT burn_id, rbr_mean FROM burns"))
    assert stored == dict(zip(burns["burn_id"], values.tolist(), strict=True))
