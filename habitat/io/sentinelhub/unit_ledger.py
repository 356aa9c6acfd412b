"""Processing units spent, month by month: the quota is the account's, not the run's."""

import json
import os
import threading
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from habitat.domain.processing_units import Bill
from habitat.io.durable import local_resources


@dataclass
class UnitLedger:
    """A file with one line per paid answer.

    Attributes
    ----------
    path : Path
        JSON lines, appended and flushed; a line that a crash cut short is not counted.
    today : date
        A run counts in the month in which it began.
    """

    path: Path
    today: date
    _run: Bill = field(default_factory=Bill, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def run(self) -> Bill:
        """What this run has spent."""
        return self._run

    def month(self) -> Bill:
        """Return what was spent in this calendar month, this run included."""
        total = Bill()
        for line in self._lines():
            if line.get("month") == f"{self.today:%Y-%m}":
                total += Bill(float(line["units"]), 1, int(line["bytes"]))
        return total

    def note(self, order_key: str, spent: Bill) -> None:
        """Write down one paid answer, before its pixels are used.

        Raises
        ------
        ResourceError
            If it cannot be written: units that nobody counts must not be spent.
        """
        line = {
            "month": f"{self.today:%Y-%m}",
            "order": order_key,
            "units": round(spent.units, 6),
            "bytes": spent.bytes,
        }
        with self._lock:
            with local_resources("writing", self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                _append(self.path, json.dumps(line) + "\n")
            self._run += spent

    def _lines(self) -> list[dict[str, Any]]:
        if not self.path.is_file():
            return []
        with local_resources("reading", self.path):
            text = self.path.read_text("utf-8")
        found = []
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and {"month", "units", "bytes"} <= entry.keys():
                found.append(entry)
        return found


def _append(path: Path, line: str) -> None:
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                line = "\n" + line  # a crash cut the last line short: never join two
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())
