"""The log of alerts: one line per change, only ever longer, each line sealed with those before it.

A line is ``SHA-256 JSON``; the digest covers the line before, so that a changed, lost or moved line
is found. A line without its end is what a kill or a full disk left of an append that never came to
be: it is cut off by the next one.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from habitat.domain.errors import LockError, VerificationError
from habitat.domain.fire_alert import Ack, AlertLog, Evaluated, Record, Refused, Report, Sent
from habitat.io.durable import atomic_write_bytes, fsync_path, local_resources

_KINDS: dict[str, TypeAdapter[Record]] = {
    kind.__name__.lower(): TypeAdapter(kind) for kind in (Evaluated, Ack, Report, Sent, Refused)
}
_DIGEST_LENGTH = 64


@contextmanager
def alerts_held(path: Path) -> Iterator[None]:
    """Hold the log of alerts, from reading to writing; the lock dies with the process.

    Raises
    ------
    LockError
        At once, if another run holds it.
    """
    beside = path.with_name(f"{path.name}.lock")
    with local_resources("opening", beside):
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(fd, path)
        yield
    finally:
        os.close(fd)


def _take(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockError(
            f"{path}: expected no other run, got one that follows these alerts now. Run the same "
            "command again when it has ended."
        ) from None


@dataclass(frozen=True, slots=True)
class _Read:
    """The good lines of a file: their records, their length [bytes], the last digest."""

    records: tuple[Record, ...]
    length: int
    digest: str
    fault: str


class AlertStore:
    """A log of alerts, read once and then written line by line; hold it with `alerts_held`.

    Attributes
    ----------
    log : AlertLog
        What all lines say.
    records : tuple
        The lines, for history.
    damage : str
        What was wrong with the file, mended by :meth:`mend`; empty if nothing was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = AlertLog()
        found = _read(path)
        self.damage = found.fault
        self.records, self._length, self._digest = found.records, found.length, found.digest
        for record in found.records:
            self.log = self.log.after(record)

    def mend(self) -> Path:
        """Keep a copy of a damaged file beside it and cut it back to its good lines.

        Raises
        ------
        VerificationError
            If no line is good: it may be another file.
        """
        if not self._length:
            raise VerificationError(
                f"{self.path}: expected a log of alerts, got a file with {self.damage}. Put back "
                "a copy, or move it away to start anew."
            )
        with local_resources("reading", self.path):
            body = self.path.read_bytes()
        name = f"{self.path.name}.damaged-{hashlib.sha256(body).hexdigest()[:8]}"
        atomic_write_bytes(self.path.with_name(name), body)
        atomic_write_bytes(self.path, body[: self._length])
        return self.path.with_name(name)

    def append(self, record: Record) -> None:
        """Add a line; after this returns it survives a kill and a power cut.

        Raises
        ------
        ResourceError
            If it cannot be written; the log is then as before.
        """
        kind = type(record).__name__.lower()
        body = b'{"%s":%s}' % (kind.encode(), _KINDS[kind].dump_json(record))
        digest = _sealed(self._digest, body)
        line = digest.encode() + b" " + body + b"\n"
        with local_resources("writing", self.path):
            self._write(line)
        self._length, self._digest = self._length + len(line), digest
        self.log = self.log.after(record)
        self.records = (*self.records, record)

    def _write(self, line: bytes) -> None:
        new = not self.path.exists()
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        fd = os.open(self.path, flags, 0o644)
        try:
            os.ftruncate(fd, self._length)  # a line without its end never came to be
            os.lseek(fd, self._length, os.SEEK_SET)
            try:
                while line:
                    line = line[os.write(fd, line) :]
                os.fsync(fd)
            except OSError:
                os.ftruncate(fd, self._length)
                raise
        finally:
            os.close(fd)
        if new:
            fsync_path(self.path.parent)


def _sealed(before: str, body: bytes) -> str:
    return hashlib.sha256(before.encode() + body).hexdigest()


def _read(path: Path) -> _Read:
    if not path.exists():
        return _Read((), 0, "", "")
    with local_resources("reading", path):
        lines = path.read_bytes().split(b"\n")[:-1]  # what stands after the last end is cut off
    records: list[Record] = []
    length, digest = 0, ""
    for number, line in enumerate(lines, start=1):
        body = line[_DIGEST_LENGTH + 1 :]
        if line[: _DIGEST_LENGTH + 1] != f"{_sealed(digest, body)} ".encode():
            return _Read(tuple(records), length, digest, f"another digest in line {number}")
        try:
            records.append(_record(body))
        except (ValidationError, ValueError):
            fault = f"no record of this version in line {number}"
            return _Read(tuple(records), length, digest, fault)
        length, digest = length + len(line) + 1, line[:_DIGEST_LENGTH].decode()
    return _Read(tuple(records), length, digest, "")


def _record(body: bytes) -> Record:
    kind, _, rest = body.removeprefix(b'{"').partition(b'":')
    if kind.decode("ascii", "replace") not in _KINDS:
        raise ValueError(f"expected one of {sorted(_KINDS)}, got {kind!r}")
    return _KINDS[kind.decode()].validate_json(rest.removesuffix(b"}"))
