"""Habitat that people limit, from roads of a STAC catalogue on this machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import rasterio
import tiny
from test_people import NEW_ROAD, OLD_ROAD, maps, pipeline, road

from habitat.cli.main import run

SERVER = Path(__file__).parents[1] / "servers" / "file_server.py"
OLD, NEW = ("2021-01-01", (OLD_ROAD,)), ("2024-01-01", (OLD_ROAD, NEW_ROAD))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("catalogue")
    (folder / "aoi").mkdir()
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield folder, f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.stdin.close()
    process.stdout.close()
    process.wait(10)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    tiny.write_project(folder, **pipeline())
    return folder


def offer(folder, *extracts):
    """Write roads of days as a catalogue."""
    links = []
    for number, (day, columns) in enumerate(extracts):
        name = f"roads-{number}-{day}"
        item = {
            "type": "Feature", "id": name, "links": [],
            "properties": {"datetime": f"{day}T00:00:00Z", "license": "ODbL-1.0"},
            "assets": {"map": {"href": road(folder, f"{name}.geojson", *columns)}},
        }  # fmt: skip
        (folder / f"{name}.json").write_text(json.dumps(item))
        links.append({"rel": "item", "href": f"{name}.json"})
    catalogue = {"type": "Catalog", "id": "roads", "links": links}
    (folder / "catalog.json").write_text(json.dumps(catalogue))


def use(project, url):
    source = {"kind": "stac", "url": url}
    return tiny.write_pipeline(project, pipeline(people={"roads": source}))


def codes(folder):
    return {when: found[0].tobytes() for when, found in maps(folder).items()}


def asked(folder):
    log = folder / "requests.log"
    return log.read_text().splitlines() if log.exists() else []


def test_a_catalogue_gives_the_maps_that_its_files_give_and_is_asked_by_runs_alone(
    project, served, capsys
):
    folder, url = served
    offer(folder, OLD, NEW)
    files = [
        {"path": road(project, f"{day}.geojson", *columns), "date": day}
        for day, columns in (OLD, NEW)
    ]
    tiny.write_pipeline(project, pipeline(people={"roads": files}))
    assert tiny.run_it(project) == 0
    expected = codes(project)
    path = use(project, f"{url}/catalog.json")
    assert run(["check", str(path)]) == 0
    assert "not asked" in capsys.readouterr().out
    assert asked(folder) == []
    assert tiny.run_it(project) == 0
    assert codes(project) == expected
    (after,) = tiny.current(project).glob("habitat_class_tiger_*2024*.tif")
    with rasterio.open(after) as dataset:
        tags = dataset.tags()
    assert tags["PEOPLE"] == "roads of 2024-01-01 within 500 m"
    assert f"{url}/aoi/roads-1-2024-01-01.geojson sha256 " in tags["PEOPLE_SOURCES"]
    assert tags["PEOPLE_SOURCES"].endswith(" licence ODbL-1.0")
    count = len(asked(folder))
    assert tiny.run_it(project, "--offline") == 0
    assert "nothing to do" in capsys.readouterr().out
    assert len(asked(folder)) == count


def test_without_an_extract_before_a_period_the_earliest_stands(project, served):
    folder, url = served
    offer(folder, NEW)
    use(project, f"{url}/catalog.json")
    assert tiny.run_it(project) == 0
    assert {tag for _, tag, _ in maps(project).values()} == {"roads of 2024-01-01 within 500 m"}


@pytest.mark.parametrize(
    ("extracts", "faults", "exit_code", "message"),
    [
        ([NEW, ("2024-01-01", (5,))], {}, 4, "expected one extract of 2024-01-01"),
        ([("2026-01-01", (5,))], {}, 3, "by the as-of date"),
        ([("2023-02-01", (5,))], {"/aoi/roads-0-2023-02-01.geojson": "404"}, 6, "404"),
        ([("2023-03-01", (5,))], {"/aoi/roads-0-2023-03-01.geojson": "cut"}, 6, "attempts"),
        ([NEW], {"/catalog.json": "404"}, 6, "404"),
    ],
)
def test_faults_leave_the_release_as_it_was(
    extracts, faults, exit_code, message, project, served, capsys
):
    folder, url = served
    before = tiny.current(project)
    offer(folder, *extracts)
    (folder / "faults.json").write_text(json.dumps(faults))
    use(project, f"{url}/catalog.json")
    try:
        assert tiny.run_it(project) == exit_code
    finally:
        (folder / "faults.json").unlink()
    assert message in capsys.readouterr().err
    assert tiny.current(project) == before


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://maps.example/v1", "expected url and collection"),
        ("http://maps.example/catalog.json", "url"),
    ],
)
def test_a_catalogue_that_cannot_be_asked_is_refused_by_check(url, message, project, capsys):
    assert run(["check", str(use(project, url))]) == 3
    assert message in capsys.readouterr().err
