"""Guards of the fire alerts and feeds, removed one at a time: does a fault show what they are for?

Each fault is made in this process, with the guard and without it.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from habitat.domain.channel import Webhook
from habitat.domain.errors import HabitatError, LockError, RemoteError
from habitat.domain.fire_alert import Evaluated, Message, Sent
from habitat.io.fire import fire_state, outbox
from habitat.io.fire.fire_state import AlertStore, alerts_held
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.feed_cache import latest
from habitat.io.net.http import Http

_NOW = datetime(2025, 4, 5, 20, tzinfo=UTC)
_MESSAGE = Message("id1", "duty", _NOW, "alert", "text\n", "{}")
_ASKED = {"url": "https://weather.example/", "label": "weather"}


@dataclass(frozen=True, slots=True)
class AlertGuard:
    """What is removed, and a fault; it returns what is wrong after it, empty for nothing."""

    remove: Callable[[], object]
    fault: Callable[[Path], str]


def _log(folder: Path) -> AlertStore:
    store = AlertStore(folder / "alerts.jsonl")
    if not store.records:
        store.append(Evaluated(_NOW, False, "x", (), {}, (), (_MESSAGE,)))
    return store


def _two_rounds(folder: Path) -> str:
    _log(folder)
    path = folder / "alerts.jsonl"
    with alerts_held(path):
        first, wrote = AlertStore(path), 0
        with suppress(LockError), alerts_held(path):
            AlertStore(path).append(Sent("of the second", _NOW))
            wrote = 1
        first.append(Sent("of the first", _NOW))
    lost = 2 + wrote - len(AlertStore(path).records)
    return f"{lost} lines are lost" if lost else ""


def _changed_line(folder: Path) -> str:
    path = _log(folder).path
    path.write_bytes(path.read_bytes().replace(b'"alert"', b'"never"'))
    return "" if AlertStore(path).damage else "a changed line is taken for true"


def _receiver_down(folder: Path) -> str:
    store = _log(folder)
    channel = Webhook("duty", "ru", "ru", "http://127.0.0.1:9/alerts")
    with mock.patch.object(Http, "fetch", side_effect=RemoteError("refused")):
        outbox.deliver(store, {"duty": channel}, Http(outbox.alert_policy(["127.0.0.1"])), _now)
    return "" if AlertStore(store.path).log.outbox else "a message that nobody took is gone"


def _now() -> datetime:
    return _NOW


def _changed_answer(folder: Path) -> str:
    cache = DownloadCache(folder)
    latest(cache, _ASKED, lambda: b"high", now=_NOW, fresh=timedelta(hours=1))
    (body,) = folder.glob("bodies/*/*")
    body.chmod(0o644)
    body.write_bytes(body.read_bytes().replace(b"high", b"calm"))
    given = latest(cache, _ASKED, lambda: b"high", now=_NOW, fresh=timedelta(hours=1))
    return "" if given.body == b"high" else "a changed answer is used"


def _unsealed() -> object:
    return mock.patch.object(fire_state, "_sealed", return_value="0" * 64)


def _sent_in_any_case() -> object:
    real = outbox._send

    def send(*args: object) -> None:
        with suppress(HabitatError):
            real(*args)  # type: ignore[arg-type]

    return mock.patch.object(outbox, "_send", send)


def _unhashed() -> object:
    def body(self: DownloadCache, entry: object) -> bytes:
        return self._body_path(entry.sha256).read_bytes()  # type: ignore[attr-defined]

    return mock.patch.object(DownloadCache, "_intact_body", body)


ALERT_GUARDS: dict[str, AlertGuard] = {
    "the log of alerts is not locked": AlertGuard(
        lambda: mock.patch.object(fire_state, "_take"), _two_rounds
    ),
    "the digest of a line of the log of alerts is not checked": AlertGuard(
        _unsealed, _changed_line
    ),
    "a message counts as taken that could not be sent": AlertGuard(
        _sent_in_any_case, _receiver_down
    ),
    "the answer of a feed is not compared with its hash": AlertGuard(_unhashed, _changed_answer),
}


@contextmanager
def _empty(folder: Path) -> Iterator[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


def caught(name: str, folder: Path) -> str:
    """Return what the fault shows without a guard; empty if nothing, or something also with it."""
    guard = ALERT_GUARDS[name]
    with _empty(folder / "alerts") as place, guard.remove():  # type: ignore[attr-defined]
        without = guard.fault(place)
    with _empty(folder / "alerts") as place:
        return "" if guard.fault(place) else without
