import json
import sqlite3

import geopandas as gpd
import numpy as np
import pytest
import shapely

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.io.vector import point_file
from habitat.io.vector.reference import point_labels

GRID, WINDOW = Grid(32652, 20), Window(-100, 50, 4, 4)


def points(*codes):
    """One point at the centre of a pixel of the diagonal per code."""
    places = [((50.5 + i) * 20, (99.5 - i) * 20) for i in range(len(codes))]
    return gpd.GeoDataFrame({"code": codes}, geometry=shapely.points(places), crs=32652)


def labels(path):
    return point_labels(path, class_field="code", grid=GRID, window=WINDOW)


@pytest.mark.parametrize("suffix", ["geojson", "gpkg"])
def test_points_label_the_pixel_that_they_lie_in(tmp_path, suffix):
    path = tmp_path / f"points.{suffix}"
    points(1, 7, 254).to_file(path)
    expected = np.zeros((4, 4), np.uint8)
    expected[[0, 1, 2], [0, 1, 2]] = 1, 7, 254
    np.testing.assert_array_equal(labels(path), expected)


def feature(geometry, code=1):
    return {"type": "Feature", "properties": {"code": code}, "geometry": geometry}


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {"type": "Polygon", "coordinates": []},
        {"type": "Point", "coordinates": [1.0]},
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "Point", "coordinates": [1.0, 2.0, 3.0, 4.0]},
        {"type": "Point", "coordinates": [1e999, 2.0]},
    ],
)
def test_what_is_no_point_is_refused(tmp_path, geometry):
    path = tmp_path / "points.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature(geometry)]}))
    with pytest.raises(InputError, match=r"points\.geojson"):
        labels(path)


def test_files_of_other_formats_under_the_name_are_refused(tmp_path):
    for name, content in (
        ("a.gpkg", b"<VRT/>"),
        ("b.gpkg", None),
        ("c.geojson", b"http://127.0.0.1/points"),
        ("d.csv", b"x,y,code\n1,2,3"),
    ):
        path = tmp_path / name
        if content is None:
            with sqlite3.connect(path) as database:
                database.execute("create table t (code)")
            database.close()
        else:
            path.write_bytes(content)
        with pytest.raises(InputError, match=name):
            labels(path)
    with pytest.raises(InputError, match="local file"):
        labels(tmp_path / "none.gpkg")


def test_sizes_are_capped_before_reading(tmp_path, monkeypatch):
    path = tmp_path / "points.gpkg"
    points(1, 2, 3).to_file(path)
    monkeypatch.setattr(point_file, "MAX_POINTS", 2)
    with pytest.raises(InputError, match="at most 2 features"):
        labels(path)
    monkeypatch.setattr(point_file, "MAX_BYTES", 10)
    with pytest.raises(InputError, match="at most 0 MB"):
        labels(path)
    geojson = tmp_path / "points.geojson"
    monkeypatch.setattr(point_file, "MAX_BYTES", 10_000)
    points(1, 2, 3).to_file(geojson)
    with pytest.raises(InputError, match="at most 2 features"):
        labels(geojson)


@pytest.mark.parametrize("code", [0, 255, 1.5, None, "oak"])
def test_codes_that_are_none_are_refused(tmp_path, code):
    path = tmp_path / "points.geojson"
    document = feature({"type": "Point", "coordinates": [131.0, 43.0]}, code)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [document]}))
    with pytest.raises(InputError, match="whole class codes"):
        labels(path)
