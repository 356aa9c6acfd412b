from types import SimpleNamespace

import pytest

from habitat.domain.grid import Tile
from habitat.pipeline.attempts import ATTEMPTS, MIN_BUDGET, run_tiles
from habitat.pipeline.stages import Stage
from habitat.pipeline.tiles import Outcome, StageWork, TileTask


class Scripted:
    """An executor whose tiles fail as often as a table says; None: with a fault for good."""

    def __init__(self, failures):
        self.failures, self.rounds = dict(failures), []

    def run(self, work, tasks, progress):
        self.rounds.append((work.mark_failed, [task.tile.ix for task in tasks]))
        outcomes = [self._one(work, task) for task in tasks]
        for outcome in outcomes:
            progress(outcome)
        return outcomes

    def _one(self, work, task):
        if work.mark_failed:
            return Outcome(task.tile, f"marked {task.key}", 0.1)
        left = self.failures.get(task.tile.ix, 0)
        if left is None:
            return Outcome(task.tile, "", 0.1, "no quota", 7)
        self.failures[task.tile.ix] = left - 1
        return (
            Outcome(task.tile, "", 0.1, "lost", 6, again=True)
            if left > 0
            else Outcome(task.tile, task.key, 0.1)
        )


def tasks(count):
    return [TileTask(Tile(0, col), f"key {col}", {}) for col in range(count)]


@pytest.fixture
def work():
    stage = Stage(0, (), (), (), ())
    nothing = SimpleNamespace()
    return StageWork(stage, nothing, nothing, nothing, {}, {}, nothing, nothing)


def test_only_the_failed_tile_is_tried_again(work):
    executor = Scripted({2: 1})
    outcomes = run_tiles(executor, work, tasks(4), lambda _: None)
    assert executor.rounds == [(False, [0, 1, 2, 3]), (False, [2])]
    assert [outcome.tile.ix for outcome in outcomes] == [0, 1, 2, 3]
    assert [outcome.attempts for outcome in outcomes] == [1, 1, 2, 1]
    assert not any(outcome.fault for outcome in outcomes)


def test_a_tile_that_always_fails_is_tried_three_times_and_keeps_its_cause(work):
    outcomes = run_tiles(Scripted({1: 99}), work, tasks(3), lambda _: None)
    assert [(o.fault, o.attempts, o.key) for o in outcomes] == [
        ("", 1, "key 0"), ("lost", ATTEMPTS, ""), ("", 1, "key 2"),
    ]  # fmt: skip


def test_a_fault_that_no_attempt_can_mend_is_not_tried_again(work):
    executor = Scripted({0: None})
    (first, _) = run_tiles(executor, work, tasks(2), lambda _: None)
    assert len(executor.rounds) == 1
    assert (first.fault, first.exit_code, first.attempts) == ("no quota", 7, 1)


def test_the_budget_bounds_what_is_tried_again(work):
    executor = Scripted(dict.fromkeys(range(50), 99))
    run_tiles(executor, work, tasks(50), lambda _: None)
    assert sum(len(cols) for _, cols in executor.rounds) == 50 + MIN_BUDGET


def test_failed_tiles_are_marked_only_after_the_last_attempt(work):
    from dataclasses import replace

    executor = Scripted({1: 99})
    outcomes = run_tiles(executor, replace(work, mark_failed=True), tasks(2), lambda _: None)
    assert executor.rounds == [(False, [0, 1]), (False, [1]), (False, [1]), (True, [1])]
    assert (outcomes[1].fault, outcomes[1].key) == ("lost", "marked key 1")
    assert outcomes[0].key == "key 0"
