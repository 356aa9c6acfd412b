"""A dry run names what a run then computes, tile by tile, and why."""

import json
import logging
import shutil

import numpy as np
import pytest
import tiny
from test_rerun import state_of

NORTH_WEST, NORTH_EAST, SOUTH_WEST, SOUTH_EAST = (
    "y-3702x00520",
    "y-3702x00521",
    "y-3701x00520",
    "y-3701x00521",
)
ALL = {NORTH_WEST, NORTH_EAST, SOUTH_WEST, SOUTH_EAST}


@pytest.fixture(autouse=True)
def _log_handlers():
    root = logging.getLogger()
    before = root.handlers[:]
    yield
    root.handlers = before


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "project"
    tiny.write_project(folder, steps=tiny.maps_and_tables())
    write_corner(folder)
    assert tiny.run_it(folder) == 0
    return folder


@pytest.fixture
def project(published, tmp_path, capfd):
    folder = tmp_path / "project"
    shutil.copytree(published, folder, symlinks=True)
    capfd.readouterr()
    return folder


def write_corner(folder, item_id="corner", brighter=0, **options):
    """Write a scene that touches the north-western tile alone."""
    bands = {band: values[:60, :60] + np.uint16(brighter) for band, values in tiny.forest().items()}
    scl = np.full((60, 60), tiny.VEGETATION, np.uint8)
    return tiny.write_scene(folder, "2024-07-20", bands=bands, scl=scl, item_id=item_id, **options)


def foretold(folder, capfd):
    """Return what a dry run foretells, ``{(results, tile): reasons}``; it writes nothing."""
    before = state_of(folder)
    capfd.readouterr()
    assert tiny.run_it(folder, "--dry-run", "--json") == 0
    said = json.loads(capfd.readouterr().out)
    assert state_of(folder) == before
    assert said["tile_stages"] == len(said["computations"])
    return {(one["results"], one["tile"]): set(one["reasons"]) for one in said["computations"]}


def computed(folder):
    """Run, and return the tiles that were computed, with how often."""
    assert tiny.run_it(folder) == 0
    return sorted(tile["tile"] for tile in tiny.record(folder)["tiles"])


def reasons_of(said):
    return set().union(*said.values())


def test_a_first_run_computes_everything(project, capfd):
    shutil.rmtree(project / "outputs" / "tiny" / "state")
    (project / "outputs" / "tiny" / "current").unlink()
    said = foretold(project, capfd)
    assert reasons_of(said) == {"never computed"}
    assert {tile for _, tile in said} == ALL


def test_a_replaced_scene_recomputes_exactly_its_tiles(project, capfd):
    write_corner(project, brighter=40)
    said = foretold(project, capfd)
    assert {tile for _, tile in said} == {NORTH_WEST}
    assert reasons_of(said) == {
        "re-processed scene corner",
        "upstream changed: image_after",
    }
    assert computed(project) == sorted(tile for _, tile in said)
    assert foretold(project, capfd) == {}


def test_a_withdrawn_scene_recomputes_exactly_its_tiles(project, capfd):
    shutil.rmtree(project / "scenes" / "corner")
    said = foretold(project, capfd)
    assert {tile for _, tile in said} == {NORTH_WEST}
    assert "withdrawn scene corner" in reasons_of(said)
    assert computed(project) == sorted(tile for _, tile in said)


def test_a_new_scene_recomputes_exactly_its_tiles(project, capfd):
    write_corner(project, item_id="another")
    said = foretold(project, capfd)
    assert {tile for _, tile in said} == {NORTH_WEST}
    assert "new scene another" in reasons_of(said)
    assert computed(project) == sorted(tile for _, tile in said)


def test_a_newer_baseline_is_the_same_scene_again(project, capfd):
    view = {
        "platform": "sentinel-2a",
        "s2:datatake_id": "GS2A_20240720T021529_040000",
        "s2:mgrs_tile": "52TFN",
    }
    write_corner(project, brighter=20, properties=view | {"s2:processing_baseline": "03.00"})
    assert tiny.run_it(project) == 0
    write_corner(
        project,
        item_id="corner_again",
        brighter=40,
        properties=view | {"s2:processing_baseline": "03.01"},
    )
    said = foretold(project, capfd)
    assert "re-processed scene corner -> corner_again" in reasons_of(said)
    assert {tile for _, tile in said} == {NORTH_WEST}
    assert computed(project) == sorted(tile for _, tile in said)


def test_a_changed_parameter_recomputes_what_depends_on_it(project, capfd):
    steps = tiny.maps_and_tables()
    steps[-2]["cell_m"] = 200
    tiny.write_pipeline(project, tiny.content(steps=steps))
    said = foretold(project, capfd)
    assert reasons_of(said) == {"changed parameter cells.counts.cell_grid.cell_m"}
    assert {results for results, _ in said} == {"forest_before, forest_after, change, cells.counts"}
    assert {tile for _, tile in said} == ALL
    assert computed(project) == sorted(tile for _, tile in said)


def test_another_model_recomputes_the_maps_and_no_composite(project, capfd):
    path = project / "models" / "tiny.json"
    tiny.write_tiny_model(path, weights_seed=2)
    said = foretold(project, capfd)
    assert {"changed model forest_before.model", "changed model forest_after.model"} <= reasons_of(
        said
    )
    assert not [results for results, _ in said if "image" in results]
    assert computed(project) == sorted(tile for _, tile in said)


def test_another_version_of_a_library_recomputes_everything(project, capfd, monkeypatch):
    from habitat.pipeline import keys, ledger

    versions = keys.library_versions() | {"numpy": "99"}
    monkeypatch.setattr(keys, "library_versions", lambda: versions)
    monkeypatch.setattr(ledger, "library_versions", lambda: versions)
    said = foretold(project, capfd)
    assert {tile for _, tile in said} == ALL
    assert any(reason.startswith("changed version of numpy: ") for reason in reasons_of(said))


@pytest.mark.parametrize("how", ["removed", "damaged"])
def test_a_missing_result_is_made_again_and_nothing_after_it(project, capfd, how):
    stored = sorted((project / "outputs/tiny/state/tiles").rglob("*.tile"))[0]
    release = tiny.current(project)
    for folder in (release, *(path for path in release.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    shutil.rmtree(release)
    if how == "removed":
        stored.unlink()
    else:
        stored.write_bytes(stored.read_bytes()[:-1])
    said = foretold(project, capfd)
    assert list(said.values()) == [{"missing result"}]
    assert computed(project) == [tile for _, tile in said]


@pytest.mark.parametrize("content", [b"", b"{", b'{"stages": {"a": 1}, "merges": {}}', b"[]"])
def test_a_damaged_ledger_costs_reasons_and_nothing_else(project, capfd, content):
    (project / "outputs/tiny/state/ledger.json").write_bytes(content)
    write_corner(project, brighter=40)
    said = foretold(project, capfd)
    assert NORTH_WEST in {tile for _, tile in said}
    assert reasons_of(said) == {"never computed"}
    assert set(computed(project)) == {NORTH_WEST}


def test_the_text_names_totals_tiles_and_reasons(project, capfd):
    write_corner(project, brighter=40)
    assert tiny.run_it(project, "--dry-run") == 0
    text = capfd.readouterr().out
    assert "re-processed scene corner: " in text
    assert NORTH_WEST in text
    assert SOUTH_EAST not in text
