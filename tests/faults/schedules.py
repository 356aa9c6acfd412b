"""Faults of outside services in process: random schedules, and each fault at each call.

    python -m tests.faults.schedules --count 2000 --out DIR [--what stac] [--share 0.2]

A line of DIR/schedules.jsonl for each schedule; what is there for the same code is not made again.
A schedule is sound if the run ends with 0 and the release is the one without faults to the last
byte, or ends with a documented code, the old release is as it was, and the same command without
faults then gives the right one; if nothing but checked bodies is in the cache; and if no secret is
in any byte that was printed or written. A file of a scene that answers 404 is gone: its scene is
left out and named in the record, which is counted apart. Ends with 1 if anything else was met.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from habitat.pipeline.versions import code_digest

from . import services
from .replay import ENDING, PASSING, FakeTime, OnePlan, Plan, RandomPlan, Replay, asked_through
from .runs import fast_folder

DOCUMENTED = {5, 6, 7, 8}
TERMINATED = {130, 143}
SOUND = "sound"
#: A file of a scene that answers 404 is gone: the scene is left out, and the record names it. Early
#: detections that cannot be had are left out, and the brief says so.
LEFT_OUT = "what could not be had is left out and named"


def run_once(service: services.Service, plan: Plan, work: Path) -> dict:
    """Make one schedule; return what happened."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(service.start, work, symlinks=True)
    replay = Replay(service.answers, time_ := FakeTime(), plan)
    with asked_through(replay, time_.clock()):
        code, printed = service.run(work)
    verdict = judge(service, work, code)
    if services.leaks(service.secrets, work, printed):
        verdict = "leaked a secret"
    if replay.unknown:
        verdict = f"asked for what it does not need: {replay.unknown[0]}"
    if (code and verdict == SOUND) or verdict == LEFT_OUT:
        with asked_through(Replay(service.answers, FakeTime()), FakeTime().clock()):
            again, _ = service.run(work)
        if again or service.after(service.result(work)) != service.after(service.right):
            verdict = f"the command again ended with {again}"
    return {"code": code, "verdict": verdict, "fired": dict(replay.fired)}


def judge(service: services.Service, work: Path, code: int) -> str:
    """Return whether the outcome may be."""
    if code and code not in DOCUMENTED:
        return f"ended with {code}"
    got = service.result(work)
    if code and not service.stays(service.old, got, service.right):
        return "the old release changed"
    if not code and got != service.right:
        return LEFT_OUT if service.gone(work) else "silently wrong"
    if not service.cached(work) <= service.good_bodies:
        return "an unchecked body in the cache"
    return SOUND


def every_fault(service: services.Service) -> Iterator[tuple[str, OnePlan, bool]]:
    """Yield each fault at the first, middle and last request of each call site.

    The third value says whether the run must get over it.
    """
    for site, keys in service.sites().items():
        positions = {"first": keys[0], "middle": keys[len(keys) // 2], "last": keys[-1]}
        for where, key in positions.items():
            for kind in PASSING + service.also:
                passes = (site, kind) not in service.final
                yield f"{site}, {where}: {kind}", OnePlan(key, kind), passes
                yield f"{site}, {where}: {kind}, lasting", OnePlan(key, kind, lasting=True), False
            for kind in (*ENDING, *(kind for at, kind in service.only if at == site)):
                yield f"{site}, {where}: {kind}", OnePlan(key, kind), False


def main(args: list[str] | None = None) -> int:
    """Make the schedules that are missing; print the counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=2000, help="schedules of each service")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--what", action="append", choices=sorted(services.SERVICES))
    parser.add_argument("--every", action="store_true", help="each fault at each call instead")
    parser.add_argument("--fault", action="append", help="of --every, these alone")
    parser.add_argument("--seconds", type=float, default=540.0, help="wall time to spend")
    options = parser.parse_args(args)
    options.out.mkdir(parents=True, exist_ok=True)
    path, until = options.out / "schedules.jsonl", time.monotonic() + options.seconds
    done = {(line["what"], line["case"]): line for line in read(path)}
    for name in options.what or sorted(services.SERVICES):
        with (
            tempfile.TemporaryDirectory(dir=fast_folder()) as folder,
            services.SERVICES[name](Path(folder)) as service,
        ):
            for case, plan, must in cases(service, options):
                if (name, case) in done or time.monotonic() > until:
                    continue
                found = run_once(service, plan, Path(folder) / "work")
                if found["code"] in TERMINATED:
                    return found["code"]
                if must and found["code"]:
                    found["verdict"] = f"ended with {found['code']} and not with 0"
                done[name, case] = {"what": name, "case": case, "build": code_digest(), **found}
                with path.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(done[name, case]) + "\n")
    return tell(list(done.values()))


def cases(service: services.Service, options) -> Iterator[tuple[str, Plan, bool]]:
    """Yield what is asked for."""
    if options.every:
        for case, plan, must in every_fault(service):
            if not options.fault or plan.kind in options.fault:
                yield case, plan, must
        return
    for seed in range(options.first, options.first + options.count):
        yield f"{options.share:g}:{seed}", RandomPlan(seed, options.share, service.also), False


def read(path: Path) -> list[dict]:
    """Return the schedules made by this code."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    return [line for line in found if line["build"] == code_digest()]


def tell(lines: list[dict]) -> int:
    """Print counts; return 1 if a schedule is not sound."""
    for what in sorted({line["what"] for line in lines}):
        those = [line for line in lines if line["what"] == what]
        faults = sum(sum(line["fired"].values()) for line in those)
        codes = dict(sorted(Counter(line["code"] for line in those).items()))
        verdicts = dict(Counter(line["verdict"] for line in those))
        sys.stdout.write(f"{what}: {len(those)} made, {faults} faults, {codes}, {verdicts}\n")
    return any(line["verdict"] not in {SOUND, LEFT_OUT} for line in lines)


if __name__ == "__main__":
    sys.exit(main())
