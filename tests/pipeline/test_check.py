"""What a run refuses before work, check refuses too: both plan the pipeline in the same way."""

import json
from datetime import date

import pytest
import tiny

from habitat.domain.errors import ConfigError, HabitatError, InputError
from habitat.pipeline.check import check_pipeline

TODAY = date(2025, 1, 1)
BURNS = {"step": "burn_scars", "scenes": "s_after", "cover": "forest_before", "fire_year": 2024,
         "save_as": "burns"}  # fmt: skip
TIGER = {"step": "habitat", "species": "tiger", "before": "forest_before",
         "after": "forest_after", "save_as": "tiger"}  # fmt: skip


@pytest.fixture
def project(tmp_path):
    """A project with scenes of five bands."""
    tiny.write_project(tmp_path)
    return tmp_path


def steps(*more, **changed):
    """Return two maps and their tables, with more steps before the last two; see ``tiny``."""
    made = tiny.maps_and_tables()
    made[-2:-2] = more
    return [step | {k: v for k, v in changed.items() if k in step} for step in made]


def fault(project, kind, **content):
    """Check a spoilt pipeline and return what is said."""
    path = tiny.write_pipeline(project, tiny.content(**content))
    with pytest.raises(kind) as caught:
        check_pipeline(path, None, TODAY)
    return str(caught.value)


def test_a_right_pipeline_with_its_scenes_passes(project):
    path = tiny.write_pipeline(project, tiny.content(steps=steps(BURNS, TIGER)))
    (note,) = check_pipeline(path, None, TODAY)
    assert note.startswith("tiny.geojson: not checked against a border line")


def test_an_unknown_season_is_found(project):
    made = tiny.composites_only()
    made[1] = {"step": "composite", "scenes": "scenes", "season": "leaf_onn", "year": 2024,
               "save_as": "image"}  # fmt: skip
    assert "'leaf_onn'" in fault(project, ConfigError, steps=made)


@pytest.mark.parametrize("year", [2021, 2023])
def test_a_season_outside_the_period_of_its_scenes_is_found(project, year):
    made = tiny.composites_only()
    made[1] = {"step": "composite", "scenes": "scenes", "season": "leaf_on", "year": year,
               "save_as": "image"}  # fmt: skip
    text = fault(project, ConfigError, steps=made)
    assert f"{year}-06-01/{year}-09-15" in text
    assert "2024-06-01/2024-09-15" in text


def test_a_fire_year_outside_the_period_of_its_scenes_is_found(project):
    text = fault(project, ConfigError, steps=steps(BURNS | {"fire_year": 2022}))
    assert "2021-07-01/2022-06-30" in text


def test_a_band_that_the_source_does_not_have_is_found(project):
    made = steps(bands=["B04", "B05"])
    assert "['B05']" in fault(project, InputError, steps=made)


def test_burns_without_their_bands_are_found(project):
    made = steps(BURNS, bands=["B03", "B04", "B8A", "B11"])
    assert "['B12']" in fault(project, HabitatError, steps=made)


@pytest.mark.parametrize("cell_m", [450, 24, 0])
def test_a_cell_size_that_does_not_fit_is_found(project, cell_m):
    assert str(cell_m) in fault(project, ConfigError, steps=steps(cell_m=cell_m))


def test_a_species_file_with_a_fault_is_found(project):
    (project / "species").mkdir()
    (project / "species" / "lynx.yaml").write_text("name: lynx\nhabitat_clases: [1]\n")
    text = fault(project, ConfigError, steps=steps(TIGER | {"species": "lynx"}))
    assert "did you mean 'habitat_classes'?" in text


def test_hotspots_of_a_source_that_has_none_are_found(project):
    text = fault(project, ConfigError, steps=steps(BURNS | {"hotspots": "source"}))
    assert "hotspots: source" in text


def test_a_hotspot_file_with_a_fault_is_found(project):
    (project / "fires.csv").write_text("<html>error</html>\n")
    text = fault(project, InputError, steps=steps(BURNS | {"hotspots": "fires.csv"}))
    assert "FIRMS columns" in text


def test_a_reference_that_the_source_does_not_have_is_found(project):
    train = {"step": "train", "composites": {"leaf_on": "image_before"},
             "reference": {"truth": "simulated"}, "save_as": "model"}  # fmt: skip
    assert "truth: simulated" in fault(project, ConfigError, steps=steps(train))


def test_two_layers_of_one_name_are_found(project):
    made = tiny.composites_only()
    made.insert(2, made[1] | {"save_as": "again"})
    made[-1] = {"step": "publish", "layers": ["image", "again"]}
    assert "'again'" in fault(project, ConfigError, steps=made)


def test_tables_published_twice_are_found(project):
    again = {"step": "publish", "tables": ["cells"]}
    assert "['cells']" in fault(project, ConfigError, steps=[*steps(), again])


def test_a_file_that_publishes_nothing_is_found(project):
    made = tiny.composites_only()[:-1]
    assert "expected a publish step" in fault(project, ConfigError, steps=made)


@pytest.mark.parametrize("kind", ["forest_change", "habitat"])
def test_a_map_compared_with_one_of_its_own_period_is_found(project, kind):
    made = steps(TIGER)
    for step in made:
        if step.get("save_as") in {"s_after", "image_after"}:
            step["period"] = "2021-06-01/2021-09-15"
    made = [step for step in made if step["step"] not in {"cells", "publish"}]
    made = [step for step in made if step["step"] not in {"forest_change", "habitat"} - {kind}]
    made.append({"step": "publish", "layers": [made[-1]["save_as"]]})
    assert "both of 2021-06-01/2021-09-15" in fault(project, ConfigError, steps=made)


def test_a_period_after_the_day_is_found(project):
    text = fault(project, ConfigError, steps=tiny.composites_only("2031-06-01/2031-09-15"))
    assert "--as-of" in text


def test_all_faults_of_all_steps_and_files_are_shown_at_once(project):
    tiny.write_aoi(project, raw="")
    text = fault(project, ConfigError, legend="none", seasons="antarctica",
                 steps=steps(model="models/no.json"))  # fmt: skip
    for word in ("tiny.geojson", "'none'", "antarctica", "models/no.json"):
        assert word in text
    tiny.write_aoi(project)
    made = steps(BURNS | {"hotspots": "source"}, TIGER | {"species": "unicorn"}, cell_m=24)
    text = fault(project, ConfigError, steps=made)
    for word in ("hotspots: source", "unicorn", "24"):
        assert word in text


def test_a_fault_of_the_grid_is_one_line(project):
    grid = {"epsg": 4326, "pixel_m": 20, "tile_px": 64}
    text = fault(project, ConfigError, grid=grid)
    assert text.count("EPSG:4326") == len(text.splitlines()) == 1


def test_check_searches_no_scene(project):
    for item in (project / "scenes").glob("*/bands.tif"):
        item.write_bytes(b"no image")
    path = tiny.write_pipeline(project, tiny.content(steps=steps(BURNS)))
    check_pipeline(path, None, TODAY)
    assert json.loads(path.read_text())["name"] == "tiny"
