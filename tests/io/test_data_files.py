from datetime import date
from pathlib import Path

import pytest

from habitat.domain.errors import ConfigError
from habitat.domain.legend import Crosswalk
from habitat.domain.period import MonthDay, Period
from habitat.io.config.data_files import (
    data_file_names,
    read_crosswalk,
    read_legend,
    read_seasons,
    read_species,
)

LEGEND = """\
name: simple
classes:
  - {code: 2, name: open, colour: "#FFFFFF", kind: grass}
  - {code: 1, name: trees, colour: "#00ff00", kind: forest}
crosswalk:
  to: border-zone
  codes: {1: 3, 2: 0}
"""


def _write(base: Path, name: str, text: str) -> None:
    path = base / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_shipped_legend_is_the_border_zone_legend(tmp_path):
    legend = read_legend("border-zone", tmp_path)
    assert legend.codes == tuple(range(1, 13))
    assert legend.codes_of_kind("forest") == (1, 2, 3, 4)
    assert legend[12].name == "rice paddy"
    assert read_crosswalk("border-zone", tmp_path) is None


def test_the_shipped_species_and_seasons_are_read(tmp_path):
    tiger = read_species("tiger", tmp_path)
    assert tiger.habitat_classes == (1, 2, 3, 4)
    assert tiger.repeat_burns == 3
    table = read_seasons("border-zone", tmp_path)
    assert table.green_up == MonthDay(5, 20)
    assert table.seasons["leaf_off"].periods(2024) == (
        Period(date(2023, 10, 20), date(2023, 12, 15)),
        Period(date(2024, 3, 1), date(2024, 5, 5)),
    )
    assert [part.year_offset for part in table.fire_season] == [-1, 0]


def test_a_file_of_the_project_wins_over_the_shipped_one(tmp_path):
    _write(tmp_path, "legends/border-zone.yaml", LEGEND.replace("simple", "mine"))
    assert read_legend("border-zone", tmp_path).name == "mine"


def test_a_path_inside_the_project_is_read_and_classes_are_ordered(tmp_path):
    _write(tmp_path, "my/simple.yaml", LEGEND)
    legend = read_legend("my/simple.yaml", tmp_path)
    assert legend.codes == (1, 2)
    assert legend[2].colour == "#ffffff"
    assert read_crosswalk("my/simple.yaml", tmp_path) == Crosswalk(
        "simple", "border-zone", {1: 3, 2: 0}
    )


@pytest.mark.parametrize(
    "name",
    [
        *("../x.yaml", "/etc/x.yaml", "a/../x.yaml", "~/x.yaml", "http://x/y.yaml"),
        *("a\\b.yaml", ".hidden.yaml", "x\0.yaml", "a" * 300 + ".yaml"),
        *("x.yml", "", "UPPER", "a" * 41, "legends/"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="expected a name like"):
        read_legend(name, tmp_path)


def test_a_link_out_of_the_project_is_refused(tmp_path):
    _write(tmp_path, "outside/simple.yaml", LEGEND)
    project = tmp_path / "project"
    project.mkdir()
    (project / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(ConfigError, match="leads out of the project"):
        read_legend("link/simple.yaml", project)


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    _write(tmp_path, "legends/simple.yaml", LEGEND)
    with pytest.raises(ConfigError, match="did you mean 'simple'"):
        read_legend("simpel", tmp_path)
    with pytest.raises(ConfigError, match="known here: tiger, woodland"):
        read_species("bear", tmp_path)
    assert data_file_names("legends", tmp_path) == ["border-zone", "simple", "tree-cover"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("code: 2", "code: 1", "legends/simple.yaml:1: expected distinct class codes"),
        ("code: 2", "code: 255", "legends/simple.yaml:3: classes.0.code"),
        ("code: 2", "code: true", "legends/simple.yaml:3: classes.0.code"),
        ("#FFFFFF", "white", "legends/simple.yaml:3: classes.0.colour"),
        ("kind: grass", "kind: gras", "legends/simple.yaml:3: classes.0.kind"),
        ("colour", "color", "unknown key 'color'; did you mean 'colour'"),
        ("{1: 3, 2: 0}", "{1: 3}", "expected exactly the codes"),
        ("{1: 3, 2: 0}", "{1: 3, 2: 300}", "legends/simple.yaml:7: crosswalk.codes.2"),
    ],
)
def test_a_faulty_legend_is_refused_with_file_and_line(tmp_path, old, new, message):
    _write(tmp_path, "legends/simple.yaml", LEGEND.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        read_legend("simple", tmp_path)


def test_a_crosswalk_to_a_class_that_is_not_there_is_refused(tmp_path):
    _write(tmp_path, "legends/simple.yaml", LEGEND.replace("1: 3,", "1: 99,"))
    with pytest.raises(ConfigError, match=r"got \[99\]"):
        read_crosswalk("simple", tmp_path)


def test_a_faulty_season_is_refused_with_its_line(tmp_path):
    text = (
        'name: x\nseasons:\n  a:\n    - {start: "10-05", end: "02-01"}\n'
        'fire_season: [{start: "02-30", end: "03-01"}]\ngreen_up: "13-01"\n'
    )
    _write(tmp_path, "seasons/x.yaml", text)
    with pytest.raises(ConfigError) as caught:
        read_seasons("x", tmp_path)
    assert "seasons/x.yaml:4: seasons.a.0: expected an end on or after" in str(caught.value)
    assert "seasons/x.yaml:5: fire_season.0" in str(caught.value)


def test_a_faulty_species_is_refused_with_its_line(tmp_path):
    shipped = Path(__file__).parents[2] / "habitat/data/species/tiger.yaml"
    text = shipped.read_text("utf-8")
    _write(tmp_path, "species/a.yaml", text.replace("min_change: 0.02", "min_change: 2"))
    with pytest.raises(ConfigError, match=r"species/a.yaml:\d+: min_change"):
        read_species("a", tmp_path)
    twice = text.replace("conditional_classes: [5]", "conditional_classes: [4]")
    _write(tmp_path, "species/b.yaml", twice)
    with pytest.raises(ConfigError, match="each class once"):
        read_species("b", tmp_path)
