"""Two runs that start together, and a run after the holder of the lock was killed."""

from .kills import KILLED
from .trials import DONE, GOOD, LOCKED, LOST, Bench, Group, Trial, chance, settled

RACE = "two runs at once"
_ROUNDS = 10_000


def race(bench: Bench, case: str) -> Trial:
    """Start two runs at once; every other time one of them is killed."""
    folder, output = bench.spoilt("fresh"), bench.work / "output"
    output.unlink(missing_ok=True)
    first, second = bench.described(folder), bench.described(folder)
    killing = int(case) % 2 == 1
    if killing:
        instant = chance(RACE, case).uniform(0.3, bench.base.seconds)
        first = bench.described(folder, kill_after=instant)
    codes = sorted(ended.code for ended in bench.server.together([first, second]))
    in_turn = "already published" in output.read_text()  # the second came when all was done
    verdict, detail = settled(bench, folder, bench.base.seen(folder), f"exit codes {codes}")
    allowed = [[DONE, LOCKED]] + ([[KILLED, DONE], [KILLED, LOCKED]] if killing else [])
    if verdict == GOOD and codes not in allowed and not in_turn:
        verdict = LOST
    return Trial(RACE, case, not in_turn, verdict, detail)


GROUPS = (Group(RACE, lambda _: map(str, range(_ROUNDS)), race),)
