"""Services in process: what servers on loopback answered once, given again with faults in it.

The answers are recorded from the servers of tests/servers; a request is known by its method,
address, range and body. What a request meets depends on the seed, the request and how often it was
sent, never on the order of threads.
"""

import hashlib
import io
import json
import random
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np
import requests
from rasterio.io import MemoryFile
from rasterio.transform import Affine
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from habitat.io.net.http import Http
from habitat.io.net.http_policy import Clock

NOW = datetime(2025, 1, 1, 3, tzinfo=UTC)
#: Faults that a later attempt gets over.
PASSING = (
    "429 seconds", "429 date", "429 bare", "408", "500", "502", "503", "504", "reset", "timeout",
    "name", "refused", "unreachable", "tls", "html", "other raster", "empty", "json error",
    "cut, length known", "cut, length unknown", "drip",
)  # fmt: skip
#: Faults that no retry mends; drawn seldom, since each ends its run.
ENDING = ("403", "404", "quota", "quota by 429", "redirect", "plain http")
#: Share of the faults that are drawn from ``ENDING``.
_ENDING_SHARE = 0.02
_WAITS = {"seconds": "3", "milliseconds": "250", "date": "Wed, 01 Jan 2025 03:00:02 GMT"}
_BROKEN = {
    "reset": requests.ConnectionError("connection reset by peer"),
    "timeout": requests.ReadTimeout("read timed out"),
    "name": requests.ConnectionError("name or service not known"),
    "refused": requests.ConnectionError("connection refused"),
    "unreachable": requests.ConnectionError("network is unreachable"),
    "tls": requests.exceptions.SSLError("certificate has expired"),
}
_SPENT = b'{"error": {"code": "ACCESS_INSUFFICIENT_PROCESSING_UNITS"}} transaction limit'


@dataclass(frozen=True)
class Answer:
    """What a service said."""

    status: int
    headers: dict[str, str]
    body: bytes


class FakeTime:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.seconds, self._lock = 0.0, threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep, lambda: NOW)


class _Drip(io.BytesIO):
    """A body that takes most of a minute a piece."""

    def __init__(self, body: bytes, time: FakeTime) -> None:
        super().__init__(body)
        self._time = time

    def read1(self, size=-1, /):
        self._time.sleep(40.0)
        return super().read1(min(size, 16) if size > 0 else 16)

    def read(self, size=-1, /):
        return self.read1(size or -1)


def key_of(request) -> str:
    """Return what a request asks for; ports and tokens are left out, since they change."""
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    url = urlsplit(request.url)
    parts = [request.method, f"{url.path}?{url.query}", request.headers.get("Range", "")]
    return json.dumps([*parts, hashlib.sha256(body).hexdigest()])


class Recorder(HTTPAdapter):
    """Asks the real service and keeps what it says, in the order of asking."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, Answer] = {}
        self._lock = threading.Lock()

    def send(self, request, **options):
        with super().send(request, **options | {"stream": True}) as response:
            body = response.raw.read(decode_content=False)
            answer = Answer(response.status_code, dict(response.headers), body)
        with self._lock:
            self.answers[key_of(request)] = answer
        return respond(request, answer)


class Plan(Protocol):
    """Says which fault the n-th sending of a request meets, counted from 0; empty for none."""

    def __call__(self, key: str, number: int) -> str: ...


@dataclass(frozen=True)
class RandomPlan:
    """Faults by chance."""

    seed: int
    share: float
    also: tuple[str, ...] = ()

    def __call__(self, key: str, number: int) -> str:
        draw = random.Random(f"{self.seed}:{key}:{number}")
        if draw.random() >= self.share:
            return ""
        ending = draw.random() < _ENDING_SHARE
        return draw.choice(ENDING if ending else PASSING + self.also)


@dataclass(frozen=True)
class OnePlan:
    """One fault at one request, once or for ever."""

    key: str
    kind: str
    lasting: bool = False

    def __call__(self, key: str, number: int) -> str:
        return self.kind if key == self.key and (self.lasting or number == 0) else ""


def no_fault(_key: str, _number: int) -> str:
    return ""


@dataclass
class Replay(BaseAdapter):
    """Gives recorded answers, with the faults of a plan."""

    answers: dict[str, Answer]
    time: FakeTime
    plan: Plan = no_fault
    fired: Counter = field(default_factory=Counter)
    sent: Counter = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def send(self, request, **_options):
        key = key_of(request)
        with self._lock:
            number = self.sent[key]
            self.sent[key] += 1
            kind = self.plan(key, number)
            if kind:
                self.fired[kind] += 1
            if key not in self.answers:
                self.unknown.append(key)
                raise requests.ConnectionError("nobody recorded this")
        if kind in _BROKEN:
            raise _BROKEN[kind]
        if kind == "drip":
            return respond(request, self.answers[key], _Drip(self.answers[key].body, self.time))
        return respond(request, spoiled(kind, self.answers[key], request.url))

    def close(self) -> None:
        pass


def spoiled(kind: str, right: Answer, url: str) -> Answer:
    """Return what comes instead of the right answer."""
    kind_of_body = {"Content-Type": right.headers.get("Content-Type", "")}
    half = right.body[: len(right.body) // 2]
    if kind == "short page":
        return Answer(right.status, kind_of_body, _short_page(right.body))
    word, _, how = kind.partition(" ")
    if word.isdigit():
        waits = {"Retry-After": _WAITS[how]} if how in _WAITS else {}
        return Answer(int(word), waits, b'{"error": "no"}')
    return {
        "": right,
        "html": Answer(200, {"Content-Type": "text/html"}, b"<html>maintenance</html>"),
        "empty": Answer(right.status, kind_of_body, b""),
        "json error": Answer(200, {"Content-Type": "application/json"}, b'{"error": {"a": 1}}'),
        "cut, length known": Answer(right.status, right.headers, half),
        "cut, length unknown": Answer(right.status, _without_length(right), half),
        "other raster": Answer(200, {"Content-Type": "image/tiff"}, _other_raster()),
        "quota": Answer(403, {}, _SPENT),
        "quota by 429": Answer(429, {}, _SPENT),
        "redirect": Answer(302, {"Location": "https://elsewhere.example/"}, b""),
        "plain http": Answer(302, {"Location": _elsewhere(url)}, b""),
    }[kind]


def _short_page(body: bytes) -> bytes:
    """Return a page without its last item, which still counts it."""
    page = json.loads(body)
    return json.dumps(page | {"features": page["features"][:-1]}).encode()


@cache
def _other_raster() -> bytes:
    """Return a valid TIFF of another size, dtype and number of bands than any that is asked for."""
    with MemoryFile() as file:
        with file.open(driver="GTiff", width=3, height=2, count=1, dtype="float64", crs=32652,
                       transform=Affine(1, 0, 0, 0, -1, 2)) as out:  # fmt: skip
            out.write(np.ones((1, 2, 3)))
        return bytes(file.read())


def _without_length(right: Answer) -> dict[str, str]:
    return {name: v for name, v in right.headers.items() if name.lower() != "content-length"}


def _elsewhere(url: str) -> str:
    return f"http://elsewhere.example{urlsplit(url).path}"


def respond(request, answer: Answer, body: io.BytesIO | None = None) -> requests.Response:
    """Return an answer as requests gives it."""
    response = requests.Response()
    response.status_code, response.url, response.request = answer.status, request.url, request
    response.headers.update(answer.headers)
    response.raw = HTTPResponse(
        body or io.BytesIO(answer.body),
        {n: v for n, v in answer.headers.items() if n.lower() != "content-length"},
        answer.status,
        preload_content=False,
    )
    return response


@contextmanager
def asked_through(adapter: BaseAdapter, clock: Clock | None = None):
    """Make every client use an adapter, and a clock."""
    defaults = Http.__init__.__kwdefaults__
    before = dict(defaults)
    defaults.update({"adapter": adapter} | ({"clock": clock} if clock else {}))
    try:
        yield
    finally:
        defaults.update(before)
