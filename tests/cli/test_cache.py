import json

from habitat.cli.main import run
from habitat.io.net.download_cache import DownloadCache, request_key


def test_the_cache_is_listed_verified_and_pruned(tmp_path, capsys):
    DownloadCache(tmp_path).put(request_key({"a": 1}), b"body", label="one")
    assert run(["cache", "list", str(tmp_path), "--json"]) == 0
    assert [e["label"] for e in json.loads(capsys.readouterr().out)] == ["one"]
    assert run(["cache", "verify", str(tmp_path)]) == 0
    next(tmp_path.glob("bodies/*/*")).write_bytes(b"altered")
    assert run(["cache", "verify", str(tmp_path)]) == 12
    assert "DAMAGED" in capsys.readouterr().out
    assert run(["cache", "prune", str(tmp_path), "--max-mb", "0"]) == 0
    assert list(DownloadCache(tmp_path).entries()) == []
