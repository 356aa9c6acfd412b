"""Old releases in object storage go whole, and never the one that readers follow."""

from datetime import UTC, datetime, timedelta

import pytest
from s3_served import BUCKET, Service

from habitat.domain.errors import RemoteError
from habitat.io.net import object_store
from habitat.io.net.object_store import ObjectStore
from habitat.io.release.manifest import seal
from habitat.io.release.release_objects import copy_release, prune_objects, verify_objects
from habitat.io.settings import S3Access

LATER = datetime.now(UTC) + timedelta(days=8)  # noqa: TID251  # the service has a clock of its own
RELEASES = ("r1", "r2", "r3")


@pytest.fixture
def service(monkeypatch):
    made = Service()
    monkeypatch.setattr(object_store, "ATTEMPTS", 1)
    yield made
    made.server.shutdown()


@pytest.fixture
def store(service, tmp_path):
    """Three releases, the last one current."""
    made = ObjectStore(f"s3://{BUCKET}/zone/tiny", S3Access(service.url, "us-east-1", "id", "key"))
    for name in RELEASES:
        folder = tmp_path / name
        (folder / "items").mkdir(parents=True)
        for path in ("map.tif", "items/map.json"):
            (folder / path).write_text(name + path)
        seal(folder, {"as_of": "2025-01-01"})
        copy_release(folder, made)
    return made


def there(service):
    """Return the files of each release."""
    found = {}
    for key in service.objects():
        _, _, rest = key.partition("zone/tiny/releases/")
        if rest:
            found.setdefault(rest.partition("/")[0], set()).add(rest.partition("/")[2])
    return found


def test_old_releases_go_and_the_others_stay_as_they_are(store, service):
    before = service.objects()
    assert prune_objects(store, now=LATER, keep=2) == ["r1"]
    assert service.objects() == {k: v for k, v in before.items() if "/r1/" not in k}
    assert service.removed[0] == "zone/tiny/releases/r1/manifest.json"
    assert prune_objects(store, now=LATER, keep=2) == []
    assert verify_objects(store) == []


def test_none_goes_within_a_week(store):
    assert prune_objects(store, now=LATER - timedelta(days=2), keep=1) == []


def test_the_current_release_stays_though_it_is_the_oldest(store, service):
    store.put("CURRENT", b"releases/r1\n")
    assert prune_objects(store, now=LATER, keep=1) == ["r2"]
    assert set(there(service)) == {"r1", "r3"}


def test_one_that_becomes_current_meanwhile_stays(store, service):
    def meanwhile(name, _):
        store.put("CURRENT", b"releases/r2\n")
        return False

    service.keeps = meanwhile
    assert prune_objects(store, now=LATER, keep=1) == ["r1"]
    assert set(there(service)) == {"r2", "r3"}
    assert verify_objects(store) == []


def test_without_a_current_release_nothing_goes(store):
    store.remove("CURRENT")
    assert prune_objects(store, now=LATER, keep=1) == []


@pytest.mark.parametrize("at", range(1, 9))
def test_a_removal_that_breaks_off_leaves_whole_releases_and_goes_on(store, service, at):
    service.keeps = lambda _, number: number == at
    with pytest.raises(RemoteError):
        prune_objects(store, now=LATER, keep=1)
    for name, files in there(service).items():
        assert "manifest.json" not in files or len(files) == 4, name
    assert verify_objects(store) == []
    service.keeps = None
    prune_objects(store, now=LATER, keep=1)
    assert set(there(service)) == {"r3"}


def test_a_copy_that_broke_off_goes_when_it_is_old(store, service):
    store.put("releases/half/map.tif", b"half")
    assert prune_objects(store, now=LATER - timedelta(days=2), keep=9) == []
    assert prune_objects(store, now=LATER, keep=9) == ["half"]
    assert set(there(service)) == set(RELEASES)
