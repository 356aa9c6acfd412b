import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny

from habitat.cli import main as door
from habitat.cli.main import run

ROOT = Path(__file__).parents[2]
PIPELINES = sorted((ROOT / "pipelines").glob("*.yaml"))
USAGE, CONFIG, INPUT = 2, 3, 4
COMMANDS = sorted(door._COMMANDS)


@pytest.fixture(autouse=True)
def _log_handlers():
    """Take the command's log handler away again: it writes to the captured stderr of one test."""
    root = logging.getLogger()
    before = root.handlers[:]
    yield
    root.handlers = before


# --- help -----------------------------------------------------------------------------------------


def test_every_module_of_the_command_line_is_a_command():
    files = {path.stem for path in (ROOT / "habitat" / "cli").glob("*.py")}
    # fire_alerts holds commands of the group fire-risk
    commands = files - {"__init__", "main", "logs", "progress", "fire_alerts"}
    assert commands == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_starts_with_usage_and_has_an_example(capsys, command):
    assert run([*([command] if command else []), "--help"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("Usage: habitat")
    assert f"Example: habitat {command or 'run'} " in printed.out
    assert not printed.err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_of_commands_says_what_each_does(capsys, command):
    assert run(["--help"]) == 0
    assert f"  {command} " in capsys.readouterr().out


def in_a_process(code):
    """Run Python in a process of its own; return its output and how long it took [s]."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout, time.perf_counter() - started


def test_help_loads_none_of_the_heavy_libraries():
    code = (
        "import sys; from habitat.cli.main import run; run(['--help']); "
        "print(sorted(m for m in sys.modules if '.' not in m))"
    )
    loaded = in_a_process(code)[0].splitlines()[-1]
    heavy = (
        "rasterio", "sklearn", "numpy", "pandas", "geopandas", "dask", "distributed", "numba",
        "scipy", "pydantic", "xarray", "yaml", "shapely", "pyproj",
    )  # fmt: skip
    assert [name for name in heavy if f"'{name}'" in loaded] == []


def test_help_appears_in_half_a_second():
    code = "from habitat.cli.main import run; run(['run', '--help'])"
    pairs = [(in_a_process(code)[1], in_a_process("pass")[1]) for _ in range(3)]
    best, alone = (min(times) for times in zip(*pairs, strict=True))
    # on a loaded machine Python itself is slow to start
    assert best < max(0.5, 8 * alone)


# --- usage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["frobnicate"], "frobnicate"),
        (["run"], "FILE"),
        (["run", "nowhere.yaml"], "nowhere.yaml"),
        (["check", "nowhere.yaml"], "nowhere.yaml"),
        (["run", str(PIPELINES[0]), "--frobnicate"], "--frobnicate"),
        (["run", str(PIPELINES[0]), "--as-of", "nonsense"], "nonsense"),
        (["run", str(PIPELINES[0]), "--as-of", "2024-02-30"], "2024-02-30"),
        (["run", str(PIPELINES[0]), "--workers", "0"], "--workers"),
        (["show", "everything"], "everything"),
        (["--log", "xml", "show", "layers"], "xml"),
        (["verify", "nowhere"], "nowhere"),
        (["index", "nowhere"], "nowhere"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(capsys, arguments, named):
    assert run(arguments) == USAGE
    printed = capsys.readouterr()
    assert not printed.out
    assert named in printed.err


def test_a_wrong_as_of_date_says_what_a_date_looks_like(capsys):
    assert run(["run", str(PIPELINES[0]), "--as-of", "1 May"]) == USAGE
    message = capsys.readouterr().err
    assert "2024-10-15" in message
    assert "'1 May'" in message


def test_the_version_is_that_of_the_package(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("habitat, version ")


# --- show -----------------------------------------------------------------------------------------

TELLING = {
    "layers": ("layer", "forest_class"),
    "steps": ("step", "composite"),
    "indices": ("index", "ndvi"),
    "legend": ("name", "reed"),
    "exit-codes": ("code", "11"),
}


@pytest.mark.parametrize("what", TELLING)
def test_show_prints_a_table_and_json(capsys, what):
    column, value = TELLING[what]
    assert run(["show", what]) == 0
    text = capsys.readouterr().out
    assert run(["show", what, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert any(value in str(row[column]).lower() for row in rows)
    header, rule, *lines = text.splitlines()
    assert [name.strip() for name in header.strip("| ").split("|")] == list(rows[0])
    assert set(rule) <= set("|- ")
    assert len(lines) == len(rows)


def test_show_exit_codes_are_those_of_the_errors(capsys):
    from habitat.domain import errors

    assert run(["show", "exit-codes", "--json"]) == 0
    codes = {row["code"] for row in json.loads(capsys.readouterr().out)}
    raised = {
        value.exit_code
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.HabitatError)
    }
    assert raised | {0, 130, 143} <= codes


def test_the_json_schema_names_every_step(capsys):
    assert run(["show", "steps", "--json-schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert run(["show", "steps", "--json"]) == 0
    steps = {row["step"] for row in json.loads(capsys.readouterr().out)}
    assert set(schema["properties"]["steps"]["items"]["discriminator"]["mapping"]) == steps


# --- check ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_every_shipped_pipeline_is_valid(capsys, path):
    assert run(["--log", "text", "check", str(path)]) == 0, capsys.readouterr().err
    assert capsys.readouterr().out.startswith(f"{path}: ok")


def test_the_promised_pipelines_are_there():
    promised = {"demo", "border-zone-annual", "border-zone-stac", "burn-watch", "fire-risk"}
    assert promised <= {path.stem for path in PIPELINES}


def test_check_needs_no_scenes_and_goes_through_all_files(tmp_path, capsys):
    good = tiny.write_project(tmp_path, days=())
    bad = good.with_name("bad.yaml")
    bad.write_text("name: [")
    assert run(["--log", "text", "check", str(bad), str(good)]) == CONFIG
    printed = capsys.readouterr()
    assert "bad.yaml:1" in printed.err
    assert printed.out.startswith(f"{good}: ok")


# --- stdout and stderr ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A small project."""
    folder = tmp_path_factory.mktemp("project")
    tiny.write_project(folder)
    return folder


def json_lines(text):
    """Parse every line."""
    return [json.loads(line) for line in text.splitlines()]


def test_under_cron_every_line_on_stderr_is_json_and_stdout_is_the_result(project, capfd):
    path = project / "pipelines" / "tiny.yaml"
    assert run(["--log", "json", "run", str(path), "--as-of", "2025-01-01", "--json"]) == 0
    printed = capfd.readouterr()
    lines = json_lines(printed.err)
    assert all({"ts", "level", "event"} <= set(line) for line in lines)
    assert any(line.get("stage") == 1 and line["tiles"] == 4 for line in lines)
    assert any(line.get("done") == 4 for line in lines)
    result = json.loads(printed.out)
    assert result["release"] == str(tiny.current(project))


def test_a_fault_is_a_json_line_too(project, capfd):
    path = project / "pipelines" / "other.yaml"
    path.write_text(json.dumps(tiny.content(aoi="aoi/none.geojson")))
    assert run(["--log", "json", "run", str(path)]) == INPUT
    printed = capfd.readouterr()
    (line,) = json_lines(printed.err)
    assert (line["level"], line["exit_code"], line["error"]) == ("error", INPUT, "AoiError")
    assert "none.geojson" in line["event"]
    assert not printed.out


def test_hostile_text_cannot_forge_a_log_line(project, capfd):
    path = project / "pipelines" / "hostile.yaml"
    path.write_text('name: "x\\n{\\"level\\": \\"info\\"}\\u001b[31m"\n')
    assert run(["--log", "json", "check", str(path)]) == CONFIG
    (line,) = json_lines(capfd.readouterr().err)
    assert line["level"] == "error"


def test_logs_are_json_where_stderr_is_no_terminal(project):
    path = project / "pipelines" / "tiny.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "habitat", "run", str(path), "--as-of", "2024-07-20"],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json_lines(done.stderr)
    assert done.stdout.startswith(("published: ", "nothing to do"))
    assert len(done.stdout.splitlines()) == 1


def test_text_logs_are_plain_lines(project, capfd):
    assert tiny.run_it(project, as_of="2024-07-01") == 0
    lines = capfd.readouterr().err.splitlines()
    assert "stage 1 of 1: 4 tiles to compute, 0 reused" in lines


# --- other commands -------------------------------------------------------------------------------


def test_index_writes_items_that_a_run_can_read(tmp_path, capsys):
    tiny.write_project(tmp_path, days=())
    place = tmp_path / "scenes" / "S2A_MSIL2A_20240610T021529_N0300_R003_T52TFN_20240610T043000"
    source = tiny.write_scene(tmp_path, "2024-06-10")
    source.rename(place)
    (place / "item.json").unlink()
    assert run(["index", str(tmp_path / "scenes")]) == 0
    (item,) = capsys.readouterr().out.split()
    assert Path(item).is_relative_to(tmp_path / "scenes")
    assert tiny.run_it(tmp_path) == 0


def test_a_bug_is_reported_as_one_with_its_traceback(caplog):
    before = door._COMMANDS.copy()
    door._COMMANDS["nothing"] = "a command without a module"
    try:
        assert run(["nothing"]) == 1
    finally:
        door._COMMANDS.clear()
        door._COMMANDS.update(before)
    assert "bug in habitat" in caplog.text
    assert "ModuleNotFoundError" in caplog.text


# --- simulate -------------------------------------------------------------------------------------


def test_simulate_needs_nothing_but_a_folder_and_index_keeps_the_mark(tmp_path, capsys):
    out = tmp_path / "scenes"
    short = ["--period", "2024-06-01/2024-06-06", "--pixel-m", "60", "--bands", "B04"]
    assert run(["simulate", str(out), *short]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    items = sorted(out.glob("S2*/*.json"))
    assert items
    for item in items:
        item.unlink()
    assert run(["index", str(out), "--ignore", "truth/*"]) == 0
    written = capsys.readouterr().out.split()
    assert len(written) == len(items)
    for path in written:
        assert json.loads(Path(path).read_text())["properties"]["habitat:simulated"] is True


def test_index_has_nothing_to_do_where_all_is_listed(tmp_path, capsys):
    out = tmp_path / "scenes"
    short = ["--period", "2024-06-01/2024-06-06", "--pixel-m", "60", "--bands", "B04"]
    assert run(["simulate", str(out), *short]) == 0
    capsys.readouterr()
    assert run(["--log", "json", "index", str(out)]) == 0
    printed = capsys.readouterr()
    assert not printed.out
    (line,) = json_lines(printed.err)
    assert line["event"].startswith("nothing to do")


@pytest.mark.parametrize("name", ["m.txt", "absent/m.json"])
def test_a_model_that_could_not_be_written_is_refused_before_the_work(tmp_path, name, caplog):
    path = str(ROOT / "pipelines" / "train-simulated.yaml")
    assert run(["train", path, "--out", str(tmp_path / name)]) == USAGE
    assert "stage" not in caplog.text


def test_simulate_in_another_crs_needs_an_area(tmp_path):
    assert run(["simulate", str(tmp_path / "scenes"), "--epsg", "32635"]) == USAGE


def test_a_reader_who_is_gone_is_told_apart_from_a_bug():
    code = (
        "import os, sys; r, w = os.pipe(); os.close(r); os.dup2(w, 1);"
        "from habitat.cli.main import main; main(['--log', 'text', 'show', 'exit-codes'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert (done.returncode, "the reader of the result is gone" in done.stderr) == (10, True)
