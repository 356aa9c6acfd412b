import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from habitat.domain.errors import RemoteError
from habitat.io.net.download_cache import DownloadCache, request_key

KEY = request_key({"url": "https://h.example/a.tif", "range": [0, 9]})


def never():
    raise AssertionError("asked the service")


def test_a_body_is_downloaded_once(tmp_path):
    cache = DownloadCache(tmp_path / "cache")
    assert cache.fetch(KEY, lambda: b"body", label="a") == b"body"
    assert cache.fetch(KEY, never, label="a") == b"body"


def test_the_key_does_not_depend_on_the_order_of_its_parts():
    assert request_key({"a": 1, "b": 2}) == request_key({"b": 2, "a": 1})


def test_a_body_altered_on_disk_is_fetched_again(tmp_path):
    cache = DownloadCache(tmp_path)
    cache.put(KEY, b"body", label="a")
    next(tmp_path.glob("bodies/*/*")).write_bytes(b"boby")
    assert [e.intact for e in cache.entries(verify=True)] == [False]
    assert cache.fetch(KEY, lambda: b"body", label="a") == b"body"
    assert [e.intact for e in cache.entries(verify=True)] == [True]


def test_a_damaged_record_is_a_miss(tmp_path):
    cache = DownloadCache(tmp_path)
    cache.put(KEY, b"body", label="a")
    next(tmp_path.glob("keys/*/*")).write_bytes(b"{")
    assert cache.get(KEY) is None
    assert [e.intact for e in cache.entries()] == [False]


def test_offline_never_asks(tmp_path):
    DownloadCache(tmp_path).put(KEY, b"body", label="a")
    offline = DownloadCache(tmp_path, offline=True)
    assert offline.fetch(KEY, never, label="a") == b"body"
    with pytest.raises(RemoteError, match="without --offline"):
        offline.fetch(request_key({"other": 1}), never, label="b")


def test_pruning_drops_the_oldest_first(tmp_path):
    cache = DownloadCache(tmp_path)
    for i in range(3):
        cache.put(request_key({"i": i}), bytes([i]) * 10, label=str(i))
        newest = max(tmp_path.glob("bodies/*/*"), key=lambda p: p.stat().st_mtime_ns)
        os.utime(newest, (1000 + i, 1000 + i))
    assert cache.prune(max_bytes=15) == 20
    assert [e.label for e in cache.entries()] == ["2"]


def test_threads_may_keep_the_same_body_at_once(tmp_path):
    cache = DownloadCache(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: cache.put(f"{n:064x}", b"same" * 10_000, label="x"), range(200)))
    assert len(list(cache.entries(verify=True))) == 200
    assert all(entry.intact for entry in cache.entries(verify=True))
