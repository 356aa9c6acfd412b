"""The same maps from a STAC API as from a folder, whatever the network does."""

import json
import shutil

import pytest
import stac_served as served
import tiny

from habitat.cli.main import run

OK, NOT_BUILT, PARTIAL, REMOTE, NOTHING_SEEN = 0, 3, 5, 6, 11
OLD, NEW = "2021-06-01/2021-09-15", "2024-06-01/2024-09-15"
TRANSIENT = ("429", "500", "503", "portal", "empty", "cut", "json", "slow")


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    monkeypatch.setattr("habitat.pipeline.stac.BACKOFF_S", 0.001)
    monkeypatch.setattr("habitat.pipeline.stac.ATTEMPT_S", 0.4)


def steps(period):
    return tiny.composites_only(period)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A project with its scenes in a folder; the layers of the new period from there."""
    folder = tmp_path_factory.mktemp("origin")
    tiny.write_project(folder, days=("2021-07-10", "2024-06-10", "2024-07-10"), steps=steps(NEW))
    assert tiny.run_it(folder) == OK
    return folder, served.layers(folder)


@pytest.fixture(scope="module")
def service(origin):
    """The API over these scenes."""
    scenes = origin[0] / "scenes"
    with served.serving(scenes) as url:
        yield url, scenes, origin[1]


@pytest.fixture(scope="module")
def published(service, tmp_path_factory):
    """A project that reads from the API and has an old release."""
    folder = tmp_path_factory.mktemp("published") / "project"
    tiny.write_aoi(folder)
    tiny.write_pipeline(folder, tiny.content(source=served.stac(service[0]), steps=steps(OLD)))
    assert tiny.run_it(folder) == OK
    tiny.write_pipeline(folder, tiny.content(source=served.stac(service[0]), steps=steps(NEW)))
    shutil.rmtree(folder / "outputs" / "tiny" / "state" / "downloads")
    return folder


@pytest.fixture
def project(published, service, tmp_path):
    """A copy of it; the API is well again."""
    (service[1] / "faults.json").unlink(missing_ok=True)
    folder = tmp_path / "project"
    shutil.copytree(published, folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def calls(published, service, tmp_path_factory):
    """How many requests the new period takes."""
    folder = tmp_path_factory.mktemp("calls") / "project"
    shutil.copytree(published, folder, symlinks=True)
    before = len(served.requests(service[1]))
    assert tiny.run_it(folder, "--workers", "1") == OK
    return len(served.requests(service[1])) - before


def run_under(project, scenes, **faults):
    """Run under faults; say the exit code and whether all is as it should be."""
    old = served.layers(project)
    served.fail(scenes, **faults)
    code = tiny.run_it(project, "--workers", "1")
    (scenes / "faults.json").unlink()
    return code, old


def test_the_layers_are_those_of_the_folder_to_the_byte(project, service):
    assert tiny.run_it(project) == OK
    assert served.layers(project) == service[2]
    used = tiny.record(project)["scenes"]["scenes"]
    assert used == {
        "period": NEW,
        "used": ["scene_2024-06-10", "scene_2024-07-10"],
        "outside_aoi": [],
        "without_mask": [],
        "refused": [],
    }


def test_worker_processes_give_the_same(project, service):
    before = len(served.requests(service[1]))
    assert tiny.run_it(project, "--processes") == OK
    assert served.layers(project) == service[2]
    record = tiny.record(project)
    assert record["requests"] == len(served.requests(service[1])) - before
    assert record["bytes"] > 10_000
    assert record["processing_units"] == 0


def test_the_second_run_asks_the_catalogue_alone(project, service):
    assert tiny.run_it(project) == OK
    before = len(served.requests(service[1]))
    assert tiny.run_it(project) == OK
    asked = served.requests(service[1])[before:]
    assert asked
    assert all(" POST /search" in line for line in asked)


def test_offline_gives_the_same_from_what_was_downloaded(project, service, capfd):
    assert tiny.run_it(project, "--offline") == REMOTE
    assert "offline" in capfd.readouterr().err
    assert tiny.run_it(project) == OK
    state = project / "outputs" / "tiny" / "state"
    shutil.rmtree(state / "tiles")
    shutil.rmtree(state / "runs")
    shutil.rmtree(tiny.current(project))
    before = len(served.requests(service[1]))
    assert tiny.run_it(project, "--offline") == OK
    assert len(served.requests(service[1])) == before
    assert served.layers(project) == service[2]


def test_a_dry_run_gives_a_bound_that_holds(project, service, capfd):
    old = served.layers(project)
    assert tiny.run_it(project, "--dry-run", "--json") == OK
    planned = json.loads(capfd.readouterr().out)
    assert planned["scenes"] == {"scenes": 2}
    assert planned["processing_units"] == 0
    assert served.layers(project) == old
    assert tiny.run_it(project) == OK
    downloads = project / "outputs" / "tiny" / "state" / "downloads"
    got = sum(path.stat().st_size for path in downloads.glob("bodies/*/*"))
    assert 0 < got <= planned["bytes"]


@pytest.mark.parametrize("fault", TRANSIENT)
@pytest.mark.parametrize("position", ["first", "middle", "last"])
def test_a_fault_at_one_call_changes_no_byte(project, service, calls, fault, position):
    at = {"first": 0, "middle": calls // 2, "last": calls - 1}[position]
    code, _ = run_under(project, service[1], call={str(at): fault})
    assert code == OK
    assert served.layers(project) == service[2]


@pytest.mark.parametrize("fault", ["429", "500", "portal", "cut", "slow"])
@pytest.mark.parametrize("position", ["first", "middle", "last"])
def test_a_fault_that_stays_leaves_the_old_release(project, service, calls, fault, position):
    at = {"first": 0, "middle": calls // 2, "last": calls - 1}[position]
    code, old = run_under(project, service[1], **{"from": (at, fault)})
    assert code == REMOTE
    assert served.layers(project) == old
    assert run(["verify", str(tiny.current(project))]) == OK
    assert tiny.run_it(project) == OK, "the same command later goes on"
    assert served.layers(project) == service[2]


@pytest.mark.parametrize("seed", range(8))
def test_faults_by_chance_give_the_same_bytes_or_leave_the_old_release(project, service, seed):
    code, old = run_under(project, service[1], seed=seed, share=0.2)
    assert code in {OK, PARTIAL, REMOTE}
    assert served.layers(project) == (service[2] if code == OK else old)


def test_a_lost_page_is_an_error_and_not_few_scenes(project, service, monkeypatch):
    (service[1] / "lose_pages").touch()
    old = served.layers(project)
    pipeline = tiny.content(source=served.stac(service[0]), steps=steps("2021-06-01/2024-09-15"))
    tiny.write_pipeline(project, pipeline)
    try:
        assert tiny.run_it(project) == REMOTE
    finally:
        (service[1] / "lose_pages").unlink()
    assert served.layers(project) == old


def test_no_scene_in_a_period_is_not_observed(project, service):
    pipeline = tiny.content(source=served.stac(service[0]), steps=steps("2019-06-01/2019-09-15"))
    tiny.write_pipeline(project, pipeline)
    old = served.layers(project)
    assert tiny.run_it(project) == NOTHING_SEEN
    assert served.layers(project) == old


def test_a_catalogue_of_another_name_is_broken_and_not_empty(project, tmp_path):
    (tmp_path / "empty").mkdir()
    with served.serving(tmp_path / "empty") as url:
        pipeline = tiny.content(source=served.stac(url), steps=steps(NEW))
        tiny.write_pipeline(project, pipeline)
        assert tiny.run_it(project) == REMOTE


def test_a_network_that_is_down_stops_the_run(project, capfd):
    pipeline = tiny.content(source=served.stac("http://127.0.0.1:9"), steps=steps(NEW))
    tiny.write_pipeline(project, pipeline)
    assert tiny.run_it(project) == REMOTE
    assert "127.0.0.1:9/search" in capfd.readouterr().err


def test_a_catalogue_that_this_version_cannot_read_says_so(project, capfd):
    source = {"kind": "stac", "preset": "cdse"}
    tiny.write_pipeline(project, tiny.content(source=source, steps=steps(NEW)))
    assert tiny.run_it(project) == NOT_BUILT
    assert "earth-search" in capfd.readouterr().err


def test_a_file_cut_at_the_service_fails_and_the_old_release_stays(project, tmp_path):
    scenes = tmp_path / "scenes"
    tiny.write_scene(tmp_path, "2024-06-10")
    path = scenes / "scene_2024-06-10" / "bands.tif"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    old = served.layers(project)
    with served.serving(scenes) as url:
        tiny.write_pipeline(project, tiny.content(source=served.stac(url), steps=steps(NEW)))
        assert tiny.run_it(project) in {4, PARTIAL}
    assert served.layers(project) == old


def written(folder):
    """Return every byte and every name below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    names = "\n".join(str(path) for path in files).encode()
    return b"\n".join([names, *(path.read_bytes() for path in files)])


@pytest.mark.parametrize("faults", [{}, {"from": (4, "500")}, {"from": (0, "cut")}])
def test_a_signature_of_the_catalogue_is_in_no_output(project, service, faults, capfd):
    """Neither where all goes well, nor where it fails, with every log line there is."""
    canary = "canary-signature-0123456789"
    (service[1] / "signature").write_text(canary)
    served.fail(service[1], **faults)
    path = project / "pipelines" / "tiny.yaml"
    command = ["run", str(path), "--as-of", "2025-01-01", "--workers", "1"]
    try:
        code = run(["--log", "text", "--debug", *command])
    finally:
        (service[1] / "signature").unlink()
        (service[1] / "faults.json").unlink()
    assert code == (REMOTE if faults else OK)
    printed = capfd.readouterr()
    assert canary not in printed.out + printed.err
    assert canary.encode() not in written(project)
    if not faults:
        assert run(["--log", "text", *command, "--offline"]) == OK
        assert served.layers(project) == service[2]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Scenes of a simulated landscape, as ``habitat simulate`` writes them."""
    folder = tmp_path_factory.mktemp("simulated")
    aoi = str(tiny.write_aoi(folder))
    period = ["--period", "2024-06-01/2024-08-31", "--cadence-days", "12"]
    options = ["--aoi", aoi, "--bands", ",".join(tiny.BANDS), "--cloudiness", "0.3"]
    assert run(["simulate", str(folder / "scenes"), *options, *period]) == OK
    return folder


def classify(period):
    """Return the steps of a land cover map."""
    image = {"leaf_on": "image"}
    return [
        *tiny.composites_only(period)[:2],
        {"step": "classify_forest", "composites": image, "model": "models/tiny.json",
         "save_as": "forest"},
        {"step": "publish", "layers": ["image", "forest"]},
    ]  # fmt: skip


def test_a_simulated_landscape_is_the_same_from_folder_and_catalogue(simulated, tmp_path):
    """Several scenes, clouds, superseded versions, and the offset in the pixels."""
    releases = {}
    with served.serving(simulated / "scenes") as url:
        for name, source in (
            ("folder", {"kind": "folder", "path": "scenes"}),
            ("stac", served.stac(url)),
        ):
            folder = tmp_path / name
            tiny.write_aoi(folder)
            tiny.write_tiny_model(folder / "models" / "tiny.json")
            if name == "folder":
                (folder / "scenes").symlink_to(simulated / "scenes")
            content = tiny.content(source=source, steps=classify(NEW))
            tiny.write_pipeline(folder, content)
            assert tiny.run_it(folder) == OK
            scenes = tiny.record(folder)["scenes"]
            releases[name] = (served.layers(folder), scenes)
    assert releases["stac"] == releases["folder"]
    assert len(releases["stac"][1]["scenes"]["used"]) > 3
    assert any(b"SIMULATED" in content for content in releases["stac"][0].values())


def doctor(folder, *options):
    """Run the doctor on the pipeline of a project."""
    return run(["--log", "text", "doctor", str(folder / "pipelines" / "tiny.yaml"), *options])


def test_the_doctor_finds_a_service_that_answers(project, capfd):
    assert doctor(project) == OK
    lines = capfd.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["ok"] * 4
    assert "can be read" in lines[-1]


def test_the_doctor_names_the_fault_and_its_code(project, service, capfd):
    source = served.stac("http://127.0.0.1:9")
    tiny.write_pipeline(project, tiny.content(source=source, steps=steps(NEW)))
    assert doctor(project, "--json") == REMOTE
    last = json.loads(capfd.readouterr().out)[-1]
    assert last["exit_code"] == REMOTE
    assert "127.0.0.1:9" in last["text"]
    served.fail(service[1], **{"from": (1, "portal")})
    tiny.write_pipeline(project, tiny.content(source=served.stac(service[0]), steps=steps(NEW)))
    assert doctor(project) == REMOTE
    assert "a file of" in capfd.readouterr().out
    tiny.write_pipeline(project, tiny.content(steps=steps(NEW), aoi="aoi/none.geojson"))
    assert doctor(project) != OK
