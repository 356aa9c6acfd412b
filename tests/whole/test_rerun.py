"""The same command again: nothing is done twice, nothing is lost, what was altered is found."""

import json
import os
import shutil

import numpy as np
import pytest
import rasterio
import tiny

from habitat.cli.main import run
from habitat.domain.errors import ConfigError

ALTERED = 12


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A project with a release of maps and tables."""
    folder = tmp_path_factory.mktemp("published") / "project"
    tiny.write_project(folder, steps=tiny.maps_and_tables())
    tiny.write_scene(folder, "2024-08-20", crs=None)
    assert tiny.run_it(folder) == 0
    return folder


def state_of(folder):
    """Return name, size and time of every file and link below a folder."""
    return {
        str(path.relative_to(folder)): (
            path.is_symlink() and os.readlink(path),  # noqa: PTH115  # as text
            path.lstat().st_mtime_ns,
            path.lstat().st_size,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def without_lock(state):
    """Leave out the lock file, which names the process that holds it."""
    return {name: of for name, of in state.items() if not name.endswith("state/lock")}


# --- what is published ----------------------------------------------------------------------------


def publish_layers(layers):
    """Let the last step publish these layers."""
    steps = tiny.maps_and_tables()
    steps[-1] = steps[-1] | {"layers": layers}
    return tiny.content(steps=steps)


@pytest.mark.parametrize(
    "layers",
    [
        ["image_before", "image_after", "forest_before", "forest_after", "change"],
        ["image_after", "forest_before", "forest_after"],
        ["change", "image_after", "forest_before", "forest_after"],
    ],
    ids=["added", "removed", "reordered"],
)
def test_other_layers_make_another_release(project, layers):
    first = tiny.current(project)
    tiny.write_pipeline(project, publish_layers(layers))
    assert tiny.run_it(project) == 0
    second = tiny.current(project)
    assert second != first
    before, after = (len(list(folder.glob("*.tif"))) for folder in (first, second))
    assert np.sign(after - before) == np.sign(len(layers) - 4)


def test_another_name_of_the_aoi_makes_another_release(project):
    first = tiny.current(project)
    (project / "aoi" / "tiny.geojson").rename(project / "aoi" / "small.geojson")
    content = tiny.content(steps=tiny.maps_and_tables(), aoi="aoi/small.geojson")
    tiny.write_pipeline(project, content)
    assert tiny.run_it(project) == 0
    assert tiny.current(project) != first


def test_a_run_that_finds_an_older_release_says_that_current_points_to_it_now(project, capfd):
    first = tiny.current(project)
    path = tiny.write_pipeline(project, publish_layers(["change"]))
    assert tiny.run_it(project) == 0
    second = tiny.current(project)
    path.write_text(json.dumps(tiny.content(steps=tiny.maps_and_tables())))
    capfd.readouterr()
    assert tiny.run_it(project) == 0
    said = f"current now points to {first.name}, was {second.name}"
    assert said in capfd.readouterr().out
    tiny.write_pipeline(project, publish_layers(["change"]))
    assert tiny.run_it(project, "--json") == 0
    assert json.loads(capfd.readouterr().out)["current_changed"] is True
    assert tiny.run_it(project, "--json") == 0
    assert json.loads(capfd.readouterr().out)["current_changed"] is False


def test_without_a_publish_step_nothing_is_run_and_current_stays(project, capfd):
    first = tiny.current(project)
    tiny.write_pipeline(project, tiny.content(steps=tiny.maps_and_tables()[:-1]))
    assert tiny.run_it(project) == ConfigError.exit_code
    assert "publish step" in capfd.readouterr().err
    assert tiny.current(project) == first


# --- again ----------------------------------------------------------------------------------------


def test_the_second_run_does_nothing(project, capfd):
    before, current = without_lock(state_of(project)), tiny.current(project)
    assert tiny.run_it(project) == 0
    printed = capfd.readouterr()
    assert printed.out.startswith("nothing to do")
    assert str(current) in printed.out
    assert "tiles to compute" not in printed.err
    assert without_lock(state_of(project)) == before
    assert tiny.current(project) == current


def test_the_second_run_says_so_to_a_machine(project, capfd):
    assert tiny.run_it(project, "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert said["already_published"] is True
    assert said["tiles_computed"] == 0
    assert said["release"] == str(tiny.current(project))


def test_another_folder_and_newer_file_times_change_nothing(project, tmp_path, capfd):
    moved = tmp_path / "elsewhere" / "project"
    moved.parent.mkdir()
    project.rename(moved)
    for path in moved.rglob("scenes/**/*"):
        os.utime(path)
    assert tiny.run_it(moved) == 0
    assert capfd.readouterr().out.startswith("nothing to do")


def test_a_changed_parameter_makes_another_release_and_the_old_one_stays(project):
    (first,) = tiny.releases(project)
    steps = tiny.maps_and_tables()
    steps[-2]["cell_m"] = 200
    tiny.write_pipeline(project, tiny.content(steps=steps))
    assert tiny.run_it(project) == 0
    second = tiny.current(project).name
    assert tiny.releases(project) == sorted([first, second])
    assert first != second
    record = tiny.record(project)
    assert record["tiles_reused"] == 8, "the composites are still right"
    for release in (first, second):
        assert run(["verify", str(project / "outputs/tiny/releases" / release)]) == 0

    tiny.write_pipeline(project, tiny.content(steps=tiny.maps_and_tables()))
    assert tiny.run_it(project) == 0
    assert tiny.current(project).name == first, "the first release fits again"


def test_a_new_scene_recomputes_only_the_tiles_that_it_touches(project):
    north_west = {band: values[:60, :60] for band, values in tiny.forest().items()}
    tiny.write_scene(
        project, "2024-07-20", bands=north_west, scl=np.full((60, 60), tiny.VEGETATION, np.uint8)
    )
    assert tiny.run_it(project) == 0
    record = tiny.record(project)
    names = {tile["tile"] for tile in record["tiles"]}
    assert names == {"y-3702x00520"}
    assert (record["tiles_computed"], record["tiles_reused"]) == (2, 10)


def test_a_changed_scene_makes_another_release(project):
    (first,) = tiny.releases(project)
    brighter = {band: values + np.uint16(50) for band, values in tiny.forest().items()}
    tiny.write_scene(project, tiny.DAYS[-1], bands=brighter)
    assert tiny.run_it(project) == 0
    assert tiny.current(project).name != first


def test_a_damaged_release_is_made_again(project):
    (first,) = tiny.releases(project)
    for name in ("forest_class_20240601-20240915.tif", "manifest.json"):
        flip_a_bit(tiny.current(project) / name)
        assert tiny.run_it(project) == 0
        assert tiny.current(project).name == first
        assert run(["verify", str(project / "outputs" / "tiny")]) == 0


def test_a_damaged_tile_is_computed_again(project):
    stored = sorted((project / "outputs/tiny/state/tiles").rglob("*.tile"))
    flip_a_bit(stored[0])
    steps = tiny.maps_and_tables()
    steps[-2]["cell_m"] = 200
    tiny.write_pipeline(project, tiny.content(steps=steps))
    assert tiny.run_it(project) == 0
    assert run(["verify", str(project / "outputs" / "tiny")]) == 0


# --- what a run would do --------------------------------------------------------------------------


@pytest.mark.parametrize("fresh", [False, True])
def test_a_dry_run_writes_nothing(project, capfd, fresh):
    if fresh:
        for folder, _, _ in os.walk(project / "outputs"):
            os.chmod(folder, 0o755)  # noqa: PTH101  # a release is read-only
        shutil.rmtree(project / "outputs")
    before = state_of(project)
    assert tiny.run_it(project, "--dry-run") == 0
    text = capfd.readouterr().out
    for word in ("s_before: 2", "s_after: 3", "tiles: 4", "processing units: 0", "requests: 0"):
        assert word in text
    assert tiny.run_it(project, "--dry-run", "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert {"processing_units", "requests", "bytes", "scenes", "tiles", "reasons"} <= set(said)
    assert said["scenes"] == {"s_before": 2, "s_after": 3}
    assert said["tiles"] == 4
    assert said["tile_stages"] == (12 if fresh else 0)
    assert ("nothing to do" in said["reasons"][0]) is not fresh
    assert state_of(project) == before
    assert (project / "outputs").exists() is not fresh


# --- verify ---------------------------------------------------------------------------------------


def flip_a_bit(path):
    """Change one bit in the middle of a file, read-only or not."""
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("copied", [False, True])
def test_verify_finds_a_flipped_bit_here_and_in_a_copy(project, tmp_path, capfd, copied):
    release = tiny.current(project)
    if copied:
        release = shutil.copytree(release, tmp_path / "on a stick" / release.name)
    assert run(["verify", str(release)]) == 0
    assert "as published" in capfd.readouterr().out
    flip_a_bit(release / "cells.gpkg")
    assert run(["verify", str(release)]) == ALTERED
    printed = capfd.readouterr()
    assert "changed: cells.gpkg" in printed.err
    assert not printed.out


def test_verify_finds_missing_and_stray_files(project, tmp_path, capfd):
    release = shutil.copytree(tiny.current(project), tmp_path / "copy")
    release.chmod(0o755)
    (release / "cells.gpkg").unlink()
    (release / "notes.txt").write_text("see page 3")
    assert run(["verify", str(release)]) == ALTERED
    message = capfd.readouterr().err
    assert "missing: cells.gpkg" in message
    assert "stray: notes.txt" in message


def test_verify_refuses_a_folder_that_is_no_release(tmp_path):
    assert run(["verify", str(tmp_path)]) == ALTERED
    assert run(["verify", str(tmp_path / "nowhere")]) == 2


# --- the record -----------------------------------------------------------------------------------


def test_the_record_says_what_was_used_and_how_each_tile_went(published):
    record = tiny.record(published)
    after = record["scenes"]["s_after"]
    assert after["used"] == [f"scene_{day}" for day in tiny.DAYS[2:]]
    (refused,) = after["refused"]
    assert refused["id"] == "scene_2024-08-20"
    assert "CRS" in refused["reason"]
    assert record["scenes"]["s_before"]["period"] == "2021-06-01/2021-09-15"
    assert record["as_of"] == "2025-01-01"
    assert record["pipeline"]["on_failed_tile"] == "keep_old", "defaults are written out"
    assert {"habitat", "numpy", "GDAL"} <= set(record["versions"])
    tiles = {(tile["stage"], tile["tile"], tile["fault"]) for tile in record["tiles"]}
    assert len(tiles) == len(record["tiles"]) == 12
    assert {fault for _, _, fault in tiles} == {""}


def test_the_manifest_lists_the_record_without_a_hash(published):
    release = tiny.current(published)
    files = json.loads((release / "manifest.json").read_text())["files"]
    assert files["run.json"] == {"role": "record"}
    for name, entry in files.items():
        if name != "run.json":
            assert set(entry) == {"sha256", "size", "role"}, name
    on_disk = {p.relative_to(release).as_posix() for p in release.rglob("*") if p.is_file()}
    assert on_disk == {*files, "manifest.json"}


def test_released_files_are_read_only(published):
    release = tiny.current(published)
    for path in [release, *release.rglob("*")]:
        assert not path.stat().st_mode & 0o222, path


def test_current_says_the_same_as_link_and_as_text(published):
    root = published / "outputs" / "tiny"
    assert (root / "CURRENT").read_text().strip() == os.readlink(root / "current")  # noqa: PTH115


# --- as of ----------------------------------------------------------------------------------------


def test_as_of_cuts_what_is_newer(project):
    assert tiny.run_it(project, as_of="2024-07-15") == 0
    record = tiny.record(project)
    assert record["scenes"]["s_after"] == {
        "period": "2024-06-01/2024-07-15",
        "used": ["scene_2024-06-10", "scene_2024-07-10"],
        "without_mask": [],
        "outside_aoi": [],
        "refused": [],
    }
    with rasterio.open(tiny.current(project) / "n_valid_20240601-20240715.tif") as dataset:
        seen = dataset.read(1)
    assert seen[seen != 65_535].max() == 2


def test_a_later_as_of_date_that_sees_the_same_scenes_does_nothing(project, capfd):
    assert tiny.run_it(project, as_of="2026-03-01") == 0
    assert capfd.readouterr().out.startswith("nothing to do")
