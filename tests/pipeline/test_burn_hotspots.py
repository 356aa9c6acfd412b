"""Which hotspots the burn step takes for seeds."""

from datetime import date
from types import SimpleNamespace

import fire_inputs
import numpy as np
import pytest
import shapely

from habitat.domain.grid import Grid
from habitat.domain.period import Period
from habitat.domain.static_heat import HeatRule, HotCell
from habitat.io.fire.static_heat_file import write_heat_mask
from habitat.io.projection import from_wgs84
from habitat.pipeline.steps.burns import HotspotFile, find_hotspots

WORKS, GRASS = (42.70, 130.80), (42.75, 130.90)


@pytest.mark.parametrize(("static", "count"), [("", 2), ("heat.geojson", 1)])
def test_a_place_that_always_is_hot_is_no_seed(tmp_path, static, count):
    rows = [(*place, "2025-04-04", 352) for place in (WORKS, GRASS)]
    fire_inputs.write_hotspots(tmp_path / "fires.csv", rows)
    lat, lon = np.array([WORKS, GRASS]).T
    x, y = from_wgs84(lon, lat, 32652)
    day = np.datetime64("2024-01-01")
    cell = HotCell(int(x[0] // 600), int(y[0] // 600), 12, 6, 2, 0, day, day)
    write_heat_mask(tmp_path / "heat.geojson", [cell], epsg=32652, rule=HeatRule(), history=[])
    year = Period(date(2024, 7, 1), date(2025, 6, 30))
    inputs = SimpleNamespace(
        config=SimpleNamespace(
            hotspots=HotspotFile("file", "fires.csv", static=static), looks=year, year=year
        ),
        grid=Grid(32652, 20),
        aoi=SimpleNamespace(geometry=shapely.box(x.min(), y.min(), x.max(), y.max())),
        project=tmp_path,
    )
    found = find_hotspots(inputs)
    assert len(found) == count
    assert found.x_m[-1] == pytest.approx(x[1])
