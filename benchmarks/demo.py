"""Wall time, CPU time and peak memory of the demo, in a folder of its own.

    python -m benchmarks.demo            # threads
    python -m benchmarks.demo --processes

Memory is the sum of the resident sets of all processes of the run, sampled ten times a second, so
pages that they share count twice.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _resident(process: psutil.Process) -> int:
    total = 0
    for member in _family(process):
        try:
            total += member.memory_info().rss
        except psutil.Error:  # it ended between the listing and the question
            continue
    return total


def measure(command: list[str]) -> dict[str, float]:
    """Return exit code, wall and CPU seconds, and peak memory [MiB] of a command."""
    before = time.monotonic()
    used = psutil.Process().cpu_times()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, _resident(process))
        except psutil.Error:
            break
        time.sleep(0.1)
    code = process.wait()
    after = psutil.Process().cpu_times()
    cpu = (after.children_user + after.children_system) - (
        used.children_user + used.children_system
    )
    return {
        "exit": code,
        "wall_s": round(time.monotonic() - before, 1),
        "cpu_s": round(cpu, 1),
        "peak_mib": peak >> 20,
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("aoi", "models", "pipelines"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        pipeline = str(Path(folder) / "pipelines" / "demo.yaml")
        command = [sys.executable, "-m", "habitat", "run", pipeline, *sys.argv[1:]]
        print("first run ", measure(command))
        print("second run", measure(command))


if __name__ == "__main__":
    main()
