"""How long a run and a tile may take."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from habitat.domain.errors import PartialError

#: Longest that :func:`signal.setitimer` takes everywhere [s].
_LONGEST_S = 100 * 86_400


@dataclass(frozen=True)  # without slots: the defaults are read from the class
class Limits:
    """Times that bound a run.

    Attributes
    ----------
    run_s : float
        Most that a run may take [s].
    tile_s : float
        Most that one attempt of one tile may take [s].
    """

    run_s: float = 86_400.0
    tile_s: float = 3_600.0


class _TimeIsOver(BaseException):  # like SystemExit: no handler of errors stops it
    """The run has taken as long as it may."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop what runs inside, in the main thread, when its time is over.

    Raises
    ------
    PartialError
        Then: what was computed is stored, nothing else was changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals; who runs it elsewhere bounds it there
        return
    before = signal.signal(signal.SIGALRM, _over)
    signal.setitimer(signal.ITIMER_REAL, min(seconds, _LONGEST_S))
    try:
        yield
    except _TimeIsOver:
        raise PartialError(
            f"expected a run of at most {seconds:g} s (--max-time), and this one is not done; the "
            "old release stays, what was computed is stored. The same command goes on from there."
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _over(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _TimeIsOver
