"""Many random schedules of faults of a STAC service, counted; not part of the tests.

python tests/whole/stac_schedules.py FOLDER FIRST LAST [SHARE]   seeds FIRST to LAST - 1

FOLDER/schedules.txt gets one line per seed; a seed that is there is not run again.
"""

import shutil
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "io")]

import stac_served as served  # noqa: E402  # found by the line above
import tiny  # noqa: E402

from habitat.pipeline import stac as wiring  # noqa: E402

OLD, NEW = "2021-06-01/2021-09-15", "2024-06-01/2024-09-15"
GOOD_CODES = {5, 6}
TERMINATED = {130, 143}


def project(folder, url):
    """Write a project with an old release."""
    shutil.rmtree(folder, ignore_errors=True)
    tiny.write_aoi(folder)
    for period in (OLD, NEW):
        content = tiny.content(source=served.stac(url), steps=tiny.composites_only(period))
        tiny.write_pipeline(folder, content)
        if period == OLD and tiny.run_it(folder) != 0:
            raise SystemExit("the old release failed")
    shutil.rmtree(folder / "outputs" / "tiny" / "state" / "downloads")


def main(folder, first, last, share):
    """Run the schedules that are missing and print the counts."""
    wiring.BACKOFF_S = 0.001
    origin, log = folder / "origin", folder / "schedules.txt"
    if not origin.is_dir():
        days = ("2021-07-10", "2024-06-10", "2024-07-10")
        tiny.write_project(origin, days=days, steps=tiny.composites_only(NEW))
        tiny.run_it(origin)
    right = served.layers(origin)
    done = dict(line.split() for line in log.read_text().splitlines()) if log.exists() else {}
    with served.serving(origin / "scenes") as url:
        project(folder / "start", url)
        old = served.layers(folder / "start")
        for seed in range(first, last):
            if str(seed) in done:
                continue
            work = folder / "work"
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(folder / "start", work, symlinks=True)
            served.fail(origin / "scenes", seed=seed, share=share)
            code = tiny.run_it(work)
            (origin / "scenes" / "faults.json").unlink()
            if code in TERMINATED:
                break
            same = served.layers(work) == (right if code == 0 else old)
            sound = same and (code == 0 or code in GOOD_CODES)
            done[str(seed)] = f"exit-{code}" if sound else f"WRONG-{code}"
            with log.open("a") as out:
                out.write(f"{seed} {done[str(seed)]}\n")
    sys.stdout.write(f"{dict(Counter(done.values()))}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float((*sys.argv, "0.2")[4]))
