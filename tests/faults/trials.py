"""What one injected fault did."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from . import project
from .project import Base
from .runs import Ended, Run, Server

GOOD, WRONG_CODE = "good", "wrong code"
#: Verdicts that must never be met, by what a user would call them.
LOST, CORRUPT, SILENT = "lost", "corrupt", "silently wrong"
DONE, RESOURCE, LOCKED, UNSOUND = 0, 10, 9, 12


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault.

    Attributes
    ----------
    group, case : str
        Which; the two are enough to repeat it.
    fired : bool
        Whether the fault happened; a kill after the end or a call that was never made did not.
    verdict : str
        ``good``, ``lost``, ``corrupt``, ``silently wrong`` or ``wrong code``.
    detail : str
        What was seen.
    """

    group: str
    case: str
    fired: bool
    verdict: str
    detail: str


@dataclass(frozen=True, slots=True)
class Bench:
    """What trials are made with.

    Attributes
    ----------
    server : Server
        Makes the runs.
    base : Base
        Projects to copy and spoil.
    work : Path
        Where the copies go.
    mutant : str
        Name of the guard that is removed from the run with the fault; empty for none.
    """

    server: Server
    base: Base
    work: Path
    mutant: str = ""

    def spoilt(self, state: str) -> Path:
        """Return a copy of a project."""
        return self.base.copy(state, self.work / "project")

    def run(self, folder: Path, *options: str, **fault: object) -> Ended:
        """Run the project, with what was removed and what shall fail."""
        return self.server.run(self.described(folder, *options, **fault))

    def described(self, folder: Path, *options: str, **fault: object) -> Run:
        """Return the description of a run."""
        settings = {"mutant": self.mutant, "output": str(self.work / "output")} | fault
        return Run(project.command(folder, *options), **settings)  # type: ignore[arg-type]

    def fired(self) -> Path:
        """Return a new file for the faults that fired."""
        path = self.work / "fired"
        path.unlink(missing_ok=True)
        return path


def chance(group: str, case: str) -> random.Random:
    """Return the random numbers of a case: the same each time."""
    return random.Random(f"{group} {case}")


def worst(seen: str) -> str:
    """Return the verdict on what a reader saw."""
    if seen in {"old", "new"}:
        return GOOD
    if seen.startswith("lost"):
        return LOST
    return CORRUPT if seen.startswith("corrupt") else SILENT


def settled(bench: Bench, folder: Path, seen: str, note: str) -> tuple[str, str]:
    """Return verdict and detail: whole now, and whole and new after the same command again."""
    if worst(seen) != GOOD:
        return worst(seen), f"{note}; a reader saw {seen}"
    again = bench.server.run(Run(project.command(folder), output=str(bench.work / "output")))
    after = bench.base.seen(folder)
    if worst(after) != GOOD:
        return worst(after), f"{note}; after the same command again a reader saw {after}"
    if again.code != DONE or after != "new":
        return LOST, f"{note}; the same command again ended with {again.code} and {after}"
    left = [path.name for path in project.outputs(folder).rglob(".tmp-*")]
    if left:
        return LOST, f"{note}; {left[0]} was left"
    return GOOD, f"{note}; {seen} release whole, then new"


Cases = Callable[[Bench], Iterable[str]]
Make = Callable[[Bench, str], Trial]


@dataclass(frozen=True, slots=True)
class Group:
    """A kind of fault: how to list its cases and how to make one."""

    name: str
    cases: Cases
    make: Make
