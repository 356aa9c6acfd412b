"""What is allowed and how long it may take when an outside service is asked."""

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Literal, Protocol
from urllib.parse import urlsplit

from habitat.domain.errors import ConfigError, CredentialsError
from habitat.io.secrets import safe_url

#: Waiting time [s] asked for by a reply; None where it does not say.
RetryAfter = Callable[[Mapping[str, str], datetime], float | None]
#: Why a reply means that the quota is spent, or None; gets status, headers, first bytes of the
#: body.
QuotaFault = Callable[[int, Mapping[str, str], bytes], str | None]
RETRIED_STATUS = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, passed in so that tests need not wait.

    Attributes
    ----------
    monotonic : callable
        Seconds that never go back.
    sleep : callable
        Waits for seconds.
    now : callable
        UTC; used only to read dates in ``Retry-After``.
    """

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    now: Callable[[], datetime]


SYSTEM_CLOCK = Clock(time.monotonic, time.sleep, lambda: datetime.fromtimestamp(time.time(), UTC))


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read ``Retry-After`` as RFC 9110 has it: seconds or an HTTP date; else None."""
    text = headers.get("Retry-After", "").strip()
    try:
        return _waiting(float(text))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds())


def retry_after_milliseconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read ``Retry-After`` of a service that means milliseconds by a bare number."""
    wait = retry_after_seconds(headers, now)
    bare = headers.get("Retry-After", "").strip().replace(".", "", 1).isdigit()
    return wait / 1000 if wait is not None and bare else wait


def _waiting(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) else None


def no_quota(_status: int, _headers: Mapping[str, str], _body: bytes) -> str | None:
    """Return None: the service has no quota."""
    return None


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """How one service is asked. Can be pickled if its functions can.

    Attributes
    ----------
    hosts : tuple of str
        Hosts that may be asked, ``name`` or ``name:port``; ``*.name`` allows what ends so.
    loopback_http : bool
        Allow plain http to this machine, for tests and local catalogues.
    deadline_s : float
        Longest time of one call with all attempts and waits [s].
    attempt_s, connect_s, read_s : float
        Longest time of one attempt, of connecting, and without a byte or for all headers [s].
    attempts : int
        Most attempts of one call.
    backoff_s, backoff_max_s : float
        First and longest wait where the service does not say [s]; doubled each time.
    per_host : int
        Most requests at once to one host.
    seed : int
        Of the jitter.
    ca_file : str or None
        Certificates to trust instead of the built-in ones; TLS is always verified.
    retry_after, quota_fault : callable
        Hooks of the provider.
    """

    hosts: tuple[str, ...]
    loopback_http: bool = False
    deadline_s: float = 300.0
    attempt_s: float = 120.0
    connect_s: float = 10.0
    read_s: float = 30.0
    attempts: int = 6
    backoff_s: float = 1.0
    backoff_max_s: float = 60.0
    per_host: int = 4
    seed: int = 0
    ca_file: str | None = None
    retry_after: RetryAfter = retry_after_seconds
    quota_fault: QuotaFault = no_quota

    def check_url(self, url: str) -> str:
        """Return ``host:port`` of a URL that may be asked.

        Raises
        ------
        CredentialsError
            For a host that is not listed, and for plain http except to this machine where that
            is allowed; ConfigError for what is no URL.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise ConfigError(f"expected a URL, got {safe_text(url)} ({error})") from None
        if parts.scheme != "https" and not self._plain_allowed(parts.scheme, host):
            raise CredentialsError(
                f"{safe_url(url)}: expected https, got {parts.scheme or 'no scheme'}; nothing was "
                "sent. Give the https address of the service."
            )
        if not any(_host_matches(allowed, host, port) for allowed in self.hosts):
            raise CredentialsError(
                f"{safe_url(url)}: expected a host of {', '.join(self.hosts) or 'none'}, got "
                f"{host}; nothing was sent. If you trust it, add it to the hosts of the source."
            )
        return f"{host}:{port or (443 if parts.scheme == 'https' else 80)}"

    def _plain_allowed(self, scheme: str, host: str) -> bool:
        return scheme == "http" and self.loopback_http and is_loopback(host)

    def backoff(self, url: str, attempt: int) -> float:
        """Return the wait after a failed attempt (1, 2, …) [s], between half and whole."""
        whole = min(self.backoff_max_s, self.backoff_s * 2.0 ** (attempt - 1))
        return whole * (0.5 + 0.5 * random.Random(f"{self.seed}:{url}:{attempt}").random())


def safe_text(text: str) -> str:
    """Return the beginning of an unparsable URL up to its query, for messages."""
    return repr(text.partition("?")[0].rpartition("@")[2][:80])


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host_matches(allowed: str, host: str, port: int | None) -> bool:
    if allowed.startswith("*."):
        return host.endswith(allowed[1:])
    return allowed in {host, f"{host}:{port}"}


class TokenProvider(Protocol):
    """Where the bearer token of a service comes from; safe among threads."""

    def token(self) -> str:
        """Return the token in use, fetched on the first call."""
        ...

    def renew(self, refused: str) -> str:
        """Return another token than the one that was refused, renewed once for all threads.

        Raises
        ------
        CredentialsError
            If the service does not give one.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Attributes
    ----------
    url : str
        Absolute.
    method : str
        GET or POST.
    headers : dict of str to str
        Sent as they are.
    body : bytes or None
        Of a POST.
    content_types : tuple of str
        Beginnings of ``Content-Type`` that are accepted; empty accepts all.
    max_bytes : int
        Longest body, decoded.
    token : TokenProvider or None
        Adds ``Authorization: Bearer``; never sent on to another host.
    """

    url: str
    method: Literal["GET", "POST"] = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_types: tuple[str, ...] = ()
    max_bytes: int = 256 << 20
    token: TokenProvider | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status 200 to 299, with the whole body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
