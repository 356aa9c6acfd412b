"""One attempt at one URL: a requests session whose every phase has an end."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from habitat.io.net.http_policy import Clock, HttpPolicy, Reply, Request

_CHUNK = 1 << 16
_QUERY = re.compile(r"\?\S+")


class TransientError(Exception):
    """An attempt failed and may be repeated.

    Parameters
    ----------
    reason : str
        In words; masked by the caller.
    wait_s : float or None
        What the service asks for.
    """

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


@contextmanager
def _all_headers_within(connection: Any) -> Iterator[None]:
    """Close the socket when the headers take longer than the read timeout altogether.

    A socket's own timeout starts again at each byte, so a dripping server would hold it for ever.
    """
    timer = threading.Timer(float(connection.timeout), _shut, [connection.sock])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class _TimedConnection(HTTPConnection):
    def getresponse(self) -> Any:
        with _all_headers_within(self):
            return super().getresponse()


class _TimedTlsConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        with _all_headers_within(self):
            return super().getresponse()


class _TimedAdapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        tls = pool.scheme == "https"
        pool.ConnectionCls = _TimedTlsConnection if tls else _TimedConnection
        return pool


def new_session(policy: HttpPolicy, adapter: BaseAdapter | None) -> requests.Session:
    """Return a session that takes nothing from the environment and always verifies TLS."""
    session = requests.Session()
    session.trust_env = False
    session.verify = policy.ca_file or True
    used = adapter or _TimedAdapter(max_retries=0, pool_maxsize=policy.per_host)
    session.mount("https://", used)
    session.mount("http://", used)
    session.headers.update({"User-Agent": "habitat", "Accept-Encoding": "identity"})
    return session


def _why(error: Exception) -> str:
    """Return a fault of the network in words, without the address and its signature."""
    cause = getattr(error.args[0] if error.args else None, "reason", None) or error
    # urllib3 puts the connection or the pool before the fault.
    text = str(cause).rpartition("): ")[2]
    return f"{type(cause).__name__}: {_QUERY.sub('?…', text)}"


@contextmanager
def attempt(
    session: requests.Session, policy: HttpPolicy, request: Request, headers: dict[str, str],
    seconds: float,
) -> Iterator[requests.Response]:  # fmt: skip
    """Send a request once, without following redirects.

    Raises
    ------
    TransientError
        If the service cannot be reached or the connection breaks, also inside the ``with``.
    """
    timeout = min(policy.connect_s, seconds), min(policy.read_s, seconds)
    try:
        with closing(
            session.request(
                request.method, request.url, headers=headers, data=request.body, timeout=timeout,
                stream=True, allow_redirects=False,
            )
        ) as response:  # fmt: skip
            yield response
    except (requests.RequestException, HTTPError, OSError) as error:
        raise TransientError(_why(error)) from error


def read_body(response: requests.Response, request: Request, clock: Clock, end: float) -> bytes:
    """Return the whole body.

    Parameters
    ----------
    end : float
        When the attempt must be over, in ``clock.monotonic()`` seconds.

    Raises
    ------
    TransientError
        If it is cut short, too long or too slow.
    """
    parts: list[bytes] = []
    size = 0
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        parts.append(chunk)
        size += len(chunk)
        if size > request.max_bytes:
            raise TransientError(f"expected at most {request.max_bytes} bytes, got more")
        if clock.monotonic() > end:
            raise TransientError(f"too slow: {size} bytes when the time was over")
    declared = response.headers.get("Content-Length", "")
    plain = not response.headers.get("Content-Encoding")
    if plain and declared.isdigit() and int(declared) != size:
        raise TransientError(f"expected {declared} bytes, got {size}")
    return b"".join(parts)


def reply_of(response: requests.Response, request: Request, body: bytes) -> Reply:
    """Return a reply whose content type is one of those asked for.

    Raises
    ------
    TransientError
        If it is another, such as the page of a portal or of maintenance work.
    """
    kind = response.headers.get("Content-Type", "")
    if request.content_types and not kind.lower().startswith(request.content_types):
        raise TransientError(f"expected {' or '.join(request.content_types)}, got {kind!r}")
    return Reply(request.url, response.status_code, response.headers, body)
