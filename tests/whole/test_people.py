"""Habitat that people limit, from roads and settlements in files."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import tiny

from habitat.cli.main import run

#: A road from south to north through this column of pixels of the scenes.
OLD_ROAD, NEW_ROAD = 20, 80
ROAD_M = 500


def road(folder, name, *columns):
    """Write roads that run from south to north through the middle of columns of pixels."""
    high = tiny.NORTH + tiny.SIDE * tiny.PIXEL
    lines = [
        [[tiny.EAST + (c + 0.5) * tiny.PIXEL, y] for y in (tiny.NORTH - 100, high + 100)]
        for c in columns
    ]
    document = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{tiny.EPSG}"}},
        "features": [
            {"type": "Feature", "properties": {},
             "geometry": {"type": "LineString", "coordinates": line}}
            for line in lines
        ],
    }  # fmt: skip
    (folder / "aoi" / name).write_text(json.dumps(document))
    return f"aoi/{name}"


def pipeline(**changes):
    steps = tiny.maps_and_tables()
    tiger = {"step": "habitat", "species": "tiger", "before": "forest_before",
             "after": "forest_after", "save_as": "tiger"}  # fmt: skip
    steps.insert(-2, tiger)
    steps[-2] = steps[-2] | {"habitats": ["tiger"]}
    steps[-1] = steps[-1] | {"layers": [*steps[-1]["layers"], "tiger"]}
    return tiny.content(steps=steps) | changes


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A project without people, its release made."""
    folder = tmp_path_factory.mktemp("people")
    tiny.write_project(folder, **pipeline())
    assert tiny.run_it(folder) == 0
    return folder, maps(folder), tables(folder)


def maps(folder):
    found = sorted(tiny.current(folder).glob("habitat_class_tiger_*.tif"))
    out = {}
    for path, when in zip(found, ("before", "after"), strict=True):
        with rasterio.open(path) as dataset:
            left = round((dataset.transform.c - tiny.EAST) / tiny.PIXEL)
            out[when] = dataset.read(1), dataset.tags()["PEOPLE"], left
    return out


def tables(folder):
    return gpd.read_file(tiny.current(folder) / "cells.gpkg", layer="habitat")


def near(codes, left, *columns):
    """Return the pixels whose centre is less than the distance from that of a road's column."""
    at = left + np.arange(codes.shape[1])
    return np.any([np.abs(at - c) * tiny.PIXEL < ROAD_M for c in columns], axis=0)[None, :]


def test_without_people_nothing_is_limited_and_the_map_says_so(origin):
    _, found, table = origin
    assert {tag for _, tag, _ in found.values()} == {"not considered"}
    assert table["loss_human"].isna().all()
    assert not (found["after"][0] == 2).any()


def test_habitat_near_a_road_of_its_day_is_structural_only(origin):
    folder, plain, without = origin
    files = [
        {"path": road(folder, "roads-2021.geojson", OLD_ROAD), "date": "2021-01-01"},
        {"path": road(folder, "roads-2024.geojson", OLD_ROAD, NEW_ROAD), "date": "2024-01-01"},
    ]
    tiny.write_pipeline(folder, pipeline(people={"roads": files}))
    assert tiny.run_it(folder) == 0
    found = maps(folder)
    assert found["after"][1] == f"roads of 2024-01-01 within {ROAD_M} m"
    for when, columns in (("before", [OLD_ROAD]), ("after", [OLD_ROAD, NEW_ROAD])):
        codes, _, left = found[when]
        expected = np.where((plain[when][0] == 3) & near(codes, left, *columns), 2, plain[when][0])
        np.testing.assert_array_equal(codes, expected)
    table = tables(folder)
    parts = ["gain_forest", "gain_recovery", "loss_forest", "loss_human"]
    seen = table["habitat_change"].notna()
    assert (table["loss_human"][seen] <= 0).all()
    assert (table["loss_human"] < 0).any()
    assert (table[parts].sum(axis=1)[seen] == table["habitat_change"][seen]).all()
    assert (table["habitat_share_after"] <= without["habitat_share_after"]).all()


def test_tiles_workers_and_processes_change_nothing(origin):
    folder, _, _ = origin
    files = [{"path": road(folder, "roads.geojson", OLD_ROAD, NEW_ROAD), "date": "2021-01-01"}]
    made = []
    for tile_px, options in ((64, ["--processes"]), (128, [])):
        grid = {"epsg": tiny.EPSG, "pixel_m": tiny.PIXEL, "tile_px": tile_px}
        tiny.write_pipeline(folder, pipeline(people={"roads": files}, grid=grid))
        assert tiny.run_it(folder, *options) == 0
        made.append((maps(folder), tables(folder)))
    for when in ("before", "after"):
        np.testing.assert_array_equal(made[0][0][when][0], made[1][0][when][0])
    assert made[0][1].equals(made[1][1])


def test_one_extract_limits_both_periods_and_no_loss_is_said_to_be_of_people(origin):
    folder, _, _ = origin
    files = [{"path": road(folder, "roads.geojson", NEW_ROAD), "date": "2024-12-01"}]
    tiny.write_pipeline(folder, pipeline(people={"roads": files}))
    assert tiny.run_it(folder) == 0
    for codes, tag, left in maps(folder).values():
        assert tag.startswith("roads of 2024-12-01")
        assert (codes[(codes == 3) & near(codes, left, NEW_ROAD)]).size == 0
    assert tables(folder)["loss_human"].isna().all()


def test_extracts_are_checked_before_any_work(origin, capsys):
    folder, _, _ = origin
    people = {"roads": [{"path": "aoi/none.gpkg", "date": "2021-01-01"}]}
    path = tiny.write_pipeline(folder, pipeline(people=people))
    assert run(["check", str(path)]) == 3
    assert "people: expected a file" in capsys.readouterr().err
    new = [{"path": road(folder, "new.geojson", 1), "date": "2026-01-01"}]
    tiny.write_pipeline(folder, pipeline(people={"settlements": new}))
    assert tiny.run_it(folder) == 3
    assert "as-of date" in capsys.readouterr().err
    tiny.write_pipeline(folder, pipeline(people={}))
    assert run(["check", str(path)]) == 3
