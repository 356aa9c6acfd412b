"""The whole chain: the naive baseline, habitat and the pure decode of the same bytes, in turn.

    python -m benchmarks.project DIR --referee FOLDER
    python -m benchmarks.race DIR --referee FOLDER [--rounds 3] [--only decode habitat ...]

The baseline makes one period a run, so its two runs count together; change, tables and styles are
work that habitat does beyond it.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Cost, race, run, table
from benchmarks.project import PERIODS

BASELINES = {"baseline": "baseline", "bottleneck": "baseline-bn", "prototype": "fast"}


def baseline(folder: Path, referee: Path, mode: str) -> Cost:
    """Run the referee's chain on each period and add up."""
    costs = []
    for period in PERIODS:
        data, out = folder / "scenes" / period, folder / "naive" / period
        command = [sys.executable, str(referee / "b7_e2e.py"), mode, "--data", str(data)]
        costs.append(run([*command, "--out", str(out)], log=folder / f"{mode}.log"))
    return Cost(
        sum(c.cpu_s for c in costs), sum(c.wall_s for c in costs), max(c.peak_mib for c in costs)
    )


def habitat(folder: Path, pipeline: str, workers: int) -> Cost:
    """Run a pipeline from nothing; with no workers in a plain loop without Dask."""
    outputs = folder / "outputs" / pipeline
    if outputs.exists():
        for path in outputs.rglob("*"):
            path.chmod(0o755)
        shutil.rmtree(outputs)
    command = [sys.executable, "-m", "habitat", "--log", "text", "run"]
    options = ["--as-of", "2022-12-31", "--workers", str(workers)]
    path = str(folder / "pipelines" / f"{pipeline}.yaml")
    if not workers:
        command, options = [sys.executable, "-m", "benchmarks.plain"], []
    return run([*command, path, *options], log=folder / f"{pipeline}.log")


def contestants(folder: Path, referee: Path) -> dict[str, Callable[[], Cost]]:
    """Return all that can be raced, by name."""
    decode = [sys.executable, "-m", "benchmarks.decode", str(folder / "scenes" / "all")]
    return {
        "decode": lambda: run(decode),
        "habitat": lambda: habitat(folder, "chain", 2),
        "habitat, 1 worker": lambda: habitat(folder, "chain", 1),
        "habitat, plain loop": lambda: habitat(folder, "chain", 0),
        "habitat with burns": lambda: habitat(folder, "burns", 2),
        "start": lambda: run([sys.executable, "-c", "import habitat.pipeline.job"]),
        **{
            name: (lambda mode=mode: baseline(folder, referee, mode))
            for name, mode in BASELINES.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--referee", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="contestants; all by default")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args()
    found = contestants(args.folder, args.referee)
    if unknown := set(args.only or ()) - set(found):
        parser.error(f"--only: expected some of {sorted(found)}, got {sorted(unknown)}")
    chosen = {name: one for name, one in found.items() if not args.only or name in args.only}
    results = race(chosen, args.rounds)
    print(table(results, "decode"))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
