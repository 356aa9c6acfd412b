"""Faults of a pipeline, collected so that all are shown at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from habitat.domain.errors import ConfigError, HabitatError, InputError, NoObservationError

#: Faults of files and of what they ask for; others (network, disk) end the work where they arise.
_COLLECTED = (ConfigError, InputError, NoObservationError)


class Faults:
    """Faults found so far."""

    def __init__(self) -> None:
        self._found: list[HabitatError] = []

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Keep a fault of what stands inside, and go on after it."""
        try:
            yield
        except _COLLECTED as fault:
            self._found.append(fault)

    def attempt(self, function: Callable[..., object], *args: object) -> bool:
        """Call a function and say whether it went well."""
        before = len(self._found)
        with self.collecting():
            function(*args)
        return len(self._found) == before

    def raise_all(self) -> None:
        """Raise what was found, if anything was: the one fault, or all, one a line.

        Raises
        ------
        HabitatError
            Of the kind of the first; a ConfigError where the kinds differ and one of them is that.
        """
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            kinds = [type(fault) for fault in self._found]
            config = any(issubclass(kind, ConfigError) for kind in kinds)
            text = "\n".join(dict.fromkeys(str(fault) for fault in self._found))
            raise (ConfigError if config else kinds[0])(text)
