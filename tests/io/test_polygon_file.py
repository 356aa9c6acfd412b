import json

import geopandas as gpd
import pytest
import shapely

from habitat.domain.errors import AoiError
from habitat.io.vector.polygon_file import read_polygons

SQUARE = shapely.box(130.5, 43.0, 130.7, 43.2)


def test_asked_properties_come_with_the_polygons(tmp_path):
    path = tmp_path / "a.geojson"
    geometry = json.loads(shapely.to_geojson(SQUARE))
    rows = [{"iso3": "CHN", "other": [1]}, None]
    features = [{"type": "Feature", "geometry": geometry, "properties": p} for p in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = read_polygons(path, columns=["iso3"])
    assert found.properties == ({"iso3": "CHN"}, {})
    assert found.crs.to_epsg() == 4326
    assert [shape.geom_type for shape in found.geometries] == ["MultiPolygon"] * 2


@pytest.mark.parametrize("name", ["x.gpkg", "x.shp"])
def test_z_is_dropped_and_columns_are_read(tmp_path, name):
    path = tmp_path / name
    frame = gpd.GeoDataFrame({"iso3": ["CHN"]}, geometry=[shapely.force_3d(SQUARE, 5)], crs=4326)
    frame.to_file(path)
    found = read_polygons(path, columns=["iso3"])
    assert found.properties == ({"iso3": "CHN"},)
    assert not found.geometries[0].has_z


@pytest.mark.parametrize(("encoding", "word"), [("cp1251", "лес"), ("GB18030", "森林")])
def test_shapefile_text_is_decoded_as_its_cpg_says_or_refused(tmp_path, encoding, word):
    path = tmp_path / "x.shp"
    gpd.GeoDataFrame({"name": [word]}, geometry=[SQUARE], crs=4326).to_file(path, encoding=encoding)
    assert path.with_suffix(".cpg").is_file()
    assert read_polygons(path, columns=["name"]).properties == ({"name": word},)
    path.with_suffix(".cpg").unlink()
    assert read_polygons(path).properties == ({},)
    with pytest.raises(AoiError, match=r"'name' is not plain ASCII .* no \.cpg"):
        read_polygons(path, columns=["name"])
