"""The same inputs give the same bytes, however and wherever the command is called."""

import hashlib
import os
import subprocess
import sys

import pytest
import tiny

pytestmark = pytest.mark.slow
#: Lists every folder backwards.
BACKWARDS = """
class Backwards:
    def __init__(self, *args, real=os.scandir):
        self.entries = iter(sorted(real(*args), key=lambda entry: entry.name, reverse=True))
    def __enter__(self):
        return self
    def __iter__(self):
        return self
    def __next__(self):
        return next(self.entries)
    def __exit__(self, *_):
        pass
    def close(self):
        pass
os.scandir = Backwards
os.listdir = lambda *args, real=os.listdir: sorted(real(*args), reverse=True)
"""
#: What each way changes: variables, code before the run, options of the run.
WAYS = {
    "one worker, files for nobody else": ({}, "os.umask(0o077)", ["--workers", "1"]),
    "processes, files for all": ({}, "os.umask(0)", ["--processes"]),
    "time zone, locale, seed of hashes, folders listed backwards": (
        {"TZ": "Asia/Vladivostok", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONHASHSEED": "7"},
        BACKWARDS,
        ["--workers", "3"],
    ),
}


def release_of(folder, variables, before, options):
    """Run in a process of its own; return the hashes of the release."""
    path = folder / "pipelines" / "tiny.yaml"
    args = ["--log", "text", "run", str(path), "--as-of", "2025-01-01", *options]
    code = f"import os\n{before}\nif __name__ == '__main__':\n"
    code += f"    from habitat.cli.main import main; main({args!r})\n"
    script = folder / "call.py"
    script.write_text(code, encoding="utf-8")
    clean = {"HOME": str(folder), "PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(script)], check=False, capture_output=True, text=True, timeout=120,
        env=clean | variables, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    release = tiny.current(folder)
    return {
        path.relative_to(release.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(release.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    tiny.write_project(folder, steps=tiny.maps_and_tables())
    return release_of(folder, {}, "", [])


@pytest.mark.parametrize("way", WAYS)
def test_no_way_of_calling_it_changes_a_byte(reference, tmp_path, way):
    folder = tmp_path / "another folder, with a space"
    tiny.write_project(folder, steps=tiny.maps_and_tables())
    assert release_of(folder, *WAYS[way]) == reference


def test_the_order_in_which_scenes_came_changes_no_byte(reference, tmp_path):
    tiny.write_project(tmp_path, days=tiny.DAYS[::-1], steps=tiny.maps_and_tables())
    assert release_of(tmp_path, {}, "", []) == reference
