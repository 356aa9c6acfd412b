import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from habitat.domain.errors import (
    ConfigError,
    InputError,
    LockError,
    ResourceError,
    VerificationError,
)
from habitat.io import durable
from habitat.io.durable import atomic_write_bytes
from habitat.io.release import manifest, release
from habitat.io.release.manifest import Fault, read_manifest, role_of, verify
from habitat.io.release.release import Store

FILES = {
    "forest_class_20240601-20240930.tif": b"pixels",
    "forest_class_20240601-20240930.tif.aux.xml": b"<PAMDataset/>",
    "forest_class_20240601-20240930.qml": b"<qgis/>",
    "cells.gpkg": b"rows",
    "items/forest_class_20240601-20240930.json": b"{}",
}


def publish(store, release_id, files=FILES, record=None):
    staging = store.begin(release_id)
    for path, data in files.items():
        (staging / path).parent.mkdir(exist_ok=True)
        atomic_write_bytes(staging / path, data)
    return store.publish(staging, release_id, record or {"finished": "2024-11-01T00:00:00Z"})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "outputs" / "demo")


@pytest.fixture
def published(store):
    with store.lock():
        publish(store, "a1")
    return store


def everything(folder):
    return {
        p.relative_to(folder).as_posix(): (p.stat().st_mtime_ns, p.stat().st_ino)
        for p in sorted(folder.rglob("*"))
    }


def test_a_release_is_seen_by_link_and_by_text(published):
    assert str((published.root / "current").readlink()) == "releases/a1"
    assert (published.root / "CURRENT").read_text() == "releases/a1\n"
    assert published.current_release() == published.releases / "a1"
    assert (published.root / "current" / "cells.gpkg").read_bytes() == b"rows"
    assert verify(published.root / "current") == []


def test_the_manifest_names_every_file_and_gives_the_record_no_hash(published):
    path = published.releases / "a1" / "manifest.json"
    files = json.loads(path.read_bytes())["files"]
    assert sorted(files) == sorted([*FILES, "run.json"])
    assert list(files) == sorted(files)
    assert files["run.json"] == {"role": "record"}
    assert files["cells.gpkg"]["size"] == 4
    assert {path: entry["role"] for path, entry in files.items()} == {
        "cells.gpkg": "table",
        "forest_class_20240601-20240930.tif": "data",
        "forest_class_20240601-20240930.tif.aux.xml": "metadata",
        "forest_class_20240601-20240930.qml": "style",
        "items/forest_class_20240601-20240930.json": "metadata",
        "run.json": "record",
    }
    assert role_of("habitat.qgz") == "style"


def test_a_release_is_read_only(published):
    folder = published.releases / "a1"
    assert folder.stat().st_mode & 0o777 == 0o555
    assert (folder / "items").stat().st_mode & 0o777 == 0o555
    assert {p.stat().st_mode & 0o777 for p in folder.rglob("*") if p.is_file()} == {0o444}


def test_publishing_the_same_release_again_writes_nothing(published):
    before = everything(published.root / "releases"), (published.root / "CURRENT").stat()
    with published.lock():
        publish(published, "a1", record={"finished": "later"})
    after = everything(published.root / "releases"), (published.root / "CURRENT").stat()
    assert before[0] == after[0]
    assert before[1].st_ino == after[1].st_ino
    assert b"later" not in (published.releases / "a1" / "run.json").read_bytes()


def test_the_manifest_does_not_depend_on_the_record(published, tmp_path):
    other = Store(tmp_path / "other")
    with other.lock():
        publish(other, "a1", record={"finished": "on another day"})
    assert (other.releases / "a1" / "manifest.json").read_bytes() == (
        published.releases / "a1" / "manifest.json"
    ).read_bytes()


def test_a_newer_release_takes_over_and_the_older_stays(published):
    with published.lock():
        publish(published, "b2", {"cells.gpkg": b"new rows"})
    assert published.current_release().name == "b2"
    assert published.release_ids() == ["a1", "b2"]
    assert verify(published.releases / "a1") == []


def test_a_damaged_release_is_replaced(published):
    victim = published.releases / "a1" / "cells.gpkg"
    victim.chmod(0o644)
    victim.write_bytes(b"rots")
    with published.lock():
        publish(published, "a1")
        assert verify(published.root / "current") == []
        assert [p.name[:12] for p in published.sweep_temporary()] == [".tmp-damaged"]


def spoil(folder, kind):
    victim = folder / "cells.gpkg"
    folder.chmod(0o755)
    victim.chmod(0o644)
    if kind == "missing":
        victim.unlink()
    elif kind == "changed":
        victim.write_bytes(b"rowz")
    elif kind == "grown":
        victim.write_bytes(b"rows and more")
    elif kind == "link":
        victim.rename(folder.parent / "moved")
        victim.symlink_to(folder.parent / "moved")
    elif kind == "sidecar":
        (folder / "cells.tif.aux.xml").write_bytes(b"")
    elif kind == "linked folder":
        (folder / "extra").symlink_to(folder.parent)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("missing", Fault("cells.gpkg", "missing")),
        ("changed", Fault("cells.gpkg", "changed")),
        ("grown", Fault("cells.gpkg", "changed")),
        ("link", Fault("cells.gpkg", "changed")),
        ("sidecar", Fault("cells.tif.aux.xml", "stray")),
        ("linked folder", Fault("extra", "stray")),
    ],
)
def test_every_difference_is_named_in_a_copy_too(published, tmp_path, kind, expected):
    copied = tmp_path / "copied" / "release"
    shutil.copytree(published.releases / "a1", copied)
    assert verify(copied) == []
    spoil(copied, kind)
    assert verify(copied) == [expected]
    assert verify(published.releases / "a1") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"files": []}',
        '{"files": {"../x": {}}}',
        '{"files": {"/etc/passwd": {}}}',
        '{"files": {"a\\\\b": {}}}',
        '{"files": {"a": 1}}',
        "[" * 100_000,
    ],
)
def test_a_hostile_or_broken_manifest_is_no_release(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(VerificationError, match="manifest"):
        read_manifest(tmp_path)


def test_any_flipped_bit_of_the_manifest_is_found(published):
    release = published.releases / "a1"
    path = release / "manifest.json"
    path.chmod(0o644)
    content = path.read_bytes()
    for at in range(len(content)):
        for bit in (0, 4, 5):
            flipped = bytearray(content)
            flipped[at] ^= 1 << bit
            path.write_bytes(flipped)
            try:
                assert verify(release), (at, bit)
            except VerificationError:
                continue


def test_a_folder_without_manifest_does_not_exist(published):
    (published.releases / "zz").mkdir()
    assert published.release_ids() == ["a1"]
    with pytest.raises(VerificationError, match="no release"):
        verify(published.releases / "zz")


@pytest.mark.parametrize("name", ["manifest.json", "run.json"])
def test_a_staged_file_with_a_reserved_name_is_refused(store, name):
    with store.lock(), pytest.raises(InputError, match="publishing writes it"):
        publish(store, "a1", {name: b"{}"})


@pytest.mark.parametrize("name", ["a b.tif", ".hidden", "ä.tif"])
def test_a_name_that_does_not_travel_is_refused(store, name):
    with store.lock(), pytest.raises(InputError, match="Rename it"):
        publish(store, "a1", {name: b""})
    assert store.current_release() is None


@pytest.mark.parametrize("release_id", ["../x", ".tmp-x", "a/b", ""])
def test_an_id_that_could_leave_the_folder_is_refused(store, release_id):
    with store.lock(), pytest.raises(InputError):
        store.begin(release_id)


HOLD = """
import sys
from pathlib import Path
from habitat.io.release.release import Store
with Store(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_by_pid_and_a_killed_holder_frees_the_lock(store):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockError, match=str(holder.pid)), store.lock():
            pass
        holder.send_signal(signal.SIGKILL)
    with store.lock():
        pass


def test_a_lock_that_is_a_planted_link_is_not_followed(store, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    store.state.mkdir(parents=True)
    (store.state / "lock").symlink_to(victim)
    with pytest.raises(ResourceError), store.lock():
        pass
    assert victim.read_text() == "mine"


def test_nothing_is_changed_without_the_lock(store):
    for change in (
        lambda: store.begin("a1"),
        lambda: store.publish(store.root, "a1", {}),
        lambda: store.prune(now=datetime(2024, 1, 1, tzinfo=UTC)),
        store.sweep_temporary,
    ):
        with pytest.raises(RuntimeError, match="lock"):
            change()


KILLED = """
import os, signal, sys
from pathlib import Path
from habitat.io.release.manifest import verify
from habitat.io.release.release import Store, _remove_tree

store, calls = Store(Path(sys.argv[1])), 0

def stage(release_id):
    staging = store.begin(release_id)
    (staging / "cells.gpkg").write_bytes(release_id.encode())
    (staging / "items").mkdir()
    (staging / "items" / "a.json").write_bytes(b"{}")
    return staging

def killed_at(limit):
    def counted(function):
        def wrapper(*args, **options):
            global calls
            calls += 1
            if calls == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **options)
        return wrapper
    for name in ("replace", "rename", "chmod", "symlink_to", "unlink"):
        setattr(Path, name, counted(getattr(Path, name)))
    os.fsync = counted(os.fsync)

def publish(release_id, limit=0):
    with store.lock():
        staging = stage(release_id)
        if limit:
            killed_at(limit)
        store.publish(staging, release_id, {})

publish("old")
limit, seen = 0, set()
while True:
    limit += 1
    child = os.fork()
    if child == 0:
        publish("new", limit)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert verify(store.root / "current") == []
    seen.add(store.current_release().name)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL
    with store.lock():
        store.sweep_temporary()
        assert not list(store.releases.glob(".tmp-*"))
    publish("old")
    if (store.releases / "new").exists():
        _remove_tree(store.releases / "new")
print(limit - 1, sorted(seen))
"""


def test_a_kill_at_any_instant_of_publishing_leaves_the_old_or_the_new_release(store):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.root)],
        check=True,
        capture_output=True,
        text=True,
    )
    kills, seen = done.stdout.split(maxsplit=1)
    assert int(kills) > 30
    assert seen.strip() == "['new', 'old']"


def test_a_disk_that_fails_at_any_flush_publishes_nothing_or_everything(published, monkeypatch):
    real, failed = os.fsync, 0
    for limit in range(1, 60):
        calls = 0

        def flush(fd, limit=limit):
            nonlocal calls
            calls += 1
            if calls == limit:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            real(fd)

        with published.lock():
            staging = published.begin("b2")
            (staging / "cells.gpkg").write_bytes(b"new rows")
            monkeypatch.setattr(durable.os, "fsync", flush)
            try:
                published.publish(staging, "b2", {})
            except ResourceError:
                failed += 1
            finally:
                monkeypatch.undo()
            assert verify(published.root / "current") == []
            publish(published, "a1")
            published.sweep_temporary()
            if (published.releases / "b2").exists():
                release._remove_tree(published.releases / "b2")
        if calls < limit:
            break
    assert failed > 8
    assert calls < limit


def test_a_file_that_changes_while_it_is_published_stops_it(published, monkeypatch):
    real = manifest.sha256_file
    monkeypatch.setattr(manifest, "sha256_file", lambda p: real(p).replace("a", "b"))
    with published.lock():
        staging = published.begin("b2")
        (staging / "cells.gpkg").write_bytes(b"rows")
        entry = manifest._entry

        def entry_then_change(folder, path):
            found = entry(folder, path)
            (folder / "cells.gpkg").write_bytes(b"rowz")
            return found

        monkeypatch.setattr(manifest, "_entry", entry_then_change)
        with pytest.raises(VerificationError, match="nothing was published"):
            published.publish(staging, "b2", {})
    assert published.current_release().name == "a1"


def test_old_releases_go_but_never_the_current_nor_a_young_one(published):
    with published.lock():
        for release_id in ("b2", "c3", "d4"):
            publish(published, release_id, {"cells.gpkg": release_id.encode()})
        now = datetime(2024, 11, 1, tzinfo=UTC)
        for release_id, days in (("a1", 30), ("b2", 8), ("c3", 6), ("d4", 90)):
            written = (now - timedelta(days=days)).timestamp()
            os.utime(published.releases / release_id / "manifest.json", (written, written))
        assert published.prune(now=now, keep_days=10) == ["a1"]
        assert published.prune(now=now) == ["b2"]
        assert published.release_ids() == ["c3", "d4"]
        with pytest.raises(ConfigError, match="7 or more"):
            published.prune(now=now, keep_days=6)


def test_the_newest_releases_stay_however_old_they_are(published):
    now = datetime(2024, 11, 1, tzinfo=UTC)
    with published.lock():
        for days, release_id in ((40, "b2"), (30, "c3"), (20, "d4"), (10, "e5")):
            publish(published, release_id, {"cells.gpkg": release_id.encode()})
            written = (now - timedelta(days=days)).timestamp()
            os.utime(published.releases / release_id / "manifest.json", (written, written))
        old = (now - timedelta(days=50)).timestamp()
        os.utime(published.releases / "a1" / "manifest.json", (old, old))
        published.point_to("b2")
        assert published.prune(now=now, keep=2) == ["a1", "c3"]
        assert published.prune(now=now, keep=2) == []
    assert published.release_ids() == ["b2", "d4", "e5"]


def test_any_flipped_bit_of_the_manifest_and_the_record_is_found(published):
    folder = published.releases / "a1"
    for name in ("manifest.json", "run.json"):
        content = (folder / name).read_bytes()
        for bit in range(0, 8 * len(content), 3):
            altered = bytearray(content)
            altered[bit // 8] ^= 1 << bit % 8
            assert not manifest.is_as_written(bytes(altered)), (name, bit)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        path.chmod(0o644)
        for bit in range(0, 8 * len(content), 1 if len(content) < 50 else 41):
            altered = bytearray(content)
            altered[bit // 8] ^= 1 << bit % 8
            path.write_bytes(altered)
            with suppress(VerificationError):
                assert verify(folder), (path, bit)
        path.write_bytes(content)
    assert verify(folder) == []


def test_a_release_without_digests_of_manifest_and_record_is_still_read(published):
    folder = published.releases / "a1"
    files = json.loads((folder / "manifest.json").read_bytes())["files"]
    for name, document in (("manifest.json", {"files": files}), ("run.json", {"by": "older"})):
        (folder / name).chmod(0o644)
        (folder / name).write_text(json.dumps(document))
    assert verify(folder) == []


def test_without_links_the_text_file_speaks(published, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError(errno.EOPNOTSUPP, "links are not supported")

    (published.root / "current").unlink()
    monkeypatch.setattr(release.Path, "symlink_to", refuse)
    with published.lock():
        publish(published, "b2", {"cells.gpkg": b"new rows"})
    assert not (published.root / "current").exists()
    assert published.current_release() == published.releases / "b2"


def test_sweeping_takes_what_a_kill_left_in_the_journal(published):
    left = published.state / "runs" / ".tmp-1-key.json"
    left.parent.mkdir(exist_ok=True)
    left.write_text("{")
    with published.lock():
        assert published.sweep_temporary() == [left]
    assert not left.exists()


def test_sweeping_takes_what_a_kill_left_of_the_records_of_runs(published):
    left = published.state / ".tmp-1-2-last_run.json"
    left.write_bytes(b"half")
    with published.lock():
        assert published.sweep_temporary() == [left]


def test_a_text_of_the_current_release_that_is_no_text_any_more_is_mended(published):
    text = published.root / "CURRENT"
    right = text.read_bytes()
    text.write_bytes(right[:9] + bytes([right[9] ^ 0x80]) + right[10:])
    with published.lock():
        published.sweep_temporary()
    assert text.read_bytes() == right


def test_sweeping_lets_the_text_say_what_the_link_says(published):
    (published.root / "CURRENT").write_text("releases/old\n")
    with published.lock():
        published.sweep_temporary()
    assert (published.root / "CURRENT").read_text() == "releases/a1\n"


def test_sweeping_never_follows_a_link(published, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "data").write_text("mine")
    (published.scratch / "x").symlink_to(tmp_path / "precious")
    with published.lock():
        published.sweep_temporary()
    assert (tmp_path / "precious" / "data").read_text() == "mine"
    assert not list(published.scratch.iterdir())
