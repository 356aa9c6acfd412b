"""A short seeded set of the campaign: nothing is lost, corrupt or silently wrong."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from . import disk, guards, kills, large
from .campaign import GROUPS
from .project import make_base
from .runs import compiler, fast_folder, server
from .trials import CORRUPT, GOOD, SILENT, Bench

pytestmark = pytest.mark.skipif(
    compiler() is None, reason="faults are injected by a shim that gcc compiles"
)
#: Cases of each group: the first two, or every k-th of a list of calls.
FIRST = 2
STEP = {
    kills.EVERY_CALL: 140,
    disk.FULL: 260,
    disk.FAILING: 190,
    disk.TILES: 40,
    disk.LYING: 230,
    large.LARGE: 45,
}


@pytest.fixture(scope="module")
def bench():
    """A server, and the projects to spoil."""
    with TemporaryDirectory(dir=fast_folder()) as name, server() as runs:
        folder = Path(name)
        (folder / "work").mkdir()
        yield Bench(runs, make_base(folder, runs), folder / "work")


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_fault_leaves_the_old_or_the_new_release_and_the_command_again_mends(bench, group):
    cases = list(group.cases(bench))
    chosen = cases[1 :: STEP[group.name]] if group.name in STEP else cases[:FIRST]
    trials = [group.make(bench, case) for case in chosen]
    assert any(trial.fired for trial in trials)
    assert [trial for trial in trials if trial.fired and trial.verdict != GOOD] == []


@pytest.mark.parametrize(
    "name",
    [
        "verify compares sizes and not hashes",
        "the checksum of a scene is not in the key",
        "a file is not compared with the checksum that its item declares",
    ],
)
def test_a_removed_guard_is_noticed(bench, name):
    trial = guards.noticed(bench, name)
    assert trial is not None
    assert guards.holds(bench, name, trial)


def test_the_naive_writer_is_caught_by_the_same_faults(bench):
    cases = list(guards.NAIVE_GROUP.cases(bench))
    trials = [guards.naive_trial(bench, case) for case in cases[::4]]
    assert {trial.verdict for trial in trials if trial.fired} & {CORRUPT, SILENT}
