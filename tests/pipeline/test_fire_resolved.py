"""Fires and the burn scars that the maps show after them."""

import shutil
from datetime import timedelta
from pathlib import Path

import fire_inputs
import geopandas
import pytest
import shapely

from habitat.io.projection import from_wgs84
from habitat.io.release.release import Store
from habitat.pipeline.fire_risk.brief import make_brief
from habitat.pipeline.fire_risk.clusters import fire_notes
from habitat.pipeline.fire_risk.setting import FireQuery

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path):
    """A fire of yesterday, 25 km from Kraskino; the release of the maps is written by the test."""
    for name in ("aoi", "pipelines"):
        shutil.copytree(ROOT / name, tmp_path / name)
    fire_inputs.write_weather(tmp_path / "gale.json", fire_inputs.gale())
    fire_inputs.write_hotspots(tmp_path / "fires.csv", [(42.75, 130.60, "2025-04-03", "1740")])
    return tmp_path


def fires(project):
    return make_brief(
        FireQuery(
            project / "pipelines" / "fire-risk.yaml", project, now=fire_inputs.SIX,
            day=fire_inputs.DAY, weather=project / "gale.json", hotspots=project / "fires.csv",
        )
    ).clusters  # fmt: skip


def burn(project, date_hi):
    x, y = (float(values) for values in from_wgs84(130.60, 42.75, 32652))
    columns = {"burn_id": ["b7"], "date_lo": ["2025-03-30"], "date_hi": [date_hi]}
    outline = shapely.box(x - 300, y - 300, x + 300, y + 300)
    store = Store(project / "outputs" / "border-zone-annual")
    with store.lock():
        folder = store.begin("maps")
        table = geopandas.GeoDataFrame(columns, geometry=[outline], crs="EPSG:32652")
        table.to_file(folder / "cells.gpkg", layer="burns", driver="GPKG")
        store.publish(folder, "maps", {})


def test_a_fire_is_unresolved_until_a_scar_is_mapped_on_its_place_and_date(project):
    (fire,) = fires(project)
    assert fire.burn_id is None
    burn(project, "2025-04-05")
    assert fires(project)[0].burn_id == "b7"
    assert fires(project)[0].fire_id == fire.fire_id


def test_a_fire_that_burns_on_after_its_scar_was_seen_is_unresolved(project):
    burn(project, "2025-04-03")
    rows = [(42.75, 130.60, "2025-04-03", "1740"), (42.75, 130.60, "2025-04-04", "0340")]
    fire_inputs.write_hotspots(project / "fires.csv", rows)
    (fire,) = fires(project)
    assert (fire.detections, fire.burn_id) == (2, None)


def test_a_fire_of_the_last_day_keeps_its_sentence_whatever_scar_it_has(project):
    hours = len(fire_inputs.gale()["hourly"]["time"])
    answer = fire_inputs.gale(wind_direction_10m=[120] * hours)
    fire_inputs.write_weather(project / "gale.json", answer)
    row = (42.75, 130.60, "2025-04-04", "1740")
    fire_inputs.write_hotspots(project / "fires.csv", [row])
    burn(project, "2025-04-05")
    (fire,) = fires(project)
    assert fire.burn_id == "b7"
    assert len(fire_notes((fire,), fire.last_seen + timedelta(hours=24))) == 1
    assert fire_notes((fire,), fire.last_seen + timedelta(hours=25)) == ()


def test_a_scar_that_a_later_look_showed_is_not_known_on_the_day(project):
    burn(project, "2025-04-06")
    assert fires(project)[0].burn_id is None
