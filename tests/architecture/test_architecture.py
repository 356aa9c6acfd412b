"""The shape of the code: what holds for every file of the project."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from habitat.domain import errors
from habitat.pipeline import config_steps as steps
from habitat.pipeline.config_radar import RadarScenes
from habitat.pipeline.planners import PLANNERS

ROOT = Path(__file__).parents[2]
SOURCE = sorted((ROOT / "habitat").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEXTS = {".py", ".md", ".yaml", ".toml", ".yml", ".json", ".cfg", ".txt", ".sh", ".geojson"}
MAX_LINES = 400

#: Modules that are longer, and why they are one.
LONG: dict[str, str] = {}

#: Modules without a test file of their own name, and the file that tests them.
TESTED_ELSEWHERE = {
    "algorithms/burn/candidates": "algorithms/test_kernels_burn",
    "algorithms/burn/events": "algorithms/test_burn_fires",
    "algorithms/burn/evidence": "algorithms/test_burn_pixels",
    "algorithms/burn/inputs": "algorithms/test_burn_pixels",
    "algorithms/burn/objects": "algorithms/test_burn_scenes",
    "algorithms/burn/scars": "algorithms/test_burn_scenes",
    "algorithms/burn/severity": "algorithms/test_burn_pixels",
    "algorithms/burn/statistics": "algorithms/test_burn_pixels",
    "algorithms/burn/table": "algorithms/test_burn_scenes",
    "algorithms/calibration": "algorithms/test_classifier",
    "algorithms/cross_validation": "algorithms/test_training",
    "algorithms/fitting": "algorithms/test_training",
    "algorithms/fire_behaviour/intensity": "algorithms/test_fire_weather",
    "algorithms/fire_behaviour/worst_hour": "algorithms/test_fire_behaviour_danger",
    "algorithms/fire_weather/codes": "algorithms/test_fire_weather",
    "algorithms/fire_weather/daily": "algorithms/test_fire_weather",
    "algorithms/fire_weather/grass": "algorithms/test_fire_weather",
    "algorithms/kernels/burn_events": "algorithms/test_kernels_burn",
    "algorithms/kernels/burn_looks": "algorithms/test_kernels_burn",
    "algorithms/kernels/burn_reference": "algorithms/test_kernels_burn",
    "algorithms/ratio": "algorithms/test_tables",
    "algorithms/training_table": "algorithms/test_training",
    # what a simulated scene shows can only be judged as a whole
    "algorithms/landscape/": "algorithms/test_landscape",
    "domain/channel": "io/test_outbox",
    "domain/fire_situation": "algorithms/test_alert_states",
    "io/fire/alert_cap": "io/test_alert_outputs",
    "io/fire/alert_feeds": "io/test_alert_outputs",
    "io/fire/alert_text": "io/test_alert_outputs",
    "io/file_cache": "io/test_scene_raster",
    "io/fire/fire_cap": "cli/test_fire_risk",
    "io/fire/fire_json": "cli/test_fire_risk",
    "io/fire/fire_text": "cli/test_fire_risk",
    "io/release/release_objects": "whole/test_release_objects",
    "io/release/qgis_project": "io/test_qgis",
    "io/sentinelhub/deployment": "io/test_sentinelhub_source",
    "io/raster/geotiff_pixels": "io/test_geotiff",
    "io/fire/firms": "io/test_hotspots_service",
    "io/fire/heartbeat": "pipeline/test_fire_watch",
    "io/net/http_policy": "io/test_http",
    "io/net/http_token": "io/test_http",
    "io/scenes/item_reader": "io/test_folder",
    "io/net/mail": "io/test_outbox",
    "io/release/manifest": "io/test_release",
    "io/scenes/offset_check": "io/test_folder",
    "io/stac/remote_scene_files": "io/test_stac_source",
    "io/scenes/scene_files": "io/test_folder",
    "io/stac/stac_presets": "io/test_stac_source",
    "io/model/model_check": "io/test_model_file",
    "io/model/model_json": "io/test_model_file",
    "io/vector/point_file": "io/test_reference",
    "io/run_lock": "io/test_release",
    "io/scenes/scene_item": "io/test_folder",
    "io/secrets": "io/test_http",
    "io/scenes/source": "io/test_folder",
    # nouns: they do nothing alone
    "domain/bands": "algorithms/test_masks",
    "domain/cells": "algorithms/test_cell_counts",
    "domain/errors": "cli/test_cli",
    "domain/fire_alert": "algorithms/test_alert_states",
    "domain/fire_brief": "cli/test_fire_risk",
    "domain/fire_danger": "algorithms/test_fire_behaviour_danger",
    "domain/fire_cluster": "algorithms/test_fire_clusters",
    "domain/fire_ground": "algorithms/test_fire_behaviour_level_grid",
    "domain/fuel": "io/test_fire_files",
    "domain/place": "io/test_fire_files",
    "domain/hotspots": "algorithms/test_burn_pixels",
    "io/weather/weather_grib_process": "io/test_weather_grib",
    "domain/static_heat": "algorithms/test_static_heat",
    "domain/legend": "io/test_data_files",
    "domain/model": "io/test_model_file",
    "domain/species": "io/test_data_files",
}

#: Errors of parts that this version does not have: partner releases.
NOT_RAISED_YET = {"SensitivityError"}


def relative(path):
    """Return the path below the package."""
    return path.relative_to(ROOT / "habitat").as_posix()


def modules(layer):
    """Return the modules of a layer, without ending."""
    return [
        relative(path).removesuffix(".py")
        for path in SOURCE
        if relative(path).startswith(f"{layer}/") and path.stem != "__init__"
    ]


def own_tests(module):
    """Return the names a module's own test file may have."""
    layer, *parts = module.split("/")
    names = {"_".join(parts), parts[-1]}
    return [ROOT / "tests" / layer / f"test_{name}.py" for name in names]


def elsewhere(module):
    """Return the key of the exception that a module falls under."""
    return next((key for key in TESTED_ELSEWHERE if module == key or module.startswith(key)), None)


def test_no_two_test_files_have_one_name():
    """The runner imports them by name alone."""
    loose = [path for path in TESTS if not path.with_name("__init__.py").exists()]
    names = [path.name for path in loose if path.name.startswith("test_")]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("layer", ["domain", "algorithms", "io"])
def test_every_module_has_a_test_file(layer):
    without = [
        module
        for module in modules(layer)
        if not any(path.is_file() for path in own_tests(module)) and elsewhere(module) is None
    ]
    assert without == []


def test_every_exception_names_a_test_that_is_there_and_is_still_one():
    known = [module for layer in ("domain", "algorithms", "io") for module in modules(layer)]
    for key, test in TESTED_ELSEWHERE.items():
        assert (ROOT / "tests" / f"{test}.py").is_file(), test
        covered = [module for module in known if elsewhere(module) == key]
        assert covered, f"{key} is no module any more"
        if not key.endswith("/"):
            assert not any(path.is_file() for path in own_tests(key)), f"{key} has its own tests"


def test_every_error_is_raised_somewhere():
    text = "\n".join(path.read_text("utf-8") for path in SOURCE)
    names = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type)
        and issubclass(value, errors.HabitatError)
        and value is not errors.HabitatError
    ]
    never = {name for name in names if not re.search(rf"\b(?<!class ){name}\(", text)}
    assert never == NOT_RAISED_YET


def test_every_exit_code_of_an_error_has_a_meaning():
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, errors.HabitatError):
            assert value.exit_code in errors.EXIT_CODES


def calls(tree):
    """Yield the name of every function called: ``print``, or the attribute of ``x.compute()``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node
            elif isinstance(node.func, ast.Attribute):
                yield f".{node.func.attr}", node


@pytest.mark.parametrize("path", SOURCE, ids=relative)
def test_a_module_keeps_the_house_rules(path):
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    called = {name for name, _ in calls(tree)}
    assert "print" not in called
    assert not called & {"eval", "exec", "compile", "__import__"}
    if not relative(path).startswith("pipeline/"):
        assert ".compute" not in called, "only the pipeline decides when work is done"
    lines = text.count("\n")
    assert lines <= MAX_LINES or relative(path) in LONG, f"{lines} lines"
    assert not {"utils", "helpers", "common", "misc", "tools"} & {*path.parts, path.stem}
    assert ast.get_docstring(tree) or not tree.body, "a module says what it is for"


def test_the_long_modules_are_still_long():
    for name in LONG:
        assert (ROOT / "habitat" / name).read_text("utf-8").count("\n") > MAX_LINES, name


#: What reaches the world outside the process.
WORLD = {
    "os", "pathlib", "io", "shutil", "tempfile", "subprocess", "socket", "urllib", "requests",
    "rasterio", "rioxarray", "geopandas", "pyogrio", "fiona", "yaml", "json", "pydantic", "click",
    "sqlite3", "pickle", "joblib", "time", "random",
}  # fmt: skip


@pytest.mark.parametrize(
    "path", [p for p in SOURCE if relative(p).startswith(("algorithms/", "domain/"))], ids=relative
)
def test_algorithms_and_nouns_do_not_touch_the_world(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert not {name.split(".")[0] for name in imported} & WORLD
    assert not {name for name in imported if name.startswith(("habitat.io", "habitat.pipeline"))}


def test_algorithms_use_no_clock_and_no_global_random_state():
    for path in SOURCE:
        if relative(path).startswith("algorithms/"):
            text = path.read_text("utf-8")
            assert not re.search(r"np\.random\.(?!default_rng|Generator|SeedSequence)\w", text), (
                path
            )
            assert not re.search(r"\.(now|today|utcnow)\(", text), path


def test_only_kernels_are_compiled_and_each_has_a_plain_twin():
    for path in SOURCE:
        if relative(path).startswith("algorithms/kernels/") or path.name == "versions.py":
            continue
        assert not re.search(r"^(import|from) numba", path.read_text("utf-8"), re.M), path
    for path in (ROOT / "habitat" / "algorithms" / "kernels").glob("*.py"):
        text = path.read_text("utf-8")
        assert "fastmath" not in text
        assert "parallel=True" not in text
        if "@njit" in text:
            assert re.search(r"^def \w+_numpy\(", text, re.M), f"{path.name} has no NumPy twin"


def test_imports_stand_at_the_top_outside_the_command_line():
    for path in SOURCE:
        if relative(path).startswith("cli/"):
            continue
        inner = [
            node.lineno
            for function in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(function, ast.FunctionDef)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert not inner, f"{path}: {inner}"


def test_packages_export_nothing():
    for path in SOURCE:
        if path.name == "__init__.py" and path.parent.name != "habitat":
            body = ast.parse(path.read_text("utf-8")).body
            assert all(isinstance(node, ast.Expr) for node in body), path


def test_exceptions_to_the_linters_say_why():
    for path in SOURCE:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            found = re.search(r"# (?:noqa|type: ignore)(?P<rest>.*)", line)
            assert found is None or "  # " in found["rest"], f"{path}:{number} gives no reason"


def test_every_step_is_in_exactly_one_table():
    planned = {*PLANNERS, steps.Scenes, RadarScenes, steps.Publish}
    assert planned == set(steps.STEPS)
    assert not {steps.Scenes, RadarScenes, steps.Publish} & set(PLANNERS)


def test_the_layers_of_the_code_hold():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def project_files():
    """Return the text files of the project, without what tools leave behind."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("not a checkout")
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    me = Path(__file__)
    return [path for path in paths if path.suffix in TEXTS and path.is_file() and path != me]


#: Places of one machine, and talk about how the project was made instead of what it is.
FOREIGN = re.compile(
    r"(?<![\w.])/(work|farm|opt|home|root|Users)/|pypi\.org|pythonhosted|\bthis session\b"
    r"|\bissue #\d|\bissues/\d|\bAI assistant\b|\blanguage model\b",
    re.I,
)


def test_no_file_speaks_of_a_machine_a_registry_or_how_it_was_made():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in project_files()
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1)
        if len(line) < 100_000 and FOREIGN.search(line)
    ]
    assert found == []


def test_no_secret_is_in_a_file():
    secret = re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|SH_CLIENT_SECRET\s*=\s*\S{8}"
    )
    assert [
        path for path in project_files() if secret.search(path.read_text("utf-8", "replace"))
    ] == []


def test_tests_have_distinct_names_that_read_as_sentences():
    for path in TESTS:
        names = re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.M)
        assert len(names) == len(set(names)), path
        assert not [name for name in names if name.count("_") < 2], path
