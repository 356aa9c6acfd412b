"""Elevation models on disk, end to end: elevation and slope as layers of a release."""

import json

import numpy as np
import pytest
import rasterio
import stac_served as served
import tiny
from scene_files import write_tif

OK, CONFIG, INPUT = 0, 3, 4
PIXEL = 30.0
#: A plane that rises to the east and to the south [1].
EAST_RISE, SOUTH_RISE = 0.10, 0.05
SLOPE = round(np.degrees(np.arctan(np.hypot(EAST_RISE, SOUTH_RISE))))
TOP = tiny.NORTH + tiny.SIDE * tiny.PIXEL
VOID, UNKNOWN_M, UNKNOWN_DEG = -9999.0, -32768, 255
FILES = {"kind": "files", "path": "dem", "date": "2021-04-22", "licence": "of a test"}
STEPS = [{"step": "publish", "layers": ["terrain"]}]


def plane(x, y):
    """Return heights [m] at places."""
    return 400 + EAST_RISE * (x - tiny.EAST) + SOUTH_RISE * (TOP - y)


def write_model(folder, *, void=None, **changes):
    """Write the plane as two files that meet in the middle of a tile; return their names."""
    columns, rows = 60, 110
    names = []
    for part, first in (("west", -7), ("east", -7 + columns)):
        x0, y0 = tiny.EAST + first * PIXEL - 4.0, TOP + 5 * PIXEL + 7.0
        x = x0 + (np.arange(columns) + 0.5) * PIXEL
        y = y0 - (np.arange(rows) + 0.5) * PIXEL
        heights = plane(*np.meshgrid(x, y)).astype(np.float32)
        if void:
            heights[void] = VOID
        names.append(f"dem/{part}.tif")
        where = {"pixel": PIXEL, "x0": x0, "y0": y0, "nodata": VOID} | changes
        write_tif(folder / names[-1], heights, **where)
    return names


def write_project(folder, terrain=None, **changes):
    given = {"terrain": terrain or FILES}
    tiny.write_project(folder, days=("2024-06-10",), **given | {"steps": STEPS} | changes)


def layer(folder, name):
    (path,) = tiny.current(folder).glob(f"{name}_*.tif")
    with rasterio.open(path) as dataset:
        return dataset.read(1), dataset.transform, dataset.tags(), path.name


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("terrain")
    write_model(folder)
    write_project(folder)
    assert tiny.run_it(folder) == OK
    return folder


def test_a_plane_in_two_files_has_its_heights_and_one_slope_without_a_seam(origin):
    heights, transform, tags, name = layer(origin, "elevation")
    rows, cols = np.mgrid[: heights.shape[0], : heights.shape[1]]
    x, y = transform.c + (cols + 0.5) * tiny.PIXEL, transform.f - (rows + 0.5) * tiny.PIXEL
    known = heights != UNKNOWN_M
    assert known.mean() > 0.8
    assert np.abs(heights - plane(x, y))[known].max() <= 0.51
    slope, *_ = layer(origin, "slope")
    assert set(np.unique(slope)) == {SLOPE, UNKNOWN_DEG}
    assert ((slope != UNKNOWN_DEG) == known).all()
    assert name == "elevation_20210422-20210422.tif"
    assert "dem/east.tif sha256 " in tags["TERRAIN_SOURCES"]
    assert tags["LICENCE"] == "of a test"


def test_one_tile_gives_the_same_bytes_as_four_and_a_second_run_does_nothing(origin, tmp_path):
    write_model(tmp_path)
    write_project(tmp_path, grid={"epsg": tiny.EPSG, "pixel_m": tiny.PIXEL, "tile_px": 128})
    assert tiny.run_it(tmp_path) == OK
    assert served.layers(tmp_path) == served.layers(origin)
    before = tiny.releases(tmp_path)
    assert tiny.run_it(tmp_path) == OK
    assert tiny.releases(tmp_path) == before


def test_another_model_makes_another_release(tmp_path):
    write_model(tmp_path)
    write_project(tmp_path)
    assert tiny.run_it(tmp_path) == OK
    first, *_ = layer(tmp_path, "elevation")
    with rasterio.open(tmp_path / "dem/west.tif", "r+") as dataset:
        dataset.write(dataset.read() + 50)
    assert tiny.run_it(tmp_path) == OK
    second, *_ = layer(tmp_path, "elevation")
    assert len(tiny.releases(tmp_path)) == 2
    assert (first != second).any()


def test_a_void_is_not_known_and_neither_is_the_slope_beside_it(tmp_path):
    write_model(tmp_path, void=np.s_[40:50, 20:30])
    write_project(tmp_path)
    assert tiny.run_it(tmp_path) == OK
    heights, transform, *_ = layer(tmp_path, "elevation")
    slope, *_ = layer(tmp_path, "slope")
    col = int((tiny.EAST + 18 * PIXEL - transform.c) / tiny.PIXEL)
    row = int((transform.f - TOP + 40 * PIXEL) / tiny.PIXEL)
    assert heights[row, col] == UNKNOWN_M
    assert slope[row, col] == UNKNOWN_DEG
    unknown = slope == UNKNOWN_DEG
    assert unknown.sum() > (heights == UNKNOWN_M).sum()
    assert set(np.unique(slope[~unknown])) == {SLOPE}


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"crs": None}, INPUT, "CRS"),
        ({"nodata": None, "void": np.s_[40:50, 20:30]}, INPUT, "declare nodata"),
    ],
)
def test_a_model_that_cannot_be_right_is_refused(tmp_path, capsys, change, code, words):
    write_model(tmp_path, **change)
    write_project(tmp_path)
    assert tiny.run_it(tmp_path) in {code, 5}
    assert words in capsys.readouterr().err
    assert not (tmp_path / "outputs/tiny/current").exists()


@pytest.mark.parametrize(
    ("terrain", "words"),
    [
        (FILES | {"path": "dem/none.tif"}, "found none"),
        (FILES | {"path": "scenes/../dem"}, "inside the project"),
        (FILES | {"path": "/vsicurl/x.tif"}, "inside the project"),
        (FILES | {"path": "aoi"}, "found none"),
        ({"kind": "simulated"}, "beside real scenes"),
    ],
)
def test_what_the_head_of_the_file_may_not_say(tmp_path, capsys, terrain, words):
    write_project(tmp_path, terrain=terrain)
    assert tiny.run_it(tmp_path) == CONFIG
    assert words in capsys.readouterr().err


def test_what_is_not_named_cannot_be_published(tmp_path, capsys):
    write_project(tmp_path)
    path = tmp_path / "pipelines/tiny.yaml"
    content = json.loads(path.read_text())
    del content["terrain"]
    path.write_text(json.dumps(content))
    assert tiny.run_it(tmp_path) == CONFIG
    assert "terrain" in capsys.readouterr().err
