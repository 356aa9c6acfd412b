"""Two runs that start together, and a run after the holder of the lock was killed."""

from .kills import KILLED
from .trials import DONE, GOOD, LOCKED, LOST, Bench, Group, Trial, chance, settled, worst

RACE = "two runs at once"
_ROUNDS = 10_000


def race(bench: Bench, case: str) -> Trial:
    """Start two runs at once; every other time one of them is killed."""
    folder = bench.spoilt("fresh")
    first, second = bench.described(folder), bench.described(folder)
    if int(case) % 2:
        instant = chance(RACE, case).uniform(0.3, bench.base.seconds)
        first = bench.described(folder, kill_after=instant)
    codes = sorted(ended.code for ended in bench.server.together([first, second]))
    seen = bench.base.seen(folder)
    verdict, detail = settled(bench, folder, seen, f"exit codes {codes}")
    allowed = [[DONE, LOCKED]]
    if int(case) % 2:  # the loser, or the holder, is the one that is killed
        allowed += [[KILLED, DONE], [KILLED, LOCKED]]
    if verdict == GOOD and codes not in allowed:
        verdict = LOST
    return Trial(RACE, case, codes != [DONE, DONE] or worst(seen) != GOOD or verdict != GOOD,
                 verdict, detail)  # fmt: skip


GROUPS = (Group(RACE, lambda _: map(str, range(_ROUNDS)), race),)
