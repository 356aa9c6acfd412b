import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scene_files import X0, Y0, write_tif

from habitat.domain.errors import InputError
from habitat.domain.grid import Grid, Window
from habitat.io.vector.presence import read_presence

GRID = Grid(32652, 20, 64)
WHOLE = GRID.window_of_bounds((X0, Y0 - 160, X0 + 160, Y0))  # 8 x 8 px


def at(col, row):
    """Return metres of a place given in pixels from the corner."""
    return X0 + 20 * col, Y0 - 20 * row


def geopackage(path, *shapes, crs=32652):
    gpd.GeoDataFrame(geometry=list(shapes), crs=crs).to_file(path, driver="GPKG")
    return path


def presence(path, window=WHOLE):
    return read_presence(path, sha256=path.read_bytes().hex()[:64], grid=GRID, window=window)


SHAPES = (
    shapely.LineString([at(0.5, 1.5), at(4.5, 1.5)]),
    shapely.Point(at(6.5, 6.5)),
    shapely.box(*at(0, 7), *at(2, 5)),
)


@pytest.fixture
def roads(tmp_path):
    return geopackage(tmp_path / "roads.gpkg", *SHAPES)


def test_lines_points_and_polygons_mark_the_pixels_they_lie_in(roads):
    expected = np.zeros((8, 8), bool)
    expected[1, 0:5] = True
    expected[6, 6] = True
    expected[5:7, 0:2] = True
    # The right and lower edges of the polygon lie on the corners of the next pixels.
    found = presence(roads)
    assert (found[:5] == expected[:5]).all()
    assert found[5:7, 0:2].all()
    assert found[6, 6]
    assert found.sum() <= expected.sum() + 6


def test_a_slanted_line_has_no_holes(tmp_path):
    line = shapely.LineString([at(0.2, 0.4), at(7.7, 5.1)])
    found = presence(geopackage(tmp_path / "a.gpkg", line))
    assert found.any(axis=0).all()
    assert found.sum() >= 8


def test_it_does_not_depend_on_the_window(roads):
    whole = presence(roads)
    for row in range(0, 8, 2):
        for col in range(0, 8, 4):
            part = Window(WHOLE.row + row, WHOLE.col + col, 2, 4)
            assert (presence(roads, part) == whole[row : row + 2, col : col + 4]).all()
    assert not presence(roads, Window(WHOLE.row + 5000, WHOLE.col, 4, 4)).any()


def test_degrees_are_projected_and_a_raster_is_presence_where_it_has_a_value(tmp_path):
    point = gpd.GeoSeries([shapely.Point(at(3.5, 2.5))], crs=32652).to_crs(4326)
    path = tmp_path / "village.geojson"
    path.write_text(point.to_json())
    expected = np.zeros((8, 8), bool)
    expected[2, 3] = True
    assert (presence(path) == expected).all()
    raster = write_tif(tmp_path / "village.tif", expected.astype(np.uint8))
    assert (presence(raster) == expected).all()


def feature(geometry):
    return {"type": "Feature", "properties": {}, "geometry": geometry}


COLLECTION = {
    "type": "GeometryCollection",
    "geometries": [{"type": "Point", "coordinates": [129.0, 43.0]}],
}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.shp", b"x", "expected an existing file"),
        ("a.gpkg", b"x", "expected a GeoPackage"),
        ("a.geojson", b"{", "not valid JSON"),
        ("a.geojson", b'{"type": "Feature"}', "GeoJSON"),
        (
            "a.geojson",
            json.dumps({"type": "FeatureCollection", "features": [feature(COLLECTION)]}).encode(),
            "others or none",
        ),
        (
            "a.geojson",
            json.dumps(
                feature({"type": "Point", "coordinates": [129.0, 95.0]})
                | {"crs": {"properties": {"name": "EPSG:4326"}}}
            ).encode(),
            "finite coordinates",
        ),
    ],
)
def test_other_files_are_refused_by_name(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        presence(path)


def test_two_layers_are_refused(roads):
    gpd.GeoDataFrame(geometry=[SHAPES[1]], crs=32652).to_file(roads, driver="GPKG", layer="more")
    with pytest.raises(InputError, match="expected one layer"):
        presence(roads)
