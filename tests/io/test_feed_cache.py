from datetime import UTC, datetime, timedelta

import pytest

from habitat.domain.errors import RemoteError
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.feed_cache import latest

NOON = datetime(2025, 4, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ASKED = {"url": "https://weather.example/?a=1", "label": "weather"}


def ask(cache, answer, now=NOON):
    def download():
        if isinstance(answer, Exception):
            raise answer
        return answer

    return latest(cache, ASKED, download, now=now, fresh=HOUR)


def test_a_fresh_answer_is_used_without_asking(tmp_path):
    cache = DownloadCache(tmp_path)
    ask(cache, b"first")
    kept = ask(cache, b"second", NOON + HOUR / 2)
    assert (kept.body, kept.issued) == (b"first", NOON)


@pytest.mark.parametrize("hours", [1, 30, -2], ids=["old", "a day", "from the future"])
def test_another_answer_is_asked_for_again(tmp_path, hours):
    cache, later = DownloadCache(tmp_path), NOON + hours * HOUR
    ask(cache, b"first")
    found = ask(cache, b"second", later)
    assert (found.body, found.issued) == (b"second", later)


def test_while_the_service_is_away_the_last_answer_stands_with_its_age(tmp_path):
    cache = DownloadCache(tmp_path)
    ask(cache, b"first\nof two lines")
    found = ask(cache, RemoteError("away"), NOON + 30 * HOUR)
    assert (found.body, found.issued) == (b"first\nof two lines", NOON)


def test_without_an_earlier_answer_the_fault_is_told(tmp_path):
    with pytest.raises(RemoteError, match="away"):
        ask(DownloadCache(tmp_path), RemoteError("away"))


def test_offline_nobody_is_asked(tmp_path):
    ask(DownloadCache(tmp_path), b"first")
    offline = DownloadCache(tmp_path, offline=True)
    assert ask(offline, AssertionError("asked"), NOON + 30 * HOUR).body == b"first"
    with pytest.raises(RemoteError, match="offline"):
        ask(DownloadCache(tmp_path / "other", offline=True), AssertionError("asked"))
