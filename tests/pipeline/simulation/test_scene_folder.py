"""A simulated landscape as files: what the folder source reads is what was computed."""

import csv
import json
from datetime import date

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform

from habitat.domain.errors import ConfigError, InputError
from habitat.domain.grid import Grid, Window
from habitat.domain.period import Period, fire_year
from habitat.io.fire.hotspots_file import read_hotspots
from habitat.io.scenes.folder import FolderSource
from habitat.pipeline.simulation.scene_folder import delivered, write_scene_folder
from habitat.pipeline.simulation.source import SimulatedSource

GRID = Grid(32652, 20)
BANDS = ("B04", "B8A", "B12")
# around the day the offset came, over the border of two squares
PERIOD = Period(date(2022, 1, 5), date(2022, 2, 28))
WINDOW = Window(-4_771_000 // 20, 699_000 // 20, 90, 100)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulated") / "scenes"
    source = SimulatedSource(grid=GRID)
    return source, out, write_scene_folder(source, out, period=PERIOD, window=WINDOW, bands=BANDS)


def test_the_folder_source_reads_what_the_simulated_source_gives(written):
    source, out, paths = written
    folder = FolderSource(root=out, grid=GRID)
    assert folder.simulated
    mine, refused = source.search(PERIOD, WINDOW)
    theirs, refused_there = folder.search(PERIOD, WINDOW)
    assert [i.item_id for i in theirs] == [i.item_id for i in mine]
    assert [r.item_id for r in refused_there] == [r.item_id for r in refused]
    assert len(paths) == len(mine) + len(refused)
    for one, other in zip(mine, theirs, strict=True):
        assert (one.view, one.baseline, one.acquired) == (
            other.view,
            other.baseline,
            other.acquired,
        )
        a, b = source.read(one, BANDS, WINDOW), folder.read(other, BANDS, WINDOW)
        assert np.array_equal(a.mask, b.mask)
        for band in BANDS:
            assert np.array_equal(a.bands[band], b.bands[band])


def test_files_are_as_delivered_with_the_offset_from_the_day_it_came(written):
    source, out, _ = written
    offsets = set()
    for item in source.search(PERIOD, WINDOW)[0]:
        document = json.loads((out / item.item_id / f"{item.item_id}.json").read_text())
        declared = document["assets"]["B04"]["raster:bands"][0]["offset"]
        offsets.add((item.baseline >= "04.00", declared))
        with rasterio.open(out / item.item_id / "B04.tif") as dataset:
            stored = dataset.read(1)
            assert dataset.tags()["SIMULATED"] == "YES"
            assert dataset.nodata == 0
            assert dataset.profile["tiled"]
        if declared and stored.any():
            assert stored[stored > 0].min() > 1000
    assert offsets == {(False, 0.0), (True, -0.1)}


def test_the_offset_is_added_to_observations_only():
    values = np.array([0, 1, 4000, 65_000], dtype=np.uint16)
    assert delivered(values, 1000).tolist() == [0, 1001, 5000, 65_535]
    assert delivered(values, 0).tolist() == values.tolist()


def test_the_truth_is_written_beside_the_scenes(written):
    source, out, _ = written
    with rasterio.open(out / "truth" / "forest_class_2022.tif") as dataset:
        classes = dataset.read(1)
        assert dataset.tags()["SIMULATED"] == "YES"
        assert tuple(dataset.transform)[:6] == GRID.transform(WINDOW)
    assert np.array_equal(classes, source.truth_class(WINDOW, PERIOD.end))
    truth = source.truth_burns(WINDOW, fire_year(2022))
    layers = (
        ("burn_date", truth.burn_date),
        ("burn_severity", truth.severity),
        ("burn_kind", truth.kind),
    )
    for name, values in layers:
        with rasterio.open(out / "truth" / f"{name}_fire_year_2022.tif") as dataset:
            assert np.array_equal(dataset.read(1), values)
    with rasterio.open(out / "truth" / "elevation.tif") as dataset:
        assert np.array_equal(dataset.read(1), source.terrain(WINDOW))


def test_training_points_carry_the_class_of_their_pixel(written):
    source, out, _ = written
    classes = source.truth_class(WINDOW, PERIOD.end)
    points = json.loads((out / "truth" / "training.geojson").read_text())["features"]
    assert len(points) > 50
    with rasterio.open(out / "truth" / "forest_class_2022.tif") as dataset:
        x, y = transform(
            "EPSG:4326",
            dataset.crs,
            *zip(*(p["geometry"]["coordinates"] for p in points), strict=True),
        )
        at = [dataset.index(a, b) for a, b in zip(x, y, strict=True)]
    assert [int(classes[r, c]) for r, c in at] == [p["properties"]["code"] for p in points]


def test_hotspots_read_back_as_written(tmp_path):
    source = SimulatedSource(grid=Grid(32652, 60))
    window = Window(-4_770_000 // 60, 670_000 // 60, 150, 150)
    period = Period(date(2024, 4, 1), date(2024, 5, 10))
    quiet = SimulatedSource(grid=source.grid, days=(date(2024, 4, 17),))
    write_scene_folder(quiet, tmp_path / "out", period=period, window=window, bands=("B12",))
    path = tmp_path / "out" / "truth" / "hotspots.csv"
    spots, again = (
        source.hotspots(period, window),
        read_hotspots(path, grid=source.grid, window=window),
    )
    assert len(again) == len(spots) > 5
    assert np.allclose(np.sort(again.x_m), np.sort(spots.x_m), atol=1)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert {row["version"] for row in rows} == {"SIMULATED"}


def test_a_folder_with_files_and_an_unknown_band_are_refused(tmp_path):
    source = SimulatedSource(grid=GRID)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="new or empty folder"):
        write_scene_folder(source, tmp_path, period=PERIOD, window=WINDOW, bands=BANDS)
    with pytest.raises(InputError, match="B01"):
        write_scene_folder(source, tmp_path / "x", period=PERIOD, window=WINDOW, bands=("B01",))


@pytest.mark.parametrize(
    ("first", "last"), [("2014-06-01", "2014-09-01"), ("2024-06-02", "2024-06-03")]
)
def test_a_period_without_an_acquisition_is_refused_and_nothing_is_written(tmp_path, first, last):
    source = SimulatedSource(grid=Grid(32652, 60), days=(date(2024, 6, 1),))
    period = Period(date.fromisoformat(first), date.fromisoformat(last))
    with pytest.raises(ConfigError, match=f"got {first}/{last}"):
        write_scene_folder(source, tmp_path / "out", period=period, window=WINDOW, bands=BANDS)
    assert not (tmp_path / "out").exists()
