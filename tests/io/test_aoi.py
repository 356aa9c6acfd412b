import json
import math

import geopandas as gpd
import numpy as np
import pytest
import rasterio.features
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from habitat.domain.errors import AoiError, ConfigError
from habitat.domain.grid import Grid, Window
from habitat.io.vector import polygon_file
from habitat.io.vector.aoi import rasterise, read_aoi, tiles_inside

SQUARE = [[130.5, 43.0], [130.7, 43.0], [130.7, 43.2], [130.5, 43.2], [130.5, 43.0]]


def _geojson(tmp_path, *geometries, name="a.geojson", **members):
    features = [{"type": "Feature", "properties": {}, "geometry": g} for g in geometries]
    path = tmp_path / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **members}))
    return path


def _polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def _refused(path, match, **options):
    with pytest.raises(AoiError, match=match) as caught:
        read_aoi(path, epsg=32652, **options)
    assert caught.value.exit_code == 4
    assert path.name in str(caught.value)


def test_a_square_is_accepted_with_its_area_on_the_ellipsoid(tmp_path):
    aoi = read_aoi(_geojson(tmp_path, _polygon(SQUARE)), epsg=32652)
    assert aoi.name == "a"
    assert aoi.source == "a.geojson"
    assert aoi.geometry.geom_type == "MultiPolygon"
    assert aoi.geometry_wgs84.equals(shapely.MultiPolygon([shapely.Polygon(SQUARE)]))
    # zone of 0.2 x 0.2 degrees: a^2 (1 - e^2) dlon * integral of cos / (1 - e^2 sin^2)^2
    lat = np.radians(np.linspace(43.0, 43.2, 20_001))
    e2 = 0.00669437999014
    f = np.cos(lat) / (1 - e2 * np.sin(lat) ** 2) ** 2
    truth = 6378.137**2 * (1 - e2) * math.radians(0.2) * np.trapezoid(f, lat)
    assert aoi.area_km2 == pytest.approx(truth, rel=1e-6)


def test_the_same_area_written_otherwise_is_the_same_aoi(tmp_path):
    whole = read_aoi(_geojson(tmp_path, _polygon(SQUARE)), epsg=32652)
    turned = [[*p, 17.0] for p in [*SQUARE[2:4], *SQUARE[:3]]][::-1]
    doubled = [turned[0], turned[0], *turned[1:]]
    other = read_aoi(_geojson(tmp_path, _polygon(doubled), name="b.json"), epsg=32652)
    assert other.sha256 == whole.sha256
    shifted = [[x + 1e-4, y] for x, y in SQUARE]
    third = read_aoi(_geojson(tmp_path, _polygon(shifted), name="c.geojson"), epsg=32652)
    assert third.sha256 != whole.sha256


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile"])
@pytest.mark.parametrize("epsg", [4326, 32652, 28423])
def test_other_formats_and_crs_give_the_same_place(tmp_path, driver, epsg):
    truth = read_aoi(_geojson(tmp_path, _polygon(SQUARE)), epsg=32652)
    path = tmp_path / ("x.gpkg" if driver == "GPKG" else "x.shp")
    frame = gpd.GeoDataFrame(
        {"name": ["森林"]}, geometry=[shapely.segmentize(shapely.Polygon(SQUARE), 0.01)], crs=4326
    )
    frame.to_crs(epsg).to_file(path, driver=driver, encoding="GB18030")
    aoi = read_aoi(path, epsg=32652)
    difference = shapely.symmetric_difference(aoi.geometry, truth.geometry).area
    assert difference < (2e-4 if epsg != 28423 else 1e-3) * truth.geometry.area
    assert aoi.area_km2 == pytest.approx(truth.area_km2, rel=1e-4)


def test_features_that_overlap_are_counted_once(tmp_path):
    half = [[130.5, 43.0], [130.6, 43.0], [130.6, 43.2], [130.5, 43.2], [130.5, 43.0]]
    one = read_aoi(_geojson(tmp_path, _polygon(SQUARE)), epsg=32652)
    both = read_aoi(
        _geojson(tmp_path, _polygon(SQUARE), _polygon(half), name="b.geojson"), epsg=32652
    )
    assert both.area_km2 == pytest.approx(one.area_km2, rel=1e-9)


NAN, INF = float("nan"), float("inf")
BOW_TIE = [[130.5, 43.0], [130.7, 43.2], [130.7, 43.0], [130.5, 43.2], [130.5, 43.0]]
FAULTS = {
    "self-intersecting": (_polygon(BOW_TIE), r"feature 0.*Self-intersection\[130\.6 43\.1\]"),
    "null": (None, "feature 0: expected a Polygon or MultiPolygon, got no geometry"),
    "empty": (_polygon(), "empty polygon"),
    "empty multi": ({"type": "MultiPolygon", "coordinates": []}, "empty MultiPolygon"),
    "zero area": (_polygon([SQUARE[0], SQUARE[1], SQUARE[0], SQUARE[0]]), "valid polygon|area"),
    "point": ({"type": "Point", "coordinates": [130, 43]}, "got 'Point'"),
    "line": ({"type": "LineString", "coordinates": SQUARE}, "got 'LineString'"),
    "collection": (
        {"type": "GeometryCollection", "geometries": [_polygon(SQUARE)]},
        "got 'GeometryCollection'",
    ),
    "nan": (_polygon([[NAN, 43], *SQUARE[1:4], [NAN, 43]]), "expected finite numbers, got NaN"),
    "inf": (_polygon([[INF, 43], *SQUARE[1:4], [INF, 43]]), "expected finite numbers, got Inf"),
    "1e999": (_polygon([[1, 43], *SQUARE[1:]]), "position 0: expected finite numbers"),
    "text": (_polygon([["130.5", "43"], *SQUARE[1:]]), "position 0: expected numbers"),
    "bool": (_polygon([[True, False], *SQUARE[1:]]), "position 0: expected numbers"),
    "swapped": (_polygon([[y, x] for x, y in SQUARE]), "Latitude and longitude look swapped"),
    "metres": (_polygon([[x * 5000, y * 1e5] for x, y in SQUARE]), "look like metres"),
    "antimeridian": (
        _polygon([[179, 43], [-179, 43], [-179, 44], [179, 44], [179, 43]]),
        "antimeridian",
    ),
    "elsewhere": (_polygon([[x - 100, y] for x, y in SQUARE]), "lies at 30.5.*choose another"),
    "partly outside": (_polygon([[x + 1.4, y] for x, y in SQUARE]), "EPSG:32652 is for 126..132 E"),
    "world": (_polygon([[126, 0], [132, 0], [132, 80], [126, 80], [126, 0]]), "at most 200,000"),
    "unclosed": (_polygon(SQUARE[:-1]), "polygon 0, ring 0: the ring is not closed"),
    "too short": (_polygon(SQUARE[:2] + SQUARE[:1]), "at least 4 positions"),
    "hole outside": (
        _polygon(SQUARE, [[x + 0.5, y] for x, y in SQUARE]),
        "Hole lies outside shell",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_area_is_refused_by_name_and_place(tmp_path, fault):
    geometry, match = FAULTS[fault]
    path = _geojson(tmp_path, geometry)
    if fault == "1e999":
        path.write_text(path.read_text().replace("[1, 43]", "[1e999, 43]"))
    _refused(path, match)


@pytest.mark.parametrize("driver", ["GPKG", "ESRI Shapefile"])
@pytest.mark.parametrize(
    ("shape", "match"),
    [
        (shapely.Point(130, 43), "expected a Polygon or MultiPolygon, got a Point"),
        (shapely.LineString(SQUARE), "expected a Polygon or MultiPolygon, got a "),
        (shapely.Polygon(BOW_TIE), "Self-intersection|valid polygon"),
        (shapely.Polygon([[y, x] for x, y in SQUARE]), "look swapped"),
    ],
)
def test_faults_in_other_formats_are_refused(tmp_path, driver, shape, match):
    path = tmp_path / ("x.gpkg" if driver == "GPKG" else "x.shp")
    gpd.GeoDataFrame(geometry=[shape], crs=4326).to_file(path, driver=driver)
    _refused(path, match)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
def test_numbers_that_are_not_finite_are_refused_in_binary_files_too(tmp_path, suffix, value):
    path = tmp_path / f"x{suffix}"
    shape = shapely.Polygon([*SQUARE[:3], [130.6, 43.123456], SQUARE[0]])
    gpd.GeoDataFrame(geometry=[shape], crs=4326).to_file(path)
    old, new = (np.array([v], "<f8").tobytes() for v in (43.123456, value))
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    _refused(path, "expected coordinates of WGS 84, got")


def test_a_shapefile_without_prj_is_refused(tmp_path):
    path = tmp_path / "x.shp"
    gpd.GeoDataFrame(geometry=[shapely.Polygon(SQUARE)], crs=4326).to_file(path)
    (tmp_path / "x.prj").unlink()
    _refused(path, r"expected a CRS, got none; a shapefile needs its \.prj")


def test_a_file_in_parts_or_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "x.shp"
    gpd.GeoDataFrame(geometry=[shapely.Polygon(SQUARE)], crs=4326).to_file(path)
    (tmp_path / "x.shx").unlink()
    _refused(path, "cannot be read")
    fake = tmp_path / "y.gpkg"
    fake.write_text("<VRTDataset/>")
    _refused(fake, "not that of a .gpkg")
    text = tmp_path / "z.vrt"
    text.write_text("<OGRVRTDataSource/>")
    _refused(text, "expected .geojson, .gpkg or .shp")
    _refused(tmp_path / "none.geojson", "expected an existing local file")
    folder = tmp_path / "dir.geojson"
    folder.mkdir()
    _refused(folder, "expected an existing local file")


def test_two_layers_are_refused_by_name(tmp_path):
    path = tmp_path / "x.gpkg"
    frame = gpd.GeoDataFrame(geometry=[shapely.Polygon(SQUARE)], crs=4326)
    frame.to_file(path, layer="first")
    frame.to_file(path, layer="second")
    _refused(path, "expected one layer, got .*first.*second")


@pytest.mark.parametrize("text", ["http://x/a.geojson", "/vsicurl/http://x/a.gpkg", "zip://a.shp"])
def test_nothing_but_a_local_file_is_opened(text):
    with pytest.raises(AoiError, match="expected an existing local file"):
        read_aoi(polygon_file.Path(text), epsg=32652)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "not valid JSON"),
        ("[1, 2]", "expected a GeoJSON object"),
        ("[" * 200_000, "nested too deeply"),
        ('{"type": "FeatureCollection", "features": []}', "empty file"),
        ('{"type": "FeatureCollection"}', "expected a list"),
        ('{"type": "Feature", "type": "Feature"}', "the key 'type' stands twice"),
        ('{"type": "Polygon", "coordinates": ' + "9" * 1_000_000 + "}", "expected finite numbers"),
        ('{"type": "Topology"}', "got 'Topology'"),
    ],
)
def test_json_that_is_no_area_is_refused(tmp_path, text, match):
    path = tmp_path / "a.geojson"
    path.write_text(text)
    _refused(path, match)


def test_the_older_crs_member_is_understood_or_refused(tmp_path):
    def crs(name):
        return {"type": "name", "properties": {"name": name}}

    lonlat = read_aoi(_geojson(tmp_path, _polygon(SQUARE)), epsg=32652)
    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326"):
        path = _geojson(tmp_path, _polygon(SQUARE), crs=crs(name))
        assert read_aoi(path, epsg=32652).sha256 == lonlat.sha256
    utm = [[600_000, 4_760_000], [620_000, 4_760_000], [620_000, 4_780_000], [600_000, 4_760_000]]
    path = _geojson(tmp_path, _polygon(utm), crs=crs("urn:ogc:def:crs:EPSG::32652"))
    assert read_aoi(path, epsg=32652).geometry.area == pytest.approx(2e8, rel=1e-9)
    for name in ("http://x/crs.wkt", "EPSG:999999", "+proj=longlat", "EPSG:../x"):
        _refused(_geojson(tmp_path, _polygon(SQUARE), crs=crs(name)), "crs: expected EPSG:n")


def test_vertices_holes_and_bytes_are_bounded(tmp_path, monkeypatch):
    path = _geojson(tmp_path, _polygon(SQUARE))
    monkeypatch.setattr(polygon_file, "MAX_VERTICES", 4)
    _refused(path, "at most 4 vertices")
    monkeypatch.setattr(polygon_file, "MAX_BYTES", 100)
    _refused(path, "at most 0 MB")


def test_an_area_limit_is_the_callers(tmp_path):
    _refused(_geojson(tmp_path, _polygon(SQUARE)), "at most 100 km2, got 362 km2", max_km2=100)


def test_the_project_crs_is_checked_first(tmp_path):
    with pytest.raises(ConfigError, match="geographic"):
        read_aoi(_geojson(tmp_path, _polygon(SQUARE)), epsg=4326)


coordinate = st.floats() | st.floats(42.5, 44.0) | st.floats(130, 131)


@given(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=7), st.booleans())
def test_what_is_accepted_is_valid_areal_and_inside_the_limits(tmp_path_factory, ring, close):
    path = tmp_path_factory.mktemp("aoi") / "a.geojson"
    rings = [[list(p) for p in (ring + ring[:1] if close else ring)]]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": rings}))
    try:
        aoi = read_aoi(path, epsg=32652)
    except AoiError:
        return
    assert aoi.geometry.is_valid
    assert 0 < aoi.area_km2 <= 200_000
    assert aoi.area_km2 * 1e6 == pytest.approx(aoi.geometry.area, rel=2e-3)


GRID = Grid(32652, 10, 64)
point = st.tuples(st.floats(0, 1500), st.floats(0, 1500))


def _hull(points):
    return shapely.MultiPoint(points).convex_hull


@given(st.lists(point, min_size=3, max_size=9), st.lists(point, min_size=3, max_size=5))
def test_a_mask_does_not_depend_on_the_tiling(outer, inner):
    shape = _hull(outer).difference(_hull(inner)).buffer(0)
    window = Window(-151, -1, 152, 153)
    whole = rasterise(shape, GRID, window)
    for tile in GRID.tiles(window):
        part = GRID.tile_window(tile).intersect(window)
        np.testing.assert_array_equal(rasterise(shape, GRID, part), whole[part.slices_in(window)])


@given(st.lists(point, min_size=3, max_size=9), st.lists(point, min_size=3, max_size=5))
def test_a_mask_holds_the_pixels_whose_centre_is_inside(outer, inner):
    shape = _hull(outer).difference(_hull(inner)).buffer(0)
    window = Window(-151, 40, 152, 60)
    x, y = np.meshgrid(GRID.x(window), GRID.y(window))
    clear = shapely.distance(shape.boundary, shapely.points(x, y)) > 1e-6
    clear |= shape.is_empty
    expected = shapely.contains_xy(shape, x, y)
    np.testing.assert_array_equal(rasterise(shape, GRID, window)[clear], expected[clear])


@given(st.lists(point, min_size=3, max_size=9, unique=True))
def test_two_areas_that_share_an_edge_share_no_pixel(points):
    whole = _hull(points)
    west = shapely.box(-10, -10, 755, 1510)  # the cut runs through pixel centres
    east = shapely.box(755, -10, 1510, 1510)
    window = Window(-151, -1, 152, 153)
    parts = [rasterise(shapely.intersection(whole, side), GRID, window) for side in (west, east)]
    assert not (parts[0] & parts[1]).any()


def test_a_mask_equals_gdal_where_no_centre_lies_on_an_edge():
    shape = shapely.Point(700.3, 700.7).buffer(600.123)
    window = Window(-150, 0, 150, 150)
    transform = Affine(*GRID.transform(window))
    gdal = rasterio.features.rasterize([shape], out_shape=window.shape, transform=transform)
    np.testing.assert_array_equal(rasterise(shape, GRID, window), gdal == 1)


def test_a_square_on_pixel_edges_is_its_pixels():
    mask = rasterise(shapely.box(20, 30, 50, 90), GRID, Window(-10, 0, 10, 10))
    assert mask.sum() == 18
    assert mask[1:7, 2:5].all()


def test_only_tiles_with_a_pixel_inside_are_worked_on(tmp_path):
    path = _geojson(tmp_path, _polygon([SQUARE[0], SQUARE[1], SQUARE[3], SQUARE[0]]))
    grid = Grid(32652, 20, 128)
    aoi = read_aoi(path, epsg=32652)
    tiles = tiles_inside(aoi, grid)
    assert tiles == sorted(tiles)
    window = grid.window_of_bounds(aoi.bounds)
    assert 0 < len(tiles) < len(list(grid.tiles(window)))
    total = sum(rasterise(aoi.geometry, grid, grid.tile_window(t)).sum() for t in tiles)
    assert total == rasterise(aoi.geometry, grid, window).sum()
