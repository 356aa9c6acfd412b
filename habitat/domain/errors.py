"""Every error raised on purpose, as a tree, with its exit code.

::

    HabitatError
        UsageError            2   the command line is wrong
        ConfigError           3   a pipeline file or the environment is wrong
            NotBuiltError     3   a source or step that this version does not have
        InputError            4   an AOI, raster, table or model is refused
            AoiError          4
            SceneError        4
            LayerError        4   a layer breaks its entry in the data dictionary
            GridMismatchError 4
            ModelError        4
        PartialError          5   some tiles failed and are listed
        RemoteError           6   a service did not answer within its budget
            RequestRefusedError 6 it answered that it will not (4xx), which no retry mends
        QuotaError            7
        CredentialsError      8
        LockError             9   another run holds the lock
        ResourceError        10   disk, memory, permission
        NoObservationError   11   no valid pixel in the AOI for a period
        VerificationError    12   stored data are not what was published
        SensitivityError     13   the release policy refuses

Anything else is a bug: traceback and exit code 1. Every message says what was expected,
what came, where, and what to do.
"""

from typing import ClassVar


class HabitatError(Exception):
    """Base of the errors that habitat raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(HabitatError):
    """The command line is wrong."""

    exit_code = 2


class ConfigError(HabitatError):
    """A pipeline file, a data file or the environment is wrong."""

    exit_code = 3


class NotBuiltError(ConfigError):
    """A source or step that this version does not have."""


class InputError(HabitatError):
    """An input file cannot be used."""

    exit_code = 4


class AoiError(InputError):
    """An area of interest is refused."""


class SceneError(InputError):
    """A scene is refused."""


class LayerError(InputError):
    """A layer breaks its entry in the data dictionary."""


class GridMismatchError(InputError):
    """Two layers lie on two grids."""


class ModelError(InputError):
    """A classifier file is refused or does not fit the data."""


class PartialError(HabitatError):
    """Some tiles failed; they are listed and the rest is kept."""

    exit_code = 5


class RemoteError(HabitatError):
    """A service did not answer within its budget."""

    exit_code = 6


class RequestRefusedError(RemoteError):
    """A service refuses a request with a status that no retry mends.

    Parameters
    ----------
    where : str
        Address without secrets.
    status : int
        HTTP status.
    """

    def __init__(self, where: str, status: int) -> None:
        super().__init__(where, status)
        self.status = status

    def __str__(self) -> str:
        where, status = self.args
        return (
            f"{where}: expected an answer, got status {status}. Check the address and what is "
            "asked for."
        )


class QuotaError(HabitatError):
    """The quota of a service is spent."""

    exit_code = 7


class CredentialsError(HabitatError):
    """Credentials are missing or refused; the message never shows them."""

    exit_code = 8


class LockError(HabitatError):
    """Another run holds the lock."""

    exit_code = 9


class ResourceError(HabitatError):
    """A local resource is missing: disk space, memory, permission."""

    exit_code = 10


class NoObservationError(HabitatError):
    """There is no valid pixel in the AOI for a period."""

    exit_code = 11


class VerificationError(HabitatError):
    """Stored data are not what was published."""

    exit_code = 12


class SensitivityError(HabitatError):
    """A release is refused by the sensitivity policy."""

    exit_code = 13


EXIT_CODES: dict[int, str] = {
    0: "done, or verified that there is nothing to do",
    1: "bug (please report the traceback)",
    2: "usage: the command line is wrong",
    3: "configuration, environment, or a source or step not built",
    4: "input refused",
    5: "partial: failed tiles are listed",
    6: "remote service unavailable",
    7: "quota spent",
    8: "authentication",
    9: "another run holds the lock",
    10: "local resource: disk, memory, permission",
    11: "no valid pixel in the AOI for a period; the old release stays",
    12: "stored data failed verification",
    13: "release refused by the sensitivity policy",
    20: "alert condition met (only with --exit-code)",
    21: "alert state unknown: stale or missing input (only with --exit-code)",
    130: "interrupted from the keyboard; resumable",
    143: "terminated; resumable",
}
