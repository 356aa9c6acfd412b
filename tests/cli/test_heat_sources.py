"""`habitat heat-sources`, and the brief and the burn step that use what it writes."""

import json

import feeds_served as served
import fire_inputs
import pytest

from habitat.cli.main import run
from habitat.pipeline.fire_risk.brief import make_brief
from habitat.pipeline.fire_risk.setting import FireQuery

WORKS, GRASS = (42.7, 130.8), (42.75, 130.9)
HEAD = "latitude,longitude,acq_date,acq_time,satellite,confidence,frp"
CONFIG, INPUT = 3, 4


def history(path, *, years=(2023, 2024), kind=None):
    """A works all the year, and a fire of ten days."""
    days = [(WORKS, f"{y}-{m:02d}-09") for y in years for m in range(1, 13)]
    days += [(GRASS, f"{years[0]}-04-{d:02d}") for d in range(1, 11)]
    rows = [f"{lat},{lon},{day},352,N20,n,4.5" for (lat, lon), day in days]
    if kind is not None:
        rows = [row + f",{kind if row.startswith('42.7,') else 0}" for row in rows]
    head = HEAD + ("" if kind is None else ",type")
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


@pytest.fixture
def project(tmp_path):
    def build(**step):
        return served.project(tmp_path, weather="weather.json", **step)

    return build


def make(pipeline, *files, out):
    return run(["heat-sources", str(pipeline), *map(str, files), "--out", str(out)])


def brief_of(pipeline):
    return make_brief(FireQuery(pipeline, None, now=fire_inputs.SIX, day=fire_inputs.DAY))


def test_a_works_is_labelled_listed_last_and_never_an_alert(project, tmp_path, capsys):
    mask = tmp_path / "heat.geojson"
    assert make(project(), history(tmp_path / "a.csv"), out=mask) == 0
    assert "1 cells of 600 m always are hot, of 34 detections in 2 years" in capsys.readouterr().out
    rows = [(*WORKS, "2025-04-04", 1752), (42.9, 131.3, "2025-04-04", 1752)]
    fire_inputs.write_hotspots(tmp_path / "today.csv", rows)
    before = brief_of(project(hotspots="today.csv"))
    after = brief_of(project(hotspots="today.csv", static_sources="heat.geojson"))
    assert [f.kind.name for f in before.fires] == ["VEGETATION", "VEGETATION"]
    assert [f.kind.name for f in after.fires] == ["VEGETATION", "STATIC"]
    assert [f.alarms(20.0) for f in after.fires][-1] is False
    assert len(after.clusters) == len(before.clusters) - 1


def test_a_fire_that_leaves_the_works_is_a_fire_in_and_outside_of_it(project, tmp_path):
    mask = tmp_path / "heat.geojson"
    assert make(project(), history(tmp_path / "a.csv"), out=mask) == 0
    lat, lon = WORKS
    rows = [(lat, lon, "2025-04-04", 1752), (lat + 0.0055, lon, "2025-04-04", 1752)]
    fire_inputs.write_hotspots(tmp_path / "today.csv", rows)
    found = brief_of(project(hotspots="today.csv", static_sources="heat.geojson"))
    assert {f.kind.name for f in found.fires} == {"VEGETATION"}
    assert found.clusters[0].detections == 2


def test_the_file_tells_its_rule_and_what_it_is_made_from(project, tmp_path):
    mask = tmp_path / "heat.geojson"
    files = [history(tmp_path / "a.csv"), history(tmp_path / "b.csv", years=(2021,), kind=2)]
    assert make(project(), *files, out=mask) == 0
    content = json.loads(mask.read_text())
    assert content["rule"]["min_days"] == 12
    assert [one["name"] for one in content["history"]] == ["a.csv", "b.csv"]
    assert [one["rows"] for one in content["history"]] == [34, 22]
    (works,) = content["features"]
    assert works["properties"]["typed_days"] == 12
    ring = works["geometry"]["coordinates"][0]
    assert min(x for x, _ in ring) <= WORKS[1] <= max(x for x, _ in ring)
    assert min(y for _, y in ring) <= WORKS[0] <= max(y for _, y in ring)


def test_a_history_of_one_year_is_refused_unless_its_rows_have_a_type(project, tmp_path, capsys):
    out = tmp_path / "heat.geojson"
    assert make(project(), history(tmp_path / "a.csv", years=(2024,)), out=out) == CONFIG
    assert "expected detections of 2 years" in capsys.readouterr().err
    assert not out.exists()
    assert make(project(), history(tmp_path / "b.csv", years=(2024,), kind=2), out=out) == 0


def test_a_mask_of_another_grid_or_no_mask_is_refused_before_any_work(project, tmp_path, capsys):
    (tmp_path / "other.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    assert make(project(), history(tmp_path / "a.csv"), out=tmp_path / "heat.geojson") == 0
    for name, code in (("none.geojson", CONFIG), ("other.geojson", INPUT)):
        capsys.readouterr()
        assert run(["check", str(project(static_sources=name))]) == code
        assert name in capsys.readouterr().err
    assert run(["check", str(project(static_sources="heat.geojson"))]) == 0
