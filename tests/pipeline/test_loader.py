from pathlib import Path

import pytest

from habitat.domain.errors import ConfigError
from habitat.pipeline.loader import load_pipeline, project_of

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
name: small
aoi: aoi/demo.geojson
grid: {epsg: 32652, pixel_m: 20}
source: {kind: simulated}
steps:
"""
SCENES = "  - {step: scenes, period: 2024-06-01/2024-09-15, bands: [B04, B8A], save_as: s}\n"
COMPOSITE = "  - {step: composite, scenes: s, season: leaf_on, year: 2024, save_as: c}\n"
PUBLISH = "  - {step: publish, layers: [c]}\n"


def write(tmp_path, text):
    path = tmp_path / "p.yaml"
    path.write_text(text)
    return path


def fault_of(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load_pipeline(write(tmp_path, text))
    return str(caught.value)


def test_a_right_file_loads(tmp_path):
    config = load_pipeline(write(tmp_path, HEAD + SCENES + COMPOSITE + PUBLISH))
    assert [step.step for step in config.steps] == ["scenes", "composite", "publish"]


@pytest.mark.parametrize("path", sorted((ROOT / "pipelines").glob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_pipeline_loads_and_is_named_like_its_file(path):
    assert load_pipeline(path).name == path.stem


def test_all_faults_are_shown_at_once_with_their_lines(tmp_path):
    text = fault_of(
        tmp_path,
        HEAD.replace("pixel_m", "pixle_m")
        + SCENES.replace("B8A", "B99")
        + COMPOSITE.replace("2024", "1999"),
    )
    assert "p.yaml:3" in text
    assert "'pixle_m'; did you mean 'pixel_m'?" in text
    assert "p.yaml:6" in text
    assert "B99" in text
    assert "p.yaml:7" in text
    assert "1999" in text


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (COMPOSITE.replace("scenes: s", "scenes: x"), "scenes is 'x', saved above: ['s']"),
        (SCENES, "save_as 's' is already used above"),
        ("  - {step: forest_change, before: s, after: x, save_as: d}\n", "'s' is scenes"),
        ("  - {step: publish, layers: [s]}\n", "'s' is scenes"),
        ("  - {step: sieve, save_as: d}\n", "sieve"),
        ("  - {step: publish}\n", "at least one layer or table"),
        (COMPOSITE.replace("season: leaf_on, year: 2024, ", ""), "season and year, or period"),
        (COMPOSITE.replace("year: 2024, ", ""), "season and year, or period"),
        ("  - {step: forest_change, before: f, after: f, save_as: d}\n", "'f' for both"),
        ("  - {step: habitat, species: tiger, before: f, after: f, save_as: d}\n", "'f' for both"),
        ("  - {step: publish, layers: [C-1]}\n", "0-9 and _, with a letter first; got 'C-1'"),
        ("  - {step: publish, layers: [c, c]}\n", "['c'] more than once"),
        ("  - {step: publish, tables: [t, t]}\n", "['t'] more than once"),
        ("  - {step: cells, change: d, burns: [b, b], save_as: t}\n", "['b'] more than once"),
    ],
)
def test_wiring_and_step_faults_are_named(tmp_path, line, named):
    text = fault_of(tmp_path, HEAD + SCENES + line)
    assert named in text
    assert "p.yaml:7" in text


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("name: small", "name: ../up", "name"),
        ("aoi/demo.geojson", "/etc/passwd", "aoi"),
        ("aoi/demo.geojson", "aoi/../../secret.geojson", "without '..'"),
        ("aoi/demo.geojson", "https://example.org/a.geojson", "aoi"),
        ("epsg: 32652", "epsg: '32652'", "epsg"),
        ("pixel_m: 20", "pixel_m: 20.5", "pixel_m"),
        ("{kind: simulated}", "{kind: simulated, cloudiness: .nan}", "p.yaml:4"),
        ("{kind: simulated}", "{kind: nothing}", "nothing"),
        ("name: small\n", "name: small\nname: again\n", "already"),
        ("{kind: simulated}", "{kind: simulated, days: [2014-06-01]}", "from 2015-06-01 on"),
        (
            "{kind: simulated}",
            "{kind: simulated, days: [2024-06-01, 2024-06-01]}",
            "['2024-06-01'] more than once",
        ),
        ("name: small", "name: Small One", "a name: up to 40 of a-z, 0-9 and -"),
        ("aoi/demo.geojson", "aoi/Ä.geojson", "a path inside the project"),
        ("name: small", "name: small\ncopy_to: bucket", "s3://bucket or s3://bucket/prefix"),
    ],
)
def test_head_faults_are_named(tmp_path, old, new, named):
    assert named in fault_of(tmp_path, HEAD.replace(old, new) + SCENES + COMPOSITE + PUBLISH)


def test_paths_are_relative_to_the_parent_of_the_pipelines_folder(tmp_path, monkeypatch):
    (tmp_path / "pipelines").mkdir()
    monkeypatch.chdir(tmp_path / "pipelines")
    assert project_of(tmp_path / "pipelines" / "p.yaml", None) == tmp_path
    assert project_of(tmp_path / "p.yaml", None) == tmp_path / "pipelines"
    assert project_of(tmp_path / "pipelines" / "p.yaml", tmp_path / "x") == tmp_path / "x"
