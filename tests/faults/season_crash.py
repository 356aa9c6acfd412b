"""A kill at the n-th instant: a write, a sync, a rename, a sending, before it or after."""

import os
import pathlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from habitat.io.fire import outbox


class KilledError(BaseException):
    """The process is gone: nothing of the product catches it."""


@contextmanager
def killed_at(instant: int | None) -> Iterator[None]:
    """Kill at an instant counted from 1; None lets everything run."""
    left = [instant]

    def counted(real, *, part=None):
        def call(*args, **kwargs):
            _tick(left, part, args)
            result = real(*args, **kwargs)
            _tick(left, None, args)
            return result

        return call

    def half(fd, data):
        os_write(fd, data[: len(data) // 2])

    os_write = os.write
    with ExitStack() as stack:
        for target, name, part in (
            (os, "write", half), (os, "fsync", None), (os, "ftruncate", None),
            (pathlib.Path, "replace", None), (outbox, "_send", None),
        ):  # fmt: skip
            stack.enter_context(
                patch.object(target, name, _method(counted(getattr(target, name), part=part)))
            )
        yield


def _method(call):
    def method(*args, **kwargs):
        return call(*args, **kwargs)

    return method


def _tick(left, part, args):
    if left[0] is None:
        return
    left[0] -= 1
    if left[0] == 0:
        left[0] = None
        if part is not None:
            part(*args)
        raise KilledError
