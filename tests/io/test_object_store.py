"""One folder of a bucket."""

import pytest
from s3_served import BUCKET, Service

from habitat.domain.errors import InputError
from habitat.io.net import object_store
from habitat.io.net.object_store import ChangedMeanwhileError, ObjectStore
from habitat.io.settings import S3Access


@pytest.fixture
def service(monkeypatch):
    made = Service()
    monkeypatch.setattr(object_store, "ATTEMPTS", 1)
    yield made
    made.server.shutdown()


@pytest.fixture
def store(service):
    return ObjectStore(f"s3://{BUCKET}/a/b", S3Access(service.url, "us-east-1", "id", "secret"))


def test_what_is_not_there_is_none(store):
    assert store.read("x", 10) is None
    assert store.sha256("x") is None
    assert list(store.written("")) == []


def test_a_write_on_a_condition_keeps_what_another_wrote(store):
    store.swap("x", b"1", None)
    with pytest.raises(ChangedMeanwhileError):
        store.swap("x", b"2", None)
    content, tag = store.read("x", 10)
    assert content == b"1"
    store.swap("x", b"3", tag)
    with pytest.raises(ChangedMeanwhileError):
        store.swap("x", b"4", tag)
    assert store.read("x", 10)[0] == b"3"


def test_more_bytes_than_allowed_are_refused(store):
    store.put("x", b"12345")
    assert store.read("x", 5)[0] == b"12345"
    with pytest.raises(InputError, match="at most 4 bytes"):
        store.read("x", 4)


def test_names_are_those_below_the_folder(store, service):
    for name in ("c/1", "c/d/2", "cc/3"):
        store.put(name, b"")
    service.client.put_object(Bucket=BUCKET, Key="a/bb/c/4", Body=b"")
    assert sorted(name for name, _ in store.written("c")) == ["1", "d/2"]
    assert sorted(name for name, _ in store.written("")) == ["c/1", "c/d/2", "cc/3"]


@pytest.mark.parametrize("url", ["s3://B/x", "s3://bucket/../x", "https://bucket/x", "s3://b"])
def test_another_place_than_a_bucket_and_a_plain_prefix_is_refused(url):
    with pytest.raises(InputError, match="s3://bucket/prefix"):
        ObjectStore(url, S3Access("", "us-east-1", "id", "secret"))


def test_an_object_can_be_removed_twice(store):
    store.put("x", b"1")
    store.remove("x")
    store.remove("x")
    assert store.read("x", 10) is None
