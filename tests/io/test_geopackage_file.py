import geopandas as gpd
import pytest
import shapely

from habitat.domain.errors import InputError
from habitat.io.vector.geopackage_file import read_geopackage

SHAPES = [shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)])]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.gpkg"
    frame = gpd.GeoDataFrame({"code": [3, 7]}, geometry=SHAPES, crs=32652)
    frame.to_file(path, driver="GPKG", layer="one")
    return path


def test_shapes_crs_and_the_asked_columns_that_there_are_come_back(file):
    layer = read_geopackage(file, columns=["code", "none"], max_features=2)
    assert layer.crs.to_epsg() == 32652
    assert list(layer.shapes) == SHAPES
    assert {name: found.tolist() for name, found in layer.columns.items()} == {"code": [3, 7]}
    assert read_geopackage(file, max_features=2).columns == {}


def test_more_features_than_allowed_are_refused_and_not_cut(file):
    with pytest.raises(InputError, match="at most 1 features"):
        read_geopackage(file, max_features=1)


def test_two_layers_are_refused_by_name(file):
    gpd.GeoDataFrame(geometry=SHAPES, crs=32652).to_file(file, driver="GPKG", layer="two")
    with pytest.raises(InputError, match=r"expected one layer.*two"):
        read_geopackage(file, max_features=2)


@pytest.mark.parametrize("damage", [lambda _: b"text", lambda whole: whole[:200]])
def test_other_or_torn_content_is_an_input_error(damage, file):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(InputError, match=r"a\.gpkg"):
        read_geopackage(file, max_features=2)
