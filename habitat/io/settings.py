"""The environment of the process: credentials, memory; what may change a result is taken out."""

import ctypes
import os
import re
import resource
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from habitat.domain.errors import ConfigError, CredentialsError, ResourceError
from habitat.io.secrets import MASK, register_secret

ID, SECRET = "SH_CLIENT_ID", "SH_CLIENT_SECRET"
FILE = "HABITAT_CREDENTIALS_FILE"
_CHANNEL = "HABITAT_CHANNEL_"
S3_NAMES = S3_ENDPOINT, S3_REGION, S3_KEY_ID, S3_SECRET = (
    "HABITAT_S3_ENDPOINT", "HABITAT_S3_REGION", "HABITAT_S3_KEY_ID", "HABITAT_S3_SECRET",
)  # fmt: skip
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
FIRMS = "FIRMS_MAP_KEY"
_KEY = re.compile(r"[0-9A-Za-z]{16,64}")
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAX_BYTES = 1 << 16
#: GDAL, PROJ and their remote file systems read options by these names whenever they like. Among
#: them is where drivers are loaded from, which is code, and PROJ's tables, which another program
#: may have in another version.
_PREFIXES = ("GDAL_", "CPL_", "VSI", "OGR_", "AWS_", "PROJ_", "GTIFF_", "GS_", "AZURE_")
#: Where GDAL's own tables lie: some builds do not find them alone.
_KEPT = ("GDAL_DATA",)
#: A file of options; without this name GDAL reads ``~/.gdal/gdalrc``.
_GDAL_FILE = "GDAL_CONFIG_FILE"
#: With less, the numerical libraries abort, or wait for ever for memory while they are loaded.
MIN_ADDRESS_SPACE = 1_200_000_000


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An OAuth client of Sentinel Hub; never shown.

    Attributes
    ----------
    client_id, client_secret : str
        As the dashboard of the service gives them.
    """

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        """Hide both."""
        return f"Credentials({MASK})"


@dataclass(frozen=True, slots=True, repr=False)
class S3Access:
    """Where an S3-compatible service is and the key for it; the secret is never shown.

    Attributes
    ----------
    endpoint : str
        Base URL; empty for Amazon's own.
    region, key_id, secret : str
        As the service gives them.
    """

    endpoint: str
    region: str
    key_id: str
    secret: str

    def __repr__(self) -> str:
        """Hide the key."""
        return f"S3Access({self.endpoint}, {MASK})"


def s3_access() -> S3Access:
    """Return endpoint and key from the environment, else from the credentials file.

    Raises
    ------
    CredentialsError
        If there is no key.
    ConfigError
        If the endpoint is neither https nor http to this machine.
    """
    found = {name: os.getenv(name, "") for name in S3_NAMES}
    path = os.getenv(FILE, "")
    if not (found[S3_KEY_ID] and found[S3_SECRET]) and path:
        found |= {name: text for name, text in _read(Path(path)).items() if name in S3_NAMES}
    if not (found[S3_KEY_ID] and found[S3_SECRET]):
        raise CredentialsError(
            f"object storage: expected {S3_KEY_ID} and {S3_SECRET} in the environment, or in a "
            f"file that only you can read (chmod 600; lines NAME=value), named by {FILE}."
        )
    register_secret(found[S3_SECRET])
    endpoint = urlsplit(found[S3_ENDPOINT])
    safe = endpoint.scheme == "https" or (
        endpoint.scheme == "http" and endpoint.hostname in _LOOPBACK
    )
    if found[S3_ENDPOINT] and not (safe and endpoint.hostname and not endpoint.username):
        raise ConfigError(
            f"{S3_ENDPOINT}: expected https://host, or http to this machine, without a user"
        )
    region = found[S3_REGION] or "us-east-1"
    return S3Access(found[S3_ENDPOINT], region, found[S3_KEY_ID], found[S3_SECRET])


def sentinelhub_credentials() -> Credentials:
    """Return the credentials of Sentinel Hub, from the environment, else from the file it names.

    Both parts come from one place; from here on every text of this process hides the secret.

    Raises
    ------
    CredentialsError
        If there are none, or the file is missing, open to others, or incomplete.
    """
    found = {name: os.getenv(name, "") for name in (ID, SECRET)}
    path = os.getenv(FILE, "")
    where = "the environment"
    if not all(found.values()) and path:
        found, where = _read(Path(path)), path
    missing = [name for name in (ID, SECRET) if not found.get(name)]
    if missing:
        raise CredentialsError(
            f"credentials of Sentinel Hub: expected {ID} and {SECRET}, got no "
            f"{' and no '.join(missing)} in {where}. Make an OAuth client in the dashboard of the "
            f"service, and set both in the environment or in a file that only you can read (chmod "
            f"600; lines NAME=value), named by {FILE}."
        )
    register_secret(found[SECRET])
    return Credentials(found[ID], found[SECRET])


def channel_secret(name: str) -> str:
    """Return the secret of a channel of alerts, or "" where it has none.

    ``HABITAT_CHANNEL_`` and the name in capitals, in the environment, else in the file that
    ``HABITAT_CREDENTIALS_FILE`` names. From here on every text of this process hides it.

    Raises
    ------
    CredentialsError
        If that file is named and missing or open to others.
    """
    variable, path = f"{_CHANNEL}{name.upper()}", os.getenv(FILE, "")
    secret = os.getenv(variable, "") or (_read(Path(path)).get(variable, "") if path else "")
    register_secret(secret)
    return secret


def firms_key() -> str:
    """Return the map key of FIRMS, from the environment, else from the file of credentials.

    From here on every text of this process hides it.

    Raises
    ------
    CredentialsError
        If there is none, or it cannot be one.
    """
    key, path = os.getenv(FIRMS, ""), os.getenv(FILE, "")
    if not key and path:
        key = _read(Path(path)).get(FIRMS, "")
    if not _KEY.fullmatch(key):
        raise CredentialsError(
            f"hotspots of FIRMS: expected a map key of 32 letters and digits in {FIRMS}, got "
            f"{'another text' if key else 'none'}. Get one at "
            "https://firms.modaps.eosdis.nasa.gov/api/map_key/, and set it in the environment or "
            f"in a file that only you can read (chmod 600; lines NAME=value), named by {FILE}."
        )
    register_secret(key)
    return key


def _read(path: Path) -> dict[str, str]:
    """Return the lines ``NAME=value`` of a file that only its owner can read."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _FOR_OTHERS or not stat.S_ISREG(mode):
                raise CredentialsError(
                    f"{path}: expected a file that only its owner can read (0600), got mode "
                    f"{stat.S_IMODE(mode):04o}; nothing was read. Run: chmod 600 {path}"
                )
            text = file.read(_MAX_BYTES).decode()
    except OSError as error:
        raise CredentialsError(
            f"{path}: expected the credentials file that {FILE} names, got: {error.strerror}. "
            f"Correct {FILE} or write the file."
        ) from None
    except UnicodeDecodeError:
        raise CredentialsError(f"{path}: expected lines NAME=value in UTF-8, got others") from None
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def return_freed_memory() -> None:
    """Give memory that was freed back to the system: once after each tile.

    The allocator of glibc keeps it in heaps that shrink only at their ends: after a hundred tiles
    twice the memory in use. Other C libraries do without.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def forbid_core_dumps() -> None:
    """Keep a crash from writing the memory of this process, secrets and all, to the disk."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def require_address_space() -> None:
    """Refuse a limit of memory (``ulimit -v``) under which nothing can work.

    Raises
    ------
    ResourceError
        Before a library is loaded that would hang.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < MIN_ADDRESS_SPACE:
        raise ResourceError(
            f"address space: expected a limit of at least {MIN_ADDRESS_SPACE // 10**6:,} MB, got "
            f"{limit // 10**6:,} MB. Raise it (ulimit -v), or limit memory by a control group."
        )


def scrub_environment() -> list[str]:
    """Take out every variable that configures GDAL or PROJ from outside; return the names.

    The user's file of GDAL options is not read either. So the same command gives the same bytes
    whoever calls it, and nobody can turn on remote files, drivers or sidecar files from outside.
    """
    environment = os.environ  # noqa: TID251  # this is the settings module
    found = sorted(
        name
        for name, value in environment.items()
        if name.startswith(_PREFIXES)
        and name not in _KEPT
        and (name, value) != (_GDAL_FILE, os.devnull)
    )
    for name in found:
        environment.pop(name, None)
    environment[_GDAL_FILE] = os.devnull
    return found
