"""How many requests a run sent and how many bytes came, over all its threads and processes."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from habitat.domain.processing_units import Bill
from habitat.io.durable import local_resources

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class RequestLog:
    """A file with one line per request: the bytes of its answer.

    It is written by appending, so that workers need not know of each other. A count that cannot be
    written is lost: nothing is paid here.

    Attributes
    ----------
    path : Path
        Emptied when a run begins.
    """

    path: Path

    def start(self) -> None:
        """Begin to count anew."""
        if self.path.exists():
            with local_resources("emptying", self.path):
                self.path.unlink()

    def note(self, n_bytes: int) -> None:
        """Count one request."""
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, _APPEND, 0o644)
            try:
                os.write(handle, f"{n_bytes}\n".encode())
            finally:
                os.close(handle)

    def total(self) -> Bill:
        """Return the requests and bytes so far; a line that a crash cut short is not counted."""
        if not self.path.is_file():
            return Bill()
        with local_resources("reading", self.path):
            lines = self.path.read_text("ascii", "replace").splitlines()
        sizes = [int(line) for line in lines if line.isdecimal()]
        return Bill(requests=len(sizes), bytes=sum(sizes))
