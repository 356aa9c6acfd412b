import io
import json
import pickle
import socket
import threading
import time
from datetime import UTC, datetime

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from habitat.domain.errors import (
    CredentialsError,
    QuotaError,
    RemoteError,
    RequestRefusedError,
)
from habitat.io.net.http import BadBodyError, Http
from habitat.io.net.http_policy import (
    SYSTEM_CLOCK,
    Clock,
    HttpPolicy,
    Request,
    retry_after_milliseconds,
    retry_after_seconds,
)
from habitat.io.net.http_token import SharedToken
from habitat.io.secrets import mask, register_secret, safe_url

NOW = datetime(2025, 6, 1, tzinfo=UTC)
URL = "https://stac.example/search"


class FakeTime:
    def __init__(self):
        self.t, self.slept = 0.0, []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.t += seconds

    def clock(self):
        return Clock(lambda: self.t, self.sleep, lambda: NOW)


class Script(BaseAdapter):
    """Answers with what stands in a list; the last one for ever."""

    def __init__(self, *answers):
        super().__init__()
        self.answers, self.sent = list(answers), []

    def send(self, request, **_kwargs):
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url, request
        response.headers.update(headers)
        response.raw = HTTPResponse(io.BytesIO(body), headers, status, preload_content=False)
        return response

    def close(self):
        pass


GOOD = (200, {"Content-Type": "application/json"}, b'{"a": 1}')


def decode(reply):
    return json.loads(reply.body)


def ask(*answers, request=None, **options):
    time_, script = FakeTime(), Script(*answers)
    http = Http(HttpPolicy(("stac.example",), **options), clock=time_.clock(), adapter=script)
    try:
        result = http.fetch(request or Request(URL, content_types=("application/json",)), decode)
    except Exception as error:  # noqa: BLE001  # handed to the test
        result = error
    return result, time_, script


FAULTS = {
    "429": (429, {}, b""),
    "429 with seconds": (429, {"Retry-After": "7"}, b""),
    "429 with nonsense": (429, {"Retry-After": "soon"}, b""),
    "500": (500, {}, b"oops"),
    "503": (503, {}, b""),
    "reset": requests.ConnectionError("reset"),
    "portal page": (200, {"Content-Type": "text/html"}, b"<html>"),
    "empty": (200, {"Content-Type": "application/json"}, b""),
    "truncated, length known": (200, {**GOOD[1], "Content-Length": "8"}, b'{"a":'),
    "truncated, length unknown": (200, GOOD[1], b'{"a":'),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("before", [1, 3])
def test_a_passing_fault_is_retried_until_the_body_is_good(fault, before):
    result, _, script = ask(*[FAULTS[fault]] * before, GOOD)
    assert result == {"a": 1}
    assert len(script.sent) == before + 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_ends_within_budget_with_exit_6(fault):
    result, time_, script = ask(FAULTS[fault])
    assert isinstance(result, RemoteError)
    assert result.exit_code == 6
    assert len(script.sent) <= 6
    assert time_.t <= 300


def test_retry_after_is_kept_with_a_little_jitter():
    _, time_, _ = ask(FAULTS["429 with seconds"], GOOD)
    assert 7 <= sum(time_.slept) <= 7.2


def test_a_wait_longer_than_the_deadline_is_not_begun():
    result, time_, script = ask((429, {"Retry-After": "100000"}, b""))
    assert isinstance(result, RemoteError)
    assert time_.slept == []
    assert len(script.sent) == 1


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_refusal_is_not_retried(status):
    result, _, script = ask((status, {}, b""))
    assert isinstance(result, RequestRefusedError)
    assert result.status == status
    assert pickle.loads(pickle.dumps(result)).status == status
    assert len(script.sent) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_access_is_not_retried(status):
    result, _, script = ask((status, {}, b""))
    assert isinstance(result, CredentialsError)
    assert len(script.sent) == 1


def test_a_spent_quota_is_not_retried():
    result, _, script = ask((403, {}, b""), quota_fault=lambda *_: "spent until 1 July")
    assert isinstance(result, QuotaError)
    assert "1 July" in str(result)
    assert len(script.sent) == 1


@pytest.mark.parametrize(
    "target", ["https://evil.example/x", "http://stac.example/x", "file:///etc/passwd"]
)
def test_a_redirect_away_is_refused(target):
    result, _, script = ask((302, {"Location": target}, b""), GOOD)
    assert isinstance(result, CredentialsError)
    assert len(script.sent) == 1


def test_a_redirect_within_the_hosts_is_followed_without_the_token_to_another_host():
    script = Script((302, {"Location": "https://two.example/y"}, b""), GOOD)
    http = Http(HttpPolicy(("stac.example", "two.example")), adapter=script)
    token = SharedToken(lambda: "token-of-the-first-host")
    assert http.fetch(Request(URL, token=token), decode) == {"a": 1}
    assert script.sent[0].headers["Authorization"] == "Bearer token-of-the-first-host"
    assert "Authorization" not in script.sent[1].headers


def test_endless_redirects_end():
    result, _, _ = ask((302, {"Location": URL}, b""))
    assert isinstance(result, RemoteError)


def test_a_refused_token_is_renewed_once_for_all_threads():
    fetched = iter(["old-token", "new-token", "never-token"])
    token = SharedToken(lambda: next(fetched))

    class Picky(Script):
        def send(self, request, **kwargs):
            fresh = request.headers["Authorization"] == "Bearer new-token"
            self.answers = [GOOD if fresh else (401, {}, b"")]
            return super().send(request, **kwargs)

    results = []

    def work():
        http = Http(HttpPolicy(("stac.example",)), adapter=Picky(GOOD))
        results.append(http.fetch(Request(URL, token=token), decode))

    threads = [threading.Thread(target=work) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert results == [{"a": 1}] * 8
    assert next(fetched) == "never-token"


def test_a_token_refused_twice_is_a_fault_of_the_credentials():
    token = SharedToken(lambda: "wrong-token")
    result, _, script = ask((401, {}, b""), request=Request(URL, token=token))
    assert isinstance(result, CredentialsError)
    assert len(script.sent) == 2
    assert "wrong-token" not in str(result)


def test_a_body_beyond_the_cap_is_dropped():
    result, _, _ = ask(GOOD, request=Request(URL, max_bytes=3))
    assert "at most 3 bytes" in str(result)


def test_after_five_calls_in_vain_the_host_is_left_alone():
    script, time_ = Script((500, {}, b"")), FakeTime()
    http = Http(HttpPolicy(("stac.example",)), clock=time_.clock(), adapter=script)
    for _ in range(7):
        with pytest.raises(RemoteError):
            http.fetch(Request(URL), decode)
    assert len(script.sent) == 5 * 6


def test_the_same_seed_gives_the_same_waits():
    assert ask(FAULTS["500"])[1].slept == ask(FAULTS["500"])[1].slept
    assert ask(FAULTS["500"])[1].slept != ask(FAULTS["500"], seed=1)[1].slept


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Sun, 01 Jun 2025 00:01:00 GMT", 60.0),
        ("Sat, 31 May 2025 00:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert retry_after_seconds({"Retry-After": text}, NOW) == seconds


def test_a_provider_may_mean_milliseconds():
    assert retry_after_milliseconds({"Retry-After": "1500"}, NOW) == 1.5
    assert retry_after_milliseconds({"Retry-After": "Sun, 01 Jun 2025 00:01:00 GMT"}, NOW) == 60


@pytest.mark.parametrize(
    "url",
    ["http://stac.example/", "ftp://stac.example/", "https://evil.example/", "/etc/passwd",
     "https://stac.example.evil.example/", "https://stac.example@evil.example/",
     "http://127.0.0.1/"],
)  # fmt: skip
def test_only_https_of_listed_hosts_is_asked(url):
    with pytest.raises(CredentialsError):
        HttpPolicy(("stac.example", "127.0.0.1")).check_url(url)


def test_loopback_http_only_where_it_is_allowed():
    policy = HttpPolicy(("127.0.0.1", "stac.example"), loopback_http=True)
    assert policy.check_url("http://127.0.0.1:8080/") == "127.0.0.1:8080"
    with pytest.raises(CredentialsError):
        policy.check_url("http://stac.example/")


def test_a_secret_is_masked_in_errors_and_logs(caplog):
    register_secret("canary/secret+1")
    caplog.set_level("DEBUG")
    url = URL + "/canary%2Fsecret%2B1?sig=signature-value"
    fault = requests.ConnectionError("no way to canary/secret+1")
    result, _, _ = ask(fault, request=Request(url))
    for text in (str(result), caplog.text):
        assert "canary" not in text
        assert "signature-value" not in text
    assert mask("x canary/secret+1 y") == "x *** y"
    assert safe_url("https://me:pw@h.example/p?q=1#f") == "https://h.example/p"


@pytest.fixture
def dripping():
    """A server that sends its headers, or its body, a byte at a time for ever."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            try:
                peer, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(peer,), daemon=True).start()

    def drip(peer):
        with peer:
            head = peer.recv(4096)
            try:
                if b"/body" in head:
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                else:
                    peer.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not stop.wait(0.05):
                    peer.sendall(b"x")
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    stop.set()
    server.close()


@pytest.mark.parametrize("phase", ["body", "headers"])
def test_a_dripping_server_cannot_hold_a_call(dripping, phase):
    policy = HttpPolicy(
        ("127.0.0.1",), loopback_http=True, deadline_s=1.0, attempt_s=0.4, read_s=0.4, attempts=2,
        backoff_s=0.01,
    )  # fmt: skip
    begun = time.monotonic()
    with pytest.raises(RemoteError):
        Http(policy, clock=SYSTEM_CLOCK).fetch(Request(f"{dripping}/{phase}"), decode)
    assert time.monotonic() - begun < 3


def test_a_validator_says_why(caplog):
    def validate(_reply):
        raise BadBodyError("expected 4 bands, got 3")

    http = Http(HttpPolicy(("stac.example",)), clock=FakeTime().clock(), adapter=Script(GOOD))
    with pytest.raises(RemoteError, match="expected 4 bands, got 3"):
        http.fetch(Request(URL), validate)


def test_every_request_is_counted_with_the_bytes_of_its_answer():
    counted = []
    script = Script((500, {}, b"busy"), GOOD)
    http = Http(
        HttpPolicy(("stac.example",)), clock=FakeTime().clock(), adapter=script,
        count=counted.append,
    )  # fmt: skip
    http.fetch(Request("https://stac.example/a"), decode)
    assert counted == [0, len(GOOD[2])]
