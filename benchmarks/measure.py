"""What a command costs: CPU of its whole process tree, wall time, peak memory over all of it."""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

#: How often memory is looked at [s].
_EVERY_S = 0.02


@dataclass(frozen=True)
class Cost:
    """CPU (user and system) and wall time [s], peak of resident memory summed [MiB]."""

    cpu_s: float
    wall_s: float
    peak_mib: float


def run(command: Sequence[str], *, cwd: Path | None = None, log: Path | None = None) -> Cost:
    """Run a command to its end and return what it cost.

    CPU is that of ``wait4``: the process and all descendants that it waited for. Pages that
    processes share count in each.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails; its output stands in ``log``.
    """
    with (log or Path(os.devnull)).open("wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=subprocess.STDOUT)
        peak = [0.0]
        watch = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(usage.ru_utime + usage.ru_stime, wall, peak[0])


def _watch(pid: int, peak: list[float]) -> None:
    try:
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            tree = [root, *root.children(recursive=True)]
            peak[0] = max(peak[0], sum(map(_rss, tree)) / 2**20)
            time.sleep(_EVERY_S)
    except psutil.Error:
        return


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def race(contestants: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, dict[str, float]]:
    """Run all contestants in turn, round by round, and return their medians.

    Machines drift: contestants of one round meet the same weather, so ratios are trusted more
    than seconds.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, contestant in contestants.items():
            cost = contestant()
            costs[name].append(cost)
            print(f"round {number + 1} {name:24} {cost}", file=sys.stderr, flush=True)
    return {name: medians(found) for name, found in costs.items()}


def medians(costs: Sequence[Cost]) -> dict[str, float]:
    """Return the median of each figure, and the spread of CPU."""
    rows = [asdict(cost) for cost in costs]
    out = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    cpu = [row["cpu_s"] for row in rows]
    return {**out, "cpu_min_s": min(cpu), "cpu_max_s": max(cpu), "rounds": float(len(rows))}


def table(results: Mapping[str, Mapping[str, float]], unit: str) -> str:
    """Return the medians as text, with CPU as a multiple of that of ``unit``."""
    one = results[unit]["cpu_s"] if unit in results else float("nan")
    lines = [f"{'':24} {'CPU s':>8} {'wall s':>8} {'peak MiB':>9} {'x ' + unit:>10}"]
    lines += [
        f"{name:24} {r['cpu_s']:8.2f} {r['wall_s']:8.2f} {r['peak_mib']:9.0f} "
        f"{r['cpu_s'] / one:10.2f}"
        for name, r in results.items()
    ]
    return "\n".join(lines)
