"""The polygon files of aoi/ are what their README says."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from habitat.domain.grid import Grid
from habitat.io.projection import geodesic_km2
from habitat.io.vector.aoi import rasterise, read_aoi, tiles_inside
from habitat.io.vector.polygon_file import read_polygons

AOI = Path(__file__).parents[2] / "aoi"
FILES = sorted(AOI.glob("*.geojson"))
AREAS = ["border-zone", "demo", "land-of-the-leopard", "northeast-china-park"]


def _shape(name):
    return shapely.union_all(read_polygons(AOI / f"{name}.geojson").geometries)


@pytest.fixture(scope="module")
def land():
    found = read_polygons(AOI / "countries.geojson", columns=["iso3"])
    return {p["iso3"]: g for p, g in zip(found.properties, found.geometries, strict=True)}


def test_the_files_are_these():
    assert [path.stem for path in FILES] == sorted([*AREAS, "countries", "romania-example"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_feature_says_what_it_is_and_whose(path):
    for feature in json.loads(path.read_text("utf-8"))["features"]:
        properties = feature["properties"]
        assert {"name", "source", "licence", "note"} <= set(properties)
        assert "OpenStreetMap" in properties["source"] or path.stem == "romania-example"
        assert "not an official boundary" in properties["note"]
        xy = shapely.get_coordinates(shapely.from_geojson(json.dumps(feature["geometry"])))
        np.testing.assert_array_equal(xy, np.round(xy, 6))


@pytest.mark.parametrize("name", AREAS)
def test_every_area_is_accepted(name):
    aoi = read_aoi(AOI / f"{name}.geojson", epsg=32652)
    assert aoi.notes == ()
    assert shapely.get_num_coordinates(aoi.geometry_wgs84) <= 3000


def test_the_example_square_holds_all_pixels_of_its_images():
    grid = Grid(3035, 20, 64)
    square = read_aoi(AOI / "romania-example.geojson", epsg=3035)
    window = grid.window_of_bounds(square.bounds)
    assert window.shape == (50, 50)
    assert rasterise(square.geometry, grid, window).all()


def test_the_zone_is_14000_km2_of_land_in_two_countries(land):
    zone = read_aoi(AOI / "border-zone.geojson", epsg=32652)
    assert zone.area_km2 == pytest.approx(14_000, rel=0.02)
    assert len(shapely.get_parts(zone.geometry)) <= 3
    both = shapely.union_all([land["CHN"], land["RUS"]])
    assert geodesic_km2(shapely.difference(zone.geometry_wgs84, both)) < 0.01
    assert geodesic_km2(shapely.intersection(zone.geometry_wgs84, land["PRK"])) < 0.001


def test_the_zone_holds_land_of_the_leopard_and_stays_in_the_published_extent(land):
    zone = _shape("border-zone")
    leopard = _shape("land-of-the-leopard")
    assert geodesic_km2(shapely.difference(leopard, zone)) < 0.01 * geodesic_km2(leopard)
    # whole minutes were published, so 131°18' means up to 131°19'
    extent = shapely.box(129 + 5 / 60, 42 + 31 / 60, 131 + 19 / 60, 44 + 14 / 60)
    chinese = shapely.intersection(zone, land["CHN"])
    assert geodesic_km2(shapely.difference(chinese, extent)) < 0.05


def test_land_of_the_leopard_lies_in_russia_and_the_park_in_china(land):
    leopard, park = _shape("land-of-the-leopard"), _shape("northeast-china-park")
    assert 2_550 < geodesic_km2(leopard) < 2_700
    assert geodesic_km2(shapely.difference(leopard, land["RUS"])) < 0.01
    assert geodesic_km2(park) == pytest.approx(14_100, rel=0.005)
    assert geodesic_km2(shapely.difference(park, land["CHN"])) < 0.01
    (properties,) = read_polygons(AOI / "northeast-china-park.geojson", columns=["note"]).properties
    assert properties["note"].startswith("APPROXIMATE")


def test_countries_have_no_overlaps_and_no_gaps_between_them(land):
    shapes = np.array(list(land.values()))
    assert set(land) == {"CHN", "PRK", "RUS"}
    assert shapely.coverage_is_valid(shapes)
    assert shapely.get_num_coordinates(shapes).sum() <= 7_000
    whole = shapely.union_all(shapes)
    holes = shapely.get_num_interior_rings(shapely.get_parts(whole)).sum()
    assert holes == 0
    for a, b in (("CHN", "RUS"), ("CHN", "PRK"), ("PRK", "RUS")):
        assert shapely.intersection(land[a].boundary, land[b].boundary).length > 0.1


def test_the_demo_crosses_the_border_and_touches_six_tiles(land):
    demo = read_aoi(AOI / "demo.geojson", epsg=32652)
    assert 430 < demo.area_km2 < 480
    assert _shape("border-zone").contains(demo.geometry_wgs84)
    for iso in ("CHN", "RUS"):
        part = geodesic_km2(shapely.intersection(demo.geometry_wgs84, land[iso]))
        assert part > 0.3 * demo.area_km2
    grid = Grid(32652, 20, 512)
    tiles = tiles_inside(demo, grid)
    assert len(tiles) == 6
    window = grid.window_of_bounds(demo.bounds)
    assert len(list(grid.tiles(window))) == 6
    pixels = rasterise(demo.geometry, grid, window).sum()
    assert pixels * 4e-4 == pytest.approx(demo.area_km2, rel=2e-3)


def test_the_script_draws_the_files_that_are_shipped(shared_data, tmp_path):
    spec = importlib.util.spec_from_file_location("make_zone", AOI / "make_zone.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, features in script.draw(shared_data / "boundaries_tumen_region").items():
        script.write(tmp_path / f"{name}.geojson", features)
        new = shapely.union_all(read_polygons(tmp_path / f"{name}.geojson").geometries)
        old = _shape(name)
        assert geodesic_km2(shapely.symmetric_difference(new, old)) < 1e-4 * geodesic_km2(old)
