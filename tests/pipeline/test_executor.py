"""Workers that die: only the tile that they computed is lost, and it is tried again."""

import os
import signal
import socket
import time
from datetime import UTC, date, datetime

import dask
import distributed
import numpy as np
import psutil
import pytest
import tiny

from habitat.domain.errors import RemoteError
from habitat.domain.grid import Tile
from habitat.io.release.tile_store import TileStore
from habitat.pipeline.attempts import ATTEMPTS, run_tiles
from habitat.pipeline.executor import Workers, executor
from habitat.pipeline.job import Job, plan_job
from habitat.pipeline.ops import TileOp
from habitat.pipeline.stages import Stage
from habitat.pipeline.tiles import Outcome, StageWork, TileTask

pytestmark = pytest.mark.slow


def dies(inputs):
    """Kill its own process, as a crash or the kernel would: once, or each time."""
    marker = inputs.project / f"died-{inputs.window.row}-{inputs.window.col}"
    if inputs.config == "stuck" and inputs.window.row < -3701 * 64:
        time.sleep(1000)
    if inputs.config == "always" and inputs.window.row < -3701 * 64:
        os.kill(os.getpid(), signal.SIGSEGV)
    if inputs.config == "once" and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"a": np.full(inputs.window.shape, 7, np.uint8)}


@pytest.fixture
def stage(tmp_path):
    path = tiny.write_project(tmp_path)
    plan = plan_job(Job(path, None, date(2025, 1, 1), Workers(), datetime(2025, 1, 1, tzinfo=UTC)))
    tasks = [TileTask(tile, f"{i:064x}", {}) for i, tile in enumerate(plan.tiles)]

    def work(how):
        op = TileOp(result="r", function=dies, config=how)
        return StageWork(
            Stage(0, (op,), (), ("r",), ()), plan.ctx.grid, plan.ctx.aoi, plan.ctx.source, {}, {},
            tmp_path / "store", tmp_path,
        )  # fmt: skip

    return work, tasks


def test_neighbours_in_both_directions_run_one_after_the_other(stage, monkeypatch):
    tiles = [Tile(iy, ix) for iy in range(-4, 0) for ix in range(3)]
    tasks = [TileTask(tile, "", {}) for tile in tiles]
    ran = []

    def run(_, task):
        ran.append((task.tile.iy, task.tile.ix))
        return Outcome(task.tile, "", 0.0)

    monkeypatch.setattr("habitat.pipeline.executor.run_tile", run)
    work, _ = stage
    with executor(Workers(1)) as running:
        outcomes = running.run(work("once"), tasks, lambda _: None)
    assert ran == [(top + i, ix) for top in (-4, -2) for ix in range(3) for i in range(2)]
    assert [outcome.tile for outcome in outcomes] == tiles


@pytest.mark.parametrize("count", [1, 2])
def test_a_worker_that_dies_under_every_tile_once_costs_one_attempt_each(stage, tmp_path, count):
    work, tasks = stage
    with executor(Workers(count, "processes")) as running:
        outcomes = run_tiles(running, work("once"), tasks, lambda _: None)
    assert [(o.fault, o.attempts) for o in outcomes] == [("", 2)] * 4
    for task in tasks:
        assert TileStore(tmp_path / "store").read(task.key)["r/a"].min() == 7


def test_workers_that_dask_does_not_bring_back_are_asked_for_again(stage, monkeypatch):
    async def leave_it(self, exitcode):
        """Do what a nanny does whose worker dies while it starts: nothing."""

    monkeypatch.setattr("habitat.pipeline.cluster._REVIVE_S", 2.0)
    monkeypatch.setattr(distributed.Nanny, "_on_worker_exit", leave_it)
    work, tasks = stage
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"}),
        executor(Workers(1, "processes")) as running,
    ):
        outcomes = run_tiles(running, work("once"), tasks[:1], lambda _: None)
    assert [(o.fault, o.attempts) for o in outcomes] == [("", 2)]


def test_a_cluster_without_workers_ends_the_run(stage, monkeypatch):
    monkeypatch.setattr("habitat.pipeline.cluster._NO_WORKER_S", 2.0)
    work, tasks = stage
    with (
        distributed.LocalCluster(
            n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        executor(Workers(1, "cluster", cluster.scheduler_address)) as running,
        pytest.raises(RemoteError, match="expected at least one, got none for 2 s"),
    ):
        running.run(work("never"), tasks, lambda _: None)


def test_a_tile_that_always_crashes_fails_alone_and_the_pool_survives(stage):
    work, tasks = stage
    with executor(Workers(2, "processes")) as running:
        first = run_tiles(running, work("always"), tasks, lambda _: None)
        again = run_tiles(running, work("never"), tasks, lambda _: None)
    crashed = [o for o in first if o.fault]
    assert len(crashed) == 2, "the northern tiles"
    assert {(o.attempts, o.key) for o in crashed} == {(ATTEMPTS, "")}
    assert all("worker died" in o.fault for o in crashed)
    assert not any(o.fault for o in again)


def test_a_tile_that_hangs_in_a_process_costs_its_worker_and_is_given_up(stage, monkeypatch):
    monkeypatch.setattr("habitat.pipeline.attempts.ATTEMPTS", 2)
    work, tasks = stage
    with executor(Workers(2, "processes"), tile_s=12) as running:
        outcomes = run_tiles(running, work("stuck"), tasks, lambda _: None)
    stuck = [o for o in outcomes if o.fault]
    assert len(stuck) == 2, "the northern tiles"
    assert {(o.attempts, o.exit_code, o.key) for o in stuck} == {(2, 5, "")}
    assert all("no end within 12 s" in o.fault for o in stuck)


def test_a_local_cluster_listens_on_loopback_only():
    with executor(Workers(1, "processes")):
        me = psutil.Process()
        places = {
            connection.laddr.ip
            for process in (me, *me.children(recursive=True))
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }
    assert places == {"127.0.0.1"}


@pytest.mark.parametrize(
    "address", ["nonsense", "http://host:1", "127.0.0.1:8786", "tcp://host", "tcp://:8786 x"]
)
def test_what_is_no_address_is_a_usage_error_before_any_work(tmp_path, address, capfd):
    path = tiny.write_project(tmp_path, days=())
    assert tiny.run_it(tmp_path, "--scheduler", address) == 2
    assert f"--scheduler: expected an address such as tcp://127.0.0.1:8786, got {address!r}" in (
        capfd.readouterr().err
    )
    assert path.is_file()


def test_a_scheduler_that_does_not_answer_is_a_service_that_does_not(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and nobody listens
        port = closed.getsockname()[1]
        fault = pytest.raises(RemoteError, match="expected a running Dask scheduler")
        with fault, executor(Workers(2, "cluster", f"tcp://127.0.0.1:{port}")):
            pass
