"""The map of danger from files to a release."""

import json
import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import fire_inputs
import numpy as np
import pytest
import rasterio
import shapely
import yaml

from habitat.domain.errors import GridMismatchError
from habitat.domain.grid import Grid, Window
from habitat.domain.layers import (
    BURN_DATE,
    BURN_SCAR_LAYER,
    COMPOSITE,
    FIRE_INTENSITY_LEVEL,
    FOREST_CLASS,
    SLOPE,
)
from habitat.domain.period import Period
from habitat.io.config.data_files import read_legend
from habitat.io.fire.fire_files import read_fuels
from habitat.io.raster.geotiff import read_layer, write_layer
from habitat.io.release.manifest import verify
from habitat.io.release.release import Store
from habitat.pipeline.fire_risk.ground import find_maps, read_ground
from habitat.pipeline.fire_risk.map_release import publish_map
from habitat.pipeline.fire_risk.setting import FireQuery

ROOT = Path(__file__).parents[2]
LEGEND = read_legend("border-zone", ROOT)
DAY, AFTER = fire_inputs.DAY, fire_inputs.DAY + timedelta(days=1)
#: 6 x 4 cells of 500 m near Kraskino, without the north-eastern one, and their pixels of 20 m.
GRID, CELLS = Grid(32652, 500), Window(-9466, 1290, 4, 6)
FINE, PIXELS = Grid(32652, 20), Window(-9466 * 25, 1290 * 25, 100, 150)


@pytest.fixture
def project(tmp_path):
    """A project of a small area, its weather a gale that nobody forecast beyond the day."""
    x0, y0, x1, y1 = GRID.bounds(CELLS)
    corner = shapely.box(x1 - 500, y1 - 500, x1, y1)
    shape = shapely.box(x0, y0, x1, y1).difference(corner.buffer(10, join_style="mitre"))
    lon, lat = rasterio.warp.transform(
        "EPSG:32652", "EPSG:4326", *zip(*shape.exterior.coords, strict=True)
    )
    ring = [list(point) for point in zip(lon, lat, strict=True)]
    area = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    (tmp_path / "aoi").mkdir()
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "aoi" / "small.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [area]}), "utf-8"
    )
    content = yaml.safe_load((ROOT / "pipelines" / "fire-risk.yaml").read_text("utf-8"))
    content |= {"aoi": "aoi/small.geojson"}
    del content["boundaries"]
    (tmp_path / "pipelines" / "fire.yaml").write_text(yaml.safe_dump(content), "utf-8")
    fire_inputs.write_weather(tmp_path / "gale.json", fire_inputs.gale(place=(42.71, 130.58)))
    return tmp_path


def publish(project, **options):
    query = {"weather": project / "gale.json", "now": fire_inputs.SIX, "day": DAY} | options
    return publish_map(FireQuery(project / "pipelines" / "fire.yaml", project, **query))


def level(found, first=DAY, last=DAY):
    name = f"fire_intensity_level_{Period(first, last).name}.tif"
    return read_layer(found.release / name, FIRE_INTENSITY_LEVEL, GRID, CELLS)


def maps(project, cover, burned=None, *, grid=FINE, ndvi=(), slope=None):
    """Publish maps of land cover, burns and greenness, as another pipeline would."""
    store = Store(project / "outputs" / "border-zone-annual")
    blocks = {"forest_class_20240601-20240915": (FOREST_CLASS.with_legend(LEGEND), cover)}
    if burned is not None:
        scar = np.where(burned > 1, 2, 1).astype(np.uint8)
        blocks["burn_date_20240701-20250630"] = (BURN_DATE, burned)
        blocks["burn_scar_20240701-20250630"] = (BURN_SCAR_LAYER, scar)
    if slope is not None:
        blocks["slope_20210422-20210422"] = (SLOPE, slope)
    names = ("B03", "B04", "B8A")
    for period, value in ndvi:
        red = np.full(PIXELS.shape, 1000.0)
        bands = np.stack((red, red, red * (1 + value) / (1 - value))).astype(np.uint16)
        blocks[f"composite_{period}"] = (COMPOSITE, bands)
    with store.lock():
        folder = store.begin("maps")
        for stem, (layer, values) in blocks.items():
            write_layer(
                folder / f"{stem}.tif", [(PIXELS, values)], layer, grid, PIXELS,
                tags={"SIMULATED": "yes"}, band_names=names if layer is COMPOSITE else None,
            )  # fmt: skip
        store.publish(folder, "maps", {})


def test_without_a_map_every_cell_is_grass_and_the_release_says_so(project):
    found = publish(project)
    expected = np.full(CELLS.shape, 4)
    expected[0, -1] = 255
    assert (level(found) == expected).all()
    assert found.summary["assumed"][0].startswith("no land-cover map: every cell is grass")
    assert not found.summary["simulated"]
    assert not verify(found.release)


def test_a_day_that_the_forecast_does_not_reach_is_not_observed_and_the_72_hours_keep_the_known(
    project,
):
    found = publish(project)
    assert np.unique(level(found, AFTER, AFTER)).tolist() == [0, 255]
    assert np.unique(level(found, DAY, AFTER + timedelta(days=1))).tolist() == [4, 255]
    areas = found.summary["km2"]
    assert areas[str(DAY)]["4"] == pytest.approx(23 * 0.25, abs=0.1)
    assert areas[str(AFTER)]["0"] == areas[str(DAY)]["4"]


def test_the_file_is_what_the_dictionary_says(project):
    with rasterio.open(next(publish(project).release.glob("*level_20250405-20250405.tif"))) as file:
        assert (file.nodata, file.dtypes, file.crs.to_epsg()) == (255, ("uint8",), 32652)
        assert file.colormap(1)[5][:3] == (0x9E, 0x01, 0x42)
        assert file.tags()["CLASS_5"] == "level 5: 10000 kW/m or more"
        assert "SIMULATED" not in file.tags()
        assert file.tags()["ACCURACY"] == "not assessed"


def test_the_same_inputs_are_one_release_and_a_copy_of_the_forecast_is_the_same_input(project):
    first = publish(project)
    before = (first.release / "manifest.json").stat().st_mtime_ns
    saved = fire_inputs.SIX.timestamp() - 3600
    os.utime(project / "gale.json", (saved, saved))
    again = publish(project)
    assert again.release == first.release
    assert (first.release / "manifest.json").stat().st_mtime_ns == before
    assert (project / "outputs" / "fire-risk" / "current").resolve() == first.release.resolve()


def test_the_pixels_do_not_depend_on_folder_or_run(project, tmp_path_factory):
    first = publish(project)
    other = tmp_path_factory.mktemp("elsewhere") / "project"
    shutil.copytree(project, other, ignore=shutil.ignore_patterns("outputs"))
    second = publish(other)
    assert second.release.name == first.release.name
    for path in first.release.iterdir():
        if path.is_file() and path.name not in {"run.json"}:
            assert path.read_bytes() == (second.release / path.name).read_bytes(), path.name


def test_stale_weather_has_no_level(project):
    old = fire_inputs.SIX.timestamp() - 20 * 3600
    os.utime(project / "gale.json", (old, old))
    found = publish(project)
    assert np.unique(level(found)).tolist() == [0, 255]
    assert found.summary["stale"] is True


def test_fuels_come_from_land_cover_and_burned_ground_has_none(project):
    cover = np.full(PIXELS.shape, 2, dtype=np.uint8)  # oak
    cover[:, 25:50] = 8  # reed
    cover[:, 50:75] = 9  # water
    cover[:, 75:100] = 0  # not observed
    burned = np.ones(PIXELS.shape, dtype=np.uint32)
    burned[:25] = 20250320  # the northern row, this spring
    maps(project, cover, burned)
    found = publish(project)
    rows = level(found).tolist()
    assert rows[1] == [1, 5, 1, 0, 1, 1]
    assert rows[0] == [1, 1, 1, 0, 1, 255]
    assert "20240601-20240915 of release maps" in found.summary["assumed"][0]
    assert found.summary["simulated"]  # since the maps are


def test_a_killed_run_leaves_nothing_and_old_maps_go_after_their_time(project):
    first = publish(project)
    releases = first.release.parent
    (releases / ".tmp-killed-1").mkdir()
    config = project / "pipelines" / "fire.yaml"
    config.write_text(config.read_text("utf-8") + "keep_releases: 1\n", "utf-8")
    later = publish(project, now=fire_inputs.SIX + timedelta(days=3650))  # stale by then
    assert [path.name for path in releases.iterdir()] == [later.release.name]


SEASONS = [("20240310-20240410", 0.2), ("20240601-20240915", 0.8)]


def test_curing_comes_from_greenness_that_is_fresh_and_else_from_the_calendar(project):
    reed = np.full(PIXELS.shape, 8, dtype=np.uint8)
    maps(project, reed, ndvi=[*SEASONS, ("20250301-20250320", 0.62)])  # 30 % dead
    found = publish(project)
    assert np.unique(level(found)).tolist() == [1, 255]
    assert "greenness of composite_20250301-20250320" in found.summary["assumed"][1]


def test_ground_has_the_mean_slope_of_what_is_known_and_is_flat_where_nothing_is(project):
    slope = np.full(PIXELS.shape, 255, dtype=np.uint8)
    per_cell = GRID.pixel_m // FINE.pixel_m
    slope[:per_cell, :per_cell] = 20
    slope[: per_cell // 2, :per_cell] = 10
    slope[0, 0] = 255
    maps(project, np.full(PIXELS.shape, 8, dtype=np.uint8), slope=slope)
    found = find_maps(project / "outputs" / "border-zone-annual", DAY, GRID)
    ground = read_ground(found, read_fuels("border-zone", project), DAY, GRID, CELLS)
    known = slope[:per_cell, :per_cell]
    assert ground.slope_deg[0] == pytest.approx(known[known != 255].mean())
    assert (ground.slope_deg[1:] == 0).all()
    assert "slope of slope_20210422-20210422" in publish(project).summary["assumed"]


@pytest.mark.parametrize(
    "looks",
    [SEASONS, [("20240601-20240915", 0.8), ("20250301-20250320", 0.62)],
     [*SEASONS, ("20250201-20250315", 0.62)]],
    ids=["none this year", "too few", "too old"],
)  # fmt: skip
def test_greenness_that_cannot_tell_leaves_curing_to_the_calendar(project, looks):
    maps(project, np.full(PIXELS.shape, 8, dtype=np.uint8), ndvi=looks)
    found = publish(project)
    assert np.unique(level(found)).tolist() == [5, 255]
    assert found.summary["assumed"][1] == "grass 96 % dead by the calendar"


def test_maps_newer_than_the_day_are_not_used(project):
    maps(project, np.full(PIXELS.shape, 8, dtype=np.uint8))
    root = project / "outputs" / "border-zone-annual"
    assert find_maps(root, DAY, GRID).period == "20240601-20240915"
    assert find_maps(root, date(2024, 9, 14), GRID) is None
    assert find_maps(project / "outputs" / "nothing", DAY, GRID) is None


def test_maps_whose_pixels_do_not_fit_the_cells_are_refused(project):
    maps(project, np.full(PIXELS.shape, 8, dtype=np.uint8), grid=Grid(32652, 30))
    with pytest.raises(GridMismatchError, match="divide 500 m"):
        publish(project)
