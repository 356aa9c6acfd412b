"""What ``habitat status`` says of runs that ended well, failed, were killed or go on now."""

import fcntl
import json
import os
import time
from datetime import UTC, datetime, timedelta

import pytest
import tiny

from habitat.cli.main import run
from habitat.pipeline.status import status_of


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "project"
    tiny.write_project(folder)
    assert tiny.run_it(folder) == 0
    return folder


@pytest.fixture
def said(project, capfd):
    """Return what status says of the only pipeline."""

    def ask(*options):
        capfd.readouterr()
        assert run(["status", "--project", str(project), "--json", *options]) == 0
        (status,) = json.loads(capfd.readouterr().out)
        return status

    return ask


def state_file(project, name):
    return project / "outputs" / "tiny" / "state" / name


def test_after_a_run_that_published_all_is_told(project, said):
    status = said()
    assert status["pipeline"] == "tiny"
    assert status["last_run"]["outcome"] == "published"
    assert status["last_run"]["exit_code"] == 0
    assert status["last_run"]["as_of"] == "2025-01-01"
    assert status["last_run"]["release"] == status["release"]["id"] == tiny.current(project).name
    assert status["newest_scene"]["id"] == f"scene_{tiny.DAYS[-1]}"
    assert status["newest_scene"]["acquired"].startswith(tiny.DAYS[-1])
    assert (status["stale"], status["failed_tiles"], status["running"]) == (False, [], None)
    assert status["state_bytes"] > 0
    assert status["releases_bytes"] > 0
    assert status["releases"] == 1


def test_the_text_says_the_same(project, capfd):
    path = project / "pipelines" / "tiny.yaml"
    assert run(["status", str(path)]) == 0
    text = capfd.readouterr().out
    words = ["tiny: up to date", "last run: published, exit code 0", "running now: no"]
    words += [tiny.current(project).name, f"scene_{tiny.DAYS[-1]}", "failed tiles: 0"]
    for word in words:
        assert word in text


def test_status_writes_nothing(project, said):
    before = {p: p.lstat().st_mtime_ns for p in project.rglob("*")}
    said()
    assert {p: p.lstat().st_mtime_ns for p in project.rglob("*")} == before


def test_an_old_newest_scene_is_stale_when_asked(project):
    outputs = project / "outputs" / "tiny"
    now = datetime(2024, 8, 20, 2, 15, 29, tzinfo=UTC)
    assert status_of(outputs, now=now, max_age_days=10).stale == ()
    later = status_of(outputs, now=now + timedelta(days=1), max_age_days=10)
    assert later.stale == ("the newest scene is 11.0 days old, more than 10",)
    assert later.newest_scene["age_days"] == 11


def test_failed_tiles_of_a_run_that_published_nothing_are_on_record(project, said):
    from test_faults import spoil_south

    path, whole = spoil_south(project)
    assert tiny.run_it(project) == 5
    status = said()
    assert status["last_run"]["outcome"] == "failed"
    assert status["last_run"]["exit_code"] == 5
    assert "2 of 4 tiles failed" in status["last_run"]["error"]
    assert [tile["attempts"] for tile in status["failed_tiles"]] == [1, 1], "a bad file stays bad"
    assert all("nir.tif" in tile["cause"] for tile in status["failed_tiles"])
    assert status["stale_reasons"] == ["the last run failed"]
    path.write_bytes(whole)
    assert tiny.run_it(project) == 0
    assert said()["failed_tiles"] == []
    assert not said()["stale"]


def test_a_refused_input_is_on_record_until_a_run_finds_nothing_to_do(project, said):
    aoi = project / "aoi" / "tiny.geojson"
    before = aoi.read_bytes()
    aoi.write_text("no json")
    assert tiny.run_it(project) == 4
    assert said()["last_run"]["exit_code"] == 4
    aoi.write_bytes(before)
    assert tiny.run_it(project) == 0
    assert said()["last_run"]["outcome"] == "nothing to do"
    assert said()["stale"] is False


def test_a_scene_that_is_refused_though_nothing_is_to_do_is_named(project, said, capfd):
    place = tiny.write_scene(project, "2024-08-20")
    item = place / "item.json"
    item.write_text(item.read_text().replace("bands.tif", "gone.tif"))
    assert tiny.run_it(project) == 0
    assert capfd.readouterr().out.startswith("nothing to do")
    (refused,) = said()["refused_scenes"]
    assert refused["id"] == "scene_2024-08-20"
    assert "gone.tif" in refused["reason"]
    files = {p: p.lstat().st_mtime_ns for p in project.rglob("*") if p.is_file()}
    assert tiny.run_it(project) == 0
    after = {p: p.lstat().st_mtime_ns for p in project.rglob("*") if p.is_file()}
    assert {p for p in files if files[p] != after[p]} <= {state_file(project, "lock")}
    state_file(project, "last_search.json").write_text('{"scenes": 1}')
    assert said()["refused_scenes"] == []


@pytest.mark.parametrize(
    ("fault", "code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)], ids=["ctrl-c", "term"]
)
def test_an_interrupted_run_is_on_record(project, said, monkeypatch, fault, code):
    def interrupted(*_args):
        raise fault

    monkeypatch.setattr("habitat.pipeline.job.publish", interrupted)
    tiny.write_scene(project, "2024-08-20")
    assert tiny.run_it(project) == code
    assert said()["last_run"]["outcome"] == "interrupted"
    assert said()["last_run"]["exit_code"] == code
    assert said()["stale_reasons"] == ["the last run was interrupted"]


def test_what_a_failed_run_leaves_is_swept_before_the_lock_is_free(project, monkeypatch):
    def fails(_plan, _state, store, _record):
        (store.begin("half") / "a.tif").write_bytes(b"half")
        raise MemoryError

    monkeypatch.setattr("habitat.pipeline.job.publish", fails)
    tiny.write_scene(project, "2024-08-20")
    assert tiny.run_it(project) == 1
    assert not any(name.startswith(".tmp") for name in tiny.releases(project))


def test_a_killed_run_is_told_from_one_that_goes_on(project, said):
    state_file(project, "last_run.json").write_text(
        json.dumps({"outcome": "running", "started": "2025-01-01T00:00:00+00:00"})
    )
    assert said()["last_run"]["outcome"] == "killed"
    assert said()["stale_reasons"] == ["the last run was killed"]
    with state_file(project, "lock").open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        status = said()
    assert status["last_run"]["outcome"] == "running"
    assert status["running"]["pid"] == str(os.getpid())
    assert not status["stale"]


def test_a_folder_without_runs_is_an_input_fault_and_a_new_pipeline_is_stale(tmp_path, capfd):
    assert run(["status", "--project", str(tmp_path)]) == 4
    path = tiny.write_project(tmp_path, days=())
    capfd.readouterr()
    assert run(["status", str(path)]) == 0
    text = capfd.readouterr().out
    assert "nothing is published" in text
    assert "last run: none on record" in text
    assert not (tmp_path / "outputs").exists()


def test_damaged_records_are_no_bug(project, said):
    state_file(project, "last_run.json").write_text("[" * 100_000)
    record = tiny.current(project) / "run.json"
    record.chmod(0o644)
    record.write_text("{}")
    status = said()
    assert status["last_run"] is None
    assert status["newest_scene"] is None


# --- old releases ---------------------------------------------------------------------------------


def test_a_run_removes_old_releases_but_keeps_the_newest_and_all_of_the_last_week(project, said):
    days = ("2024-08-20", "2024-08-25", "2024-08-30", "2024-09-04")
    made = [tiny.current(project).name]
    for day in days[:3]:
        tiny.write_scene(project, day)
        assert tiny.run_it(project) == 0
        made.append(tiny.current(project).name)
    assert said()["releases"] == 4, "all are younger than seven days"
    now = time.time()
    for age, name in zip((40, 30, 20, 6), made, strict=True):
        manifest = project / "outputs" / "tiny" / "releases" / name / "manifest.json"
        os.utime(manifest, (now - age * 86_400,) * 2)
    tiny.write_pipeline(project, tiny.content(keep_releases=3))
    tiny.write_scene(project, days[3])
    assert tiny.run_it(project) == 0
    assert tiny.releases(project) == sorted([*made[2:], tiny.current(project).name])


def test_how_many_releases_stay_changes_no_result(project, capfd):
    tiny.write_pipeline(project, tiny.content(keep_releases=2))
    assert tiny.run_it(project) == 0
    assert capfd.readouterr().out.startswith("nothing to do")
