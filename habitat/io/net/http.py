"""The one way to ask an outside service: deadlines, retries, hosts, tokens, checked bodies.

Retrying is done here and not by urllib3's ``Retry``, because a body that arrives but does not
decode, or arrives too slowly, must count as a failed attempt too.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urljoin

import requests
from requests.adapters import BaseAdapter

from habitat.domain.errors import (
    CredentialsError,
    QuotaError,
    RemoteError,
    RequestRefusedError,
)
from habitat.io.net.http_policy import (
    RETRIED_STATUS,
    SYSTEM_CLOCK,
    Clock,
    HttpPolicy,
    Reply,
    Request,
)
from habitat.io.net.http_transport import TransientError, attempt, new_session, read_body, reply_of
from habitat.io.secrets import mask, safe_url

logger = logging.getLogger(__name__)
T = TypeVar("T")
_MAX_REDIRECTS = 5
_REDIRECT = range(300, 400)
_OK = range(200, 300)
_UNAUTHORIZED, _FORBIDDEN = 401, 403
#: Calls given up one after another, after which a host is not asked again by this client.
_BREAKER = 5
_MAX_ERROR_BYTES = 1 << 16


class BadBodyError(ValueError):
    """Raised by validators: the body is not what was asked for."""


class Http:
    """Asks the services of one policy; safe among threads, not to be pickled.

    Parameters
    ----------
    policy : HttpPolicy
        What is allowed.
    clock : Clock
        Time and sleep.
    adapter : BaseAdapter or None
        Another transport of requests, for tests in process.
    count : callable or None
        Hears of every request the bytes of its answer, 0 where it broke off.
    """

    def __init__(
        self,
        policy: HttpPolicy,
        *,
        clock: Clock = SYSTEM_CLOCK,
        adapter: BaseAdapter | None = None,
        count: Callable[[int], None] | None = None,
    ) -> None:
        self.policy = policy
        self._note = count
        self._clock = clock
        self._adapter = adapter
        self._local = threading.local()
        self._lock = threading.Lock()
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._not_before: dict[str, float] = {}
        self._given_up: dict[str, int] = {}

    def fetch(self, request: Request, validate: Callable[[Reply], T]) -> T:
        """Return what ``validate`` makes of the reply.

        Parameters
        ----------
        request : Request
            What is asked for.
        validate : callable
            Decodes the body; raises :class:`BadBodyError` (or another ValueError) for a body that
            is not what was asked for, which counts as a failed attempt.

        Raises
        ------
        RemoteError
            If no attempt within the deadline and budget gives a good body;
            RequestRefusedError for a status that is not retried.
        QuotaError
            If the provider's hook says so.
        CredentialsError
            If the token is refused twice, or a host or redirect is not allowed.
        """
        host = self.policy.check_url(request.url)
        self._check_breaker(host, request)
        end = self._clock.monotonic() + self.policy.deadline_s
        reason = ""
        for number in range(1, self.policy.attempts + 1):
            try:
                self._wait(self._turn(host), end)
                result = validate(self._once(host, request, end))
            except (TransientError, ValueError) as error:
                reason = mask(str(error))
                logger.info("%s: attempt %d: %s", safe_url(request.url), number, reason)
                asked = error.wait_s if isinstance(error, TransientError) else None
                wait = self._note_wait(host, request, number, asked)
                if number == self.policy.attempts or self._clock.monotonic() + wait >= end:
                    break
                self._clock.sleep(wait)
            else:
                self._count(host, failed=False)
                return result
        self._count(host, failed=True)
        raise RemoteError(
            f"{safe_url(request.url)}: expected an answer within {self.policy.attempts} attempts "
            f"and {self.policy.deadline_s:g} s; the last fault was: {reason}. Run again later."
        )

    def _note_wait(self, host: str, request: Request, number: int, asked: float | None) -> float:
        """Return the wait before the next attempt [s]; what the service asks for binds all threads.

        A tenth of the jitter on top keeps the threads from coming back at once.
        """
        jitter = self.policy.backoff(request.url, number)
        if asked is None:
            return jitter
        with self._lock:
            until = self._clock.monotonic() + asked
            self._not_before[host] = max(until, self._not_before.get(host, until))
        return asked + jitter / 10

    def _turn(self, host: str) -> float:
        """Return how long the host asked everybody to wait from now [s]."""
        with self._lock:
            return max(0.0, self._not_before.get(host, 0.0) - self._clock.monotonic())

    def _wait(self, seconds: float, end: float) -> None:
        if self._clock.monotonic() + seconds >= end:
            raise TransientError(f"the service asks to wait {seconds:.0f} s, no time is left")
        if seconds > 0:
            self._clock.sleep(seconds)

    def _check_breaker(self, host: str, request: Request) -> None:
        with self._lock:
            given_up = self._given_up.get(host, 0)
        if given_up >= _BREAKER:
            raise RemoteError(
                f"{safe_url(request.url)}: not asked, since the last {given_up} calls to {host} "
                "failed. Run again later."
            )

    def _count(self, host: str, *, failed: bool) -> None:
        with self._lock:
            self._given_up[host] = self._given_up.get(host, 0) + 1 if failed else 0

    def _slot(self, host: str) -> threading.BoundedSemaphore:
        with self._lock:
            return self._slots.setdefault(host, threading.BoundedSemaphore(self.policy.per_host))

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):  # a session is not safe among threads
            self._local.session = new_session(self.policy, self._adapter)
        session: requests.Session = self._local.session
        return session

    def _once(self, host: str, request: Request, end: float) -> Reply:
        """Return the reply of one attempt; a refused token is renewed once."""
        if request.token is None:
            return self._follow(host, request, None, end)
        token = request.token.token()
        try:
            return self._follow(host, request, token, end)
        except _TokenRefusedError:
            return self._again(host, request, request.token.renew(token), end)

    def _again(self, host: str, request: Request, token: str, end: float) -> Reply:
        try:
            return self._follow(host, request, token, end)
        except _TokenRefusedError:
            raise CredentialsError(
                f"{safe_url(request.url)}: a new token is refused too. Check the credentials and "
                "what they are allowed to do."
            ) from None

    def _follow(self, host: str, request: Request, token: str | None, end: float) -> Reply:
        """Follow the redirects of a GET within the allowed hosts."""
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._send(host, request, token, end)
            if isinstance(answer, Reply):
                return answer
            target = urljoin(request.url, answer)
            if (there := self.policy.check_url(target)) != host:
                token = None  # meant for the first host only
                request = replace(request, headers={}, token=None)
            host, request = there, replace(request, url=target)
        raise TransientError(f"more than {_MAX_REDIRECTS} redirects")

    def _send(self, host: str, request: Request, token: str | None, end: float) -> Reply | str:
        """Return the reply, or where it redirects to."""
        headers = dict(request.headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        with self._slot(host):
            left = min(self.policy.attempt_s, end - self._clock.monotonic())
            if left <= 0:
                raise TransientError("no time is left")
            until = self._clock.monotonic() + left
            size = 0
            try:
                with attempt(self._session(), self.policy, request, headers, left) as response:
                    if response.status_code in _REDIRECT and request.method == "GET":
                        return response.headers.get("Location", "")
                    if response.status_code not in _OK:
                        raise self._fault(response, request, until)
                    body = read_body(response, request, self._clock, until)
                    size = len(body)
                    return reply_of(response, request, body)
            finally:
                if self._note is not None:
                    self._note(size)

    def _fault(self, response: requests.Response, request: Request, until: float) -> Exception:
        """Return what a status other than success means."""
        status, headers = response.status_code, response.headers
        body = read_body(response, replace(request, max_bytes=_MAX_ERROR_BYTES), self._clock, until)
        where = safe_url(request.url)
        if quota := self.policy.quota_fault(status, headers, body):
            return QuotaError(f"{where}: {mask(quota)}")
        if status in RETRIED_STATUS:
            wait = self.policy.retry_after(headers, self._clock.now())
            return TransientError(f"status {status}", wait)
        if status == _UNAUTHORIZED and request.token is not None:
            return _TokenRefusedError()
        if status in (_UNAUTHORIZED, _FORBIDDEN):
            return CredentialsError(
                f"{where}: the service refuses access (status {status}). Check the credentials and "
                "what they are allowed to do."
            )
        return RequestRefusedError(where, status)


class _TokenRefusedError(Exception):
    """The service refuses the token."""
