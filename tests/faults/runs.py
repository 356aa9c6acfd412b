"""Runs of habitat as processes of their own that a fault can be put into.

A server imports habitat once and forks one process per run, so that a run costs what it does and
not the three seconds of its imports. The interposer is preloaded into the server and all its
children; it does nothing until a child is told to.
"""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("interpose.c")
ROOT = Path(__file__).resolve().parents[2]
#: A run of the tiny project takes a second or two; one that takes so long hangs.
LIMIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes
    ----------
    args : tuple of str
        Of the command line; ``naive`` or ``large`` first: that writer instead of habitat.
    root, at, kind, calls, log : str, int, str, str, str
        Of the interposer; no fault where ``root`` is empty.
    kill_after : float or None
        SIGKILL so many seconds after the start.
    mutant : str
        Name of the guard to remove first.
    output : str
        File for stdout and stderr.
    """

    args: tuple[str, ...]
    root: str = ""
    at: int = 0
    kind: str = ""
    calls: str = ""
    log: str = ""
    kill_after: float | None = None
    mutant: str = ""
    output: str = os.devnull


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: exit code, or minus the signal; wall seconds."""

    code: int
    seconds: float


class Server:
    """The process that forks runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def together(self, runs: Sequence[Run]) -> list[Ended]:
        """Start runs at once and return how each ended."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps([asdict(run) for run in runs]) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError("the server of runs is gone")
        return [Ended(**ended) for ended in json.loads(line)]

    def run(self, run: Run) -> Ended:
        """Return how one run ended."""
        return self.together([run])[0]


@functools.cache
def compiler() -> str | None:
    """Return the C compiler, or None where there is none."""
    return shutil.which("gcc")


def fast_folder() -> str | None:
    """Return a folder in memory where there is one: a sync costs nothing there."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@contextmanager
def server() -> Iterator[Server]:
    """Yield a server with the interposer; it ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "interpose.so"
        build = [
            str(compiler()),
            "-O1",
            "-shared",
            "-fPIC",
            "-o",
            str(library),
            str(SOURCE),
            "-ldl",
        ]
        subprocess.run(build, check=True)
        env = {
            "LD_PRELOAD": str(library),
            "PATH": os.defpath,
            "HOME": folder,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-m", "tests.faults.runs"]
        with subprocess.Popen(
            command, cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            try:
                yield Server(process)
            finally:
                if process.stdin:
                    process.stdin.close()
                process.wait(timeout=LIMIT_SECONDS)


def _serve() -> None:
    _import_all()
    for line in sys.stdin:
        ended = _run_all([Run(**{**job, "args": tuple(job["args"])}) for job in json.loads(line)])
        sys.stdout.write(json.dumps([asdict(one) for one in ended]) + "\n")
        sys.stdout.flush()


def _import_all() -> None:
    """Import what a run imports; no thread may start here, since none survives a fork."""
    import habitat.cli.run
    import habitat.cli.verify
    import habitat.pipeline.job  # noqa: F401  # imported for the children


def _run_all(runs: Sequence[Run]) -> list[Ended]:
    started = time.monotonic()
    waiting = {_fork(run): index for index, run in enumerate(runs)}
    ended: dict[int, Ended] = {}
    while waiting:
        seconds = time.monotonic() - started
        for pid in list(waiting):
            index = waiting[pid]
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                ended[index] = Ended(os.waitstatus_to_exitcode(status), seconds)
                del waiting[pid]
            elif seconds > (runs[index].kill_after or LIMIT_SECONDS):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)
    return [ended[index] for index in range(len(runs))]


def _fork(run: Run) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = _child(run)
        finally:
            os._exit(code)
    return pid


def _child(run: Run) -> int:
    output = os.open(run.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for fd in (1, 2):
        os.dup2(output, fd)
    sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1)
    if run.mutant:
        from tests.faults import mutants

        mutants.remove_guard(run.mutant)
    if run.root:
        settings = {"AT": run.at, "KIND": run.kind, "CALLS": run.calls, "LOG": run.log}
        for name, value in settings.items():
            os.putenv(f"FAULT_{name}", str(value))
        os.putenv("FAULT_ROOT", run.root)
    if run.args[0] == "naive":
        from tests.faults import naive

        return naive.run(*run.args[1:])
    if run.args[0] == "large":
        from tests.faults import large

        return large.run(*run.args[1:])
    from habitat.cli.main import run as habitat_run

    return habitat_run(list(run.args))


if __name__ == "__main__":
    _serve()
