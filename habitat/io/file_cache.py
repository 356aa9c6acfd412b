"""What tiles share of the files that they read: open handles and decoded blocks."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

#: What tells one version of a file from another: device, inode, size, time of change.
FileId = tuple[int, int, int, int]
_BlockKey = tuple[FileId, int, int, int]


def file_id(path: Path) -> FileId:
    """Return what tells this version of a file from another."""
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class HandlePool:
    """Open files that nobody reads at the moment: opening one costs more than many a read.

    A handle has one user at a time.

    Parameters
    ----------
    max_idle : int
        Most files that are kept open; the longest unused are closed.
    """

    def __init__(self, max_idle: int) -> None:
        self._max_idle, self._lock = max_idle, threading.Lock()
        self._idle: list[tuple[FileId, Any]] = []

    def take(self, version: FileId) -> Any:
        """Return an open handle of this version of a file, or None."""
        with self._lock:
            for place in reversed(range(len(self._idle))):
                if self._idle[place][0] == version:
                    return self._idle.pop(place)[1]
        return None

    def give(self, version: FileId, handle: Any) -> None:
        """Keep a handle, which has ``close()``, for the next user."""
        with self._lock:
            self._idle.append((version, handle))
            surplus = self._idle[: -self._max_idle]
            del self._idle[: -self._max_idle]
        for _, old in surplus:
            old.close()


class BlockCache:
    """Decoded blocks of scene files, shared by the threads of a process.

    Blocks and tiles rarely have the same edges, so a block is needed by several tiles: each is
    decoded once as long as it is among the last that were used.

    Parameters
    ----------
    max_bytes : int
        Most memory for blocks.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._blocks: OrderedDict[_BlockKey, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()
        # Two threads that want one block: the second waits for the first to decode it.
        self._decoding = tuple(threading.Lock() for _ in range(64))

    def get(self, key: _BlockKey, decode: Callable[[], np.ndarray]) -> np.ndarray:
        """Return a block, decoded now if it is not there; nobody may write to it."""
        with self._decoding[hash(key) % len(self._decoding)]:
            with self._lock:
                block = self._blocks.get(key)
                if block is not None:
                    self._blocks.move_to_end(key)
                    return block
            block = decode()
            block.setflags(write=False)
            self._keep(key, block)
            return block

    def _keep(self, key: _BlockKey, block: np.ndarray) -> None:
        with self._lock:
            self._blocks[key] = block
            self._bytes += block.nbytes
            while self._bytes > self._max_bytes:
                _, oldest = self._blocks.popitem(last=False)
                self._bytes -= oldest.nbytes
