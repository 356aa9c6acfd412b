"""The long set: every fault of every group, resumable.

    python -m tests.faults.campaign --out DIR --seconds N [--group NAME] [--guards]

Each trial is a line of DIR/trials.jsonl; what is there for the same code is not made again. The
groups take turns, and within a group the cases are shuffled by a fixed seed, so that any length of
time tries all parts. Ends with 1 if an output was lost, corrupt or silently wrong.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from habitat.pipeline.versions import code_digest

from . import alert_guards, damage, disk, guards, hostile, kills, large, locks
from .project import make_base
from .runs import fast_folder, server
from .trials import CORRUPT, GOOD, LOST, SILENT, WRONG_CODE, Bench, Group, Trial

GROUPS: tuple[Group, ...] = (
    *kills.GROUPS,
    *disk.GROUPS,
    *large.GROUPS,
    *locks.GROUPS,
    *damage.GROUPS,
    *hostile.GROUPS,
)
SEED = 20260101
#: Cases of one group that are made before the next has its turn.
TURN = 5


def main(args: Sequence[str] | None = None) -> int:
    """Make trials until the time is over; print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True, help="folder of trials.jsonl")
    parser.add_argument("--seconds", type=float, default=480.0, help="wall time to spend")
    parser.add_argument("--group", action="append", help="only this group; may be repeated")
    parser.add_argument("--guards", action="store_true", help="then remove guards, and be naive")
    options = parser.parse_args(args)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "trials.jsonl"
    groups = [g for g in GROUPS if not options.group or g.name in options.group]
    code, until = code_digest(), time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder, server() as runs:
        bench = Bench(runs, make_base(Path(folder), runs), Path(folder) / "work")
        bench.work.mkdir()
        done = {(line["group"], line["case"]) for line in read(path, code)}
        with path.open("a", encoding="utf-8") as out:
            for trial in trials(bench, groups, done):
                out.write(json.dumps({"code": code, **asdict(trial)}) + "\n")
                out.flush()
                if time.monotonic() > until:
                    break
        worst = report(read(path, code))
        if options.guards:
            show_guards(bench)
    return worst


def show_guards(bench: Bench) -> None:
    """Print what the same faults do to a naive writer, and to habitat with guards removed."""
    found = Counter(
        trial.verdict if trial.fired else "not fired"
        for trial in trials(bench, [guards.NAIVE_GROUP], set())
    )
    _say(f"{guards.NAIVE}: {summary(found)}")
    caught, of = guards.guards_caught(bench, _say)
    for name in alert_guards.ALERT_GUARDS:
        seen = alert_guards.caught(name, bench.work)
        _say(f"{name}: {seen or 'not noticed'}")
        caught, of = caught + bool(seen), of + 1
    _say(f"{caught} of {of} removed guards caught")


def read(path: Path, code: str) -> list[dict]:
    """Return the trials of a file that were made with this code."""
    if not path.is_file():
        return []
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [line for line in lines if line["code"] == code]


def trials(bench: Bench, groups: Sequence[Group], done: set[tuple[str, str]]) -> Iterator[Trial]:
    """Yield trials that are not done yet, some of each group in turn."""
    waiting = {group: _shuffled(group, bench, done) for group in groups}
    while waiting:
        for group in list(waiting):
            for _ in range(TURN):
                case = next(waiting[group], None)
                if case is None:
                    del waiting[group]
                    break
                yield group.make(bench, case)


def _shuffled(group: Group, bench: Bench, done: set[tuple[str, str]]) -> Iterator[str]:
    cases = list(group.cases(bench))
    random.Random(SEED).shuffle(cases)
    return (case for case in cases if (group.name, case) not in done)


def report(lines: Iterable[dict]) -> int:
    """Print the counts by group, and what went wrong; return the exit code."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    wrong = []
    for line in lines:
        if line["fired"]:
            groups[line["group"]][line["verdict"]] += 1
            groups["all"][line["verdict"]] += 1
            wrong += [line] if line["verdict"] != GOOD else []
        else:
            groups[line["group"]]["not fired"] += 1
    order = [*(group.name for group in GROUPS if group.name in groups), "all"]
    _say(f"seed {SEED}")
    for name in order:
        _say(f"{name}: {summary(groups[name])}")
    for line in wrong[:40]:
        _say(f"{line['verdict']}: {line['group']} {line['case']}: {line['detail']}")
    return 1 if any(line["verdict"] != WRONG_CODE for line in wrong) else 0


def summary(found: Counter[str]) -> str:
    """Return ``N fired; 0 lost, 0 corrupt, 0 silently wrong``, and what else there was."""
    fired = sum(count for verdict, count in found.items() if verdict != "not fired")
    bad = ", ".join(f"{found[verdict]} {verdict}" for verdict in (LOST, CORRUPT, SILENT))
    more = "".join(f"; {found[v]} {v}" for v in (WRONG_CODE, "not fired") if found[v])
    return f"{fired} fired; {bad}{more}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
