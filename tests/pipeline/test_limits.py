"""Runs and tiles that take too long end by themselves, and signals are heard at once."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime

import numpy as np
import pytest
import tiny

from habitat.cli.run import parse_time
from habitat.domain.errors import PartialError, ResourceError
from habitat.pipeline.executor import Workers, executor
from habitat.pipeline.job import Job, plan_job
from habitat.pipeline.limits import time_limit
from habitat.pipeline.ops import TileOp
from habitat.pipeline.stages import Stage
from habitat.pipeline.tiles import StageWork, TileTask


def waits(inputs):
    """Take long in the northern tiles."""
    if inputs.window.row < -3701 * 64:
        time.sleep(inputs.config)
    return {"a": np.zeros(inputs.window.shape, np.uint8)}


@pytest.fixture
def stage(tmp_path):
    path = tiny.write_project(tmp_path)
    plan = plan_job(Job(path, None, date(2025, 1, 1), Workers(), datetime(2025, 1, 1, tzinfo=UTC)))
    work = StageWork(
        Stage(0, (TileOp("r", waits, 3.0),), (), ("r",), ()), plan.ctx.grid, plan.ctx.aoi,
        plan.ctx.source, {}, {}, tmp_path / "store", tmp_path,
    )  # fmt: skip
    return work, [TileTask(tile, f"{i:064x}", {}) for i, tile in enumerate(plan.tiles)]


def test_a_tile_that_hangs_in_a_thread_is_named_and_no_other_is_handed_out(stage):
    work, tasks = stage
    seen = []
    with executor(Workers(1), tile_s=0.3) as running, pytest.raises(ResourceError) as fault:
        running.run(work, tasks, seen.append)
    (stuck,) = [task for task in tasks if task.tile.name in str(fault.value)]
    assert "--processes" in str(fault.value)
    assert stuck.tile not in {outcome.tile for outcome in seen}
    time.sleep(3.5)
    stored = sorted(path.stem for path in (work.store_root).rglob("*.tile"))
    ended = {stuck.key, *(outcome.key for outcome in seen)}
    assert set(stored) == ended, "no tile was handed out after the stuck one"


def swallows_errors():
    """Do what a library might."""
    try:
        time.sleep(10)
    except Exception:  # noqa: BLE001  # the point of it
        time.sleep(10)


def test_the_time_of_a_run_ends_it_through_every_handler_of_errors():
    started = time.monotonic()
    with pytest.raises(PartialError, match=r"at most 0\.2 s"), time_limit(0.2):
        swallows_errors()
    assert time.monotonic() - started < 5
    with time_limit(0.1):
        pass
    time.sleep(0.2)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("0.5h", 1800)]
)
def test_times_are_read_with_their_unit(text, seconds):
    assert parse_time(text, "--max-time") == seconds


@pytest.mark.parametrize("text", ["", "2", "0s", "-1h", "2 weeks", "1e9s", "nan"])
def test_other_times_are_usage_errors(tmp_path, text, capfd):
    path = tiny.write_project(tmp_path, days=())
    assert tiny.run_it(tmp_path, "--max-time", text) == 2
    assert "--max-time" in capfd.readouterr().err
    assert path.is_file()


SLOW = """
import os, sys, time
from habitat.pipeline import tiles
whole = tiles._compute
def slow(work, task, **how):
    os.write(1, b"started\\n")  # one call: threads must not share a line
    time.sleep(60)
    return whole(work, task, **how)
tiles._compute = slow
from habitat.cli.main import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("number", "code", "outcome"),
    [(signal.SIGTERM, 143, "interrupted"), (signal.SIGINT, 130, "interrupted"),
     (None, 5, "failed")],
    ids=["term", "ctrl-c", "max-time"],
)  # fmt: skip
def test_a_run_with_busy_threads_ends_at_once_and_the_same_command_goes_on(
    tmp_path, number, code, outcome
):
    path = tiny.write_project(tmp_path)
    command = ["--log", "text", "run", str(path), "--as-of", "2025-01-01"]
    if number is None:
        command += ["--max-time", "8s"]
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, *command], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "started\n"
        begun = time.monotonic()
        if number is not None:
            os.kill(process.pid, number)
        assert process.wait(timeout=50) == code
        assert time.monotonic() - begun < 20
    record = (tmp_path / "outputs" / "tiny" / "state" / "last_run.json").read_text()
    assert f'"outcome": "{outcome}"' in record
    assert tiny.run_it(tmp_path) == 0
