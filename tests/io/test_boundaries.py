import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.affinity import translate

from habitat.domain.cells import CellGrid
from habitat.domain.errors import AoiError
from habitat.io.projection import from_wgs84, geodesic_km2, reproject
from habitat.io.vector.aoi import read_aoi
from habitat.io.vector.boundaries import cell_shares, check_against_border, read_boundaries

AOI = Path(__file__).parents[2] / "aoi"
CELLS = CellGrid(32652, 1200)
SHARES = ("share_cn", "share_ru", "share_kp")


@pytest.fixture(scope="module")
def shipped():
    parks = {"cn": AOI / "northeast-china-park.geojson", "ru": AOI / "land-of-the-leopard.geojson"}
    return read_boundaries(AOI / "countries.geojson", parks, epsg=32652)


def _layer(path, rows):
    features = [
        {"type": "Feature", "properties": properties, "geometry": json.loads(shapely.to_geojson(g))}
        for properties, g in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def _cell(lon, lat, cells=CELLS):
    x, y = from_wgs84(np.array([lon]), np.array([lat]), cells.epsg)
    return (x // cells.cell_m).astype(np.int64), (y // cells.cell_m).astype(np.int64)


@pytest.mark.parametrize(
    ("lon", "lat", "column"),
    [(130.3, 43.3, "share_cn"), (131.6, 43.9, "share_ru"), (129.9, 42.5, "share_kp")],
)
def test_a_cell_inside_a_country_is_all_its_land(shipped, lon, lat, column):
    ie, i_n = _cell(lon, lat)
    found = cell_shares(CELLS, ie, i_n, shipped)
    edge = shapely.segmentize(shapely.box(*CELLS.bounds(int(ie[0]), int(i_n[0]))), 20)
    truth = geodesic_km2(reproject(edge, 32652, 4326))
    assert found["land_km2"][0] == pytest.approx(truth, rel=1e-6)
    assert {name: found[name][0] for name in SHARES} == {n: float(n == column) for n in SHARES}


def test_sea_is_no_land_and_has_no_shares(shipped):
    found = cell_shares(CELLS, *_cell(131.5, 42.3), shipped)
    assert found.pop("land_km2")[0] == 0.0
    assert all(np.isnan(values[0]) for values in found.values())


def test_beyond_the_layer_nothing_is_known(shipped):
    found = cell_shares(CELLS, *_cell(132.5, 44.0), shipped)
    assert all(np.isnan(values[0]) for values in found.values())


def test_without_a_park_file_the_park_share_is_null():
    boundaries = read_boundaries(AOI / "countries.geojson", {}, epsg=32652)
    found = cell_shares(CELLS, *_cell(130.3, 43.3), boundaries)
    assert np.isnan(found["share_park_cn"][0])
    assert found["share_cn"][0] == 1.0


def test_shares_of_the_zone_add_up_to_its_land(shipped):
    aoi = read_aoi(AOI / "border-zone.geojson", epsg=32652)
    cells = CellGrid(32652, 3600)
    x_min, y_min, x_max, y_max = (int(v // 3600) for v in aoi.bounds)
    e, n = np.meshgrid(np.arange(x_min, x_max + 1), np.arange(y_min, y_max + 1))
    found = cell_shares(cells, e.ravel(), n.ravel(), shipped)
    land = found["land_km2"]
    total = sum(found[name] for name in SHARES)
    np.testing.assert_allclose(total[land > 0], 1.0, atol=1e-9)
    for key in ("cn", "ru"):
        inside = np.nansum(found[f"share_park_{key}"] * land)
        whole = np.nansum(found[f"share_{key}"] * land)
        assert inside <= whole
    leopard = read_aoi(AOI / "land-of-the-leopard.geojson", epsg=32652)
    in_park = np.nansum(found["share_park_ru"] * land)
    assert in_park == pytest.approx(leopard.area_km2, rel=1e-6)


def test_a_border_through_a_cell_worked_by_hand(tmp_path):
    x, y = 500 * 1200.0, 3960 * 1200.0
    west = shapely.box(x - 5e4, y - 5e4, x + 300, y + 5e4)
    east = shapely.box(x + 300, y - 5e4, x + 5e4, y + 5e4)
    rows = [
        ({"iso3": iso}, reproject(shapely.segmentize(g, 100), 32652, 4326))
        for iso, g in (("CHN", west), ("RUS", east))
    ]
    boundaries = read_boundaries(_layer(tmp_path / "c.geojson", rows), {}, epsg=32652)
    found = cell_shares(CELLS, np.array([500]), np.array([3960]), boundaries)
    assert found["share_cn"][0] == pytest.approx(0.25, abs=1e-4)
    assert found["share_ru"][0] == pytest.approx(0.75, abs=1e-4)
    assert found["share_kp"][0] == 0.0
    assert boundaries.border.length == pytest.approx(1e5, rel=1e-3)


def test_layers_without_what_is_needed_are_refused(tmp_path):
    square = shapely.box(130, 43, 131, 44)
    with pytest.raises(AoiError, match="feature 0: expected a property iso3"):
        read_boundaries(_layer(tmp_path / "a.geojson", [({}, square)]), {}, epsg=32652)
    bow = shapely.Polygon([[130, 43], [131, 44], [131, 43], [130, 44]])
    path = _layer(tmp_path / "b.geojson", [({"iso3": "CHN"}, bow)])
    with pytest.raises(AoiError, match="Self-intersection"):
        read_boundaries(path, {}, epsg=32652)


def test_the_shipped_areas_lie_on_the_border(shipped):
    for path in AOI.glob("*.geojson"):
        if path.stem not in {"countries", "romania-example"}:
            aoi = read_aoi(path, epsg=32652)
            assert check_against_border(aoi, shipped, strict=True).notes == ()


def _moved(tmp_path, move):
    shape = shapely.from_geojson((AOI / "land-of-the-leopard.geojson").read_text())
    shape = shapely.transform(shapely.get_parts(shape)[0], move)
    return read_aoi(_layer(tmp_path / "moved.geojson", [({}, shape)]), epsg=32652)


def test_an_old_datum_labelled_wgs84_is_found(tmp_path, shipped):
    def pulkovo(xy):
        return shapely.get_coordinates(reproject(shapely.linestrings(xy), 4326, 4284))

    aoi = _moved(tmp_path, pulkovo)
    (note,) = check_against_border(aoi, shipped).notes
    assert "moved.geojson: its edge follows the border line" in note
    assert "Pulkovo 1942" in note
    with pytest.raises(AoiError, match="another datum"):
        check_against_border(aoi, shipped, strict=True)


@pytest.mark.parametrize(("east", "north"), [(100, -80), (-300, 200), (30, 600)])
def test_the_shift_is_told_in_metres(tmp_path, shipped, east, north):
    def move(xy):
        projected = reproject(shapely.linestrings(xy), 4326, 32652)
        return shapely.get_coordinates(reproject(translate(projected, east, north), 32652, 4326))

    (note,) = check_against_border(_moved(tmp_path, move), shipped).notes
    assert f"({east:+d} m east, {north:+d} m north)" in note


@pytest.mark.parametrize("distance_m", [100.0, 300.0, 500.0])
def test_an_area_that_keeps_away_from_the_border_is_not_shifted(tmp_path, shipped, distance_m):
    shape = shapely.from_geojson((AOI / "land-of-the-leopard.geojson").read_text())
    inner = reproject(shapely.get_parts(shape)[0], 4326, 32652).buffer(-distance_m)
    path = _layer(tmp_path / "inner.geojson", [({}, reproject(inner, 32652, 4326))])
    assert check_against_border(read_aoi(path, epsg=32652), shipped).notes == ()
