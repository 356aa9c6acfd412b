"""Releases in S3-compatible object storage: the whole old one or the whole new one, and again."""

import json
import logging
from datetime import timedelta

import pytest
import tiny
from s3_served import BUCKET, Service

from habitat.cli.main import run
from habitat.io.net import object_store
from habitat.io.release.release_objects import prune_objects

OK, CONFIG, REMOTE, CREDENTIALS, LOCKED, ALTERED = 0, 3, 6, 8, 9, 12
FOLDER = f"s3://{BUCKET}/zone"


@pytest.fixture(autouse=True)
def _log_handlers():
    root = logging.getLogger()
    before = root.handlers[:]
    yield
    root.handlers = before


@pytest.fixture
def service(monkeypatch):
    made = Service()
    monkeypatch.setenv("HABITAT_S3_ENDPOINT", made.url)
    monkeypatch.setenv("HABITAT_S3_KEY_ID", "id")
    monkeypatch.setenv("HABITAT_S3_SECRET", "a-secret-key")
    monkeypatch.setattr(object_store, "ATTEMPTS", 1)
    yield made
    made.server.shutdown()


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    tiny.write_project(folder, copy_to=FOLDER)
    return folder


def another_release(project):
    """Change the input, so that the next run publishes another release."""
    tiny.write_scene(project, "2024-08-20")


def files_of(release):
    """Return the bytes of every file of a release."""
    return {
        f"zone/tiny/releases/{release.name}/{path.relative_to(release).as_posix()}": (
            path.read_bytes()
        )
        for path in release.rglob("*")
        if path.is_file()
    }


def test_the_copy_is_the_release_to_the_byte_and_current_comes_last(project, service):
    assert tiny.run_it(project) == OK
    release = tiny.current(project)
    objects = service.objects()
    assert objects.pop("zone/tiny/CURRENT") == f"releases/{release.name}\n".encode()
    assert objects == files_of(release)
    assert service.puts[-2:] == [
        f"zone/tiny/releases/{release.name}/manifest.json",
        "zone/tiny/CURRENT",
    ]
    assert run(["verify", f"{FOLDER}/tiny"]) == OK
    assert run(["verify", f"{FOLDER}/tiny/releases/{release.name}"]) == OK


def test_the_second_run_writes_no_object(project, service):
    assert tiny.run_it(project) == OK
    service.puts.clear()
    assert tiny.run_it(project) == OK
    assert service.puts == []


@pytest.mark.parametrize("position", ["first", "middle", "manifest", "current"])
def test_a_write_that_fails_leaves_the_old_release_and_the_same_command_goes_on(
    project, service, position
):
    assert tiny.run_it(project) == OK
    old, before = service.current(), service.objects()
    another_release(project)
    count = len(service.puts)
    service.fails = {
        "first": lambda _, number: number == count + 1,
        "middle": lambda _, number: number == count + 5,
        "manifest": lambda name, _: name.endswith("manifest.json"),
        "current": lambda name, _: name.endswith("CURRENT"),
    }[position]
    assert tiny.run_it(project) == REMOTE
    assert service.current() == old
    assert before.items() <= service.objects().items()
    assert run(["verify", f"{FOLDER}/tiny"]) == OK

    service.fails, arrived = None, set(service.objects()) - set(before)
    service.puts.clear()
    assert tiny.run_it(project) == OK
    assert service.current() == f"releases/{tiny.current(project).name}" != old
    assert not arrived & set(service.puts), "what had arrived is not sent again"
    assert run(["verify", f"{FOLDER}/tiny"]) == OK


@pytest.mark.parametrize("name", ["run.json", ".tif", "manifest.json", "CURRENT"])
def test_a_write_that_is_lost_in_silence_is_noticed(project, service, name):
    assert tiny.run_it(project) == OK
    old = service.current()
    another_release(project)
    service.lost = lambda key: key.endswith(name)
    assert tiny.run_it(project) in {REMOTE, LOCKED}
    assert service.current() == old
    service.lost = None
    assert tiny.run_it(project) == OK
    assert service.current() != old


def test_a_passing_fault_is_tried_again(project, service, monkeypatch):
    monkeypatch.setattr(object_store, "ATTEMPTS", 3)
    service.fails = lambda _, number: number == 2
    assert tiny.run_it(project) == OK
    assert run(["verify", f"{FOLDER}/tiny"]) == OK


def test_another_writer_meanwhile_is_not_overwritten(project, service):
    assert tiny.run_it(project) == OK
    another_release(project)

    def meanwhile(name, _):
        if name.endswith("manifest.json"):
            service.fails = None
            service.client.put_object(
                Bucket=BUCKET, Key="zone/tiny/CURRENT", Body=b"releases/of-another\n"
            )
        return False

    service.fails = meanwhile
    assert tiny.run_it(project) == LOCKED
    assert service.current() == "releases/of-another"


def test_any_flipped_bit_is_found(project, service, capfd):
    assert tiny.run_it(project) == OK
    for key, content in service.objects().items():
        if key.endswith("CURRENT"):
            continue
        for at in (0, len(content) // 2, len(content) - 1):
            flipped = bytearray(content)
            flipped[at] ^= 1
            service.client.put_object(Bucket=BUCKET, Key=key, Body=bytes(flipped))
            assert run(["verify", f"{FOLDER}/tiny"]) == ALTERED, (key, at)
        service.client.put_object(Bucket=BUCKET, Key=key, Body=content)
    assert run(["verify", f"{FOLDER}/tiny"]) == OK
    service.client.put_object(Bucket=BUCKET, Key=f"zone/tiny/{service.current()}/more", Body=b"")
    assert run(["verify", f"{FOLDER}/tiny"]) == ALTERED
    assert "stray: more" in capfd.readouterr().err


@pytest.mark.parametrize("refused", [False, True], ids=["removed", "may not be removed"])
def test_old_releases_go_by_the_rule_of_those_on_disk(project, service, monkeypatch, refused):
    def prune_later(store, *, now, keep):
        return prune_objects(store, now=now + timedelta(days=8), keep=keep)

    monkeypatch.setattr("habitat.pipeline.upload.prune_objects", prune_later)
    tiny.write_pipeline(project, tiny.content(copy_to=FOLDER, keep_releases=1))
    assert tiny.run_it(project) == OK
    first = tiny.current(project).name
    another_release(project)
    service.keeps = (lambda _, __: True) if refused else None
    assert tiny.run_it(project) == OK
    assert any(first in key for key in service.objects()) == refused
    assert run(["verify", f"{FOLDER}/tiny"]) == OK


def test_no_key_is_refused_before_the_work(project, service, monkeypatch):
    monkeypatch.delenv("HABITAT_S3_SECRET")
    assert tiny.run_it(project) == CREDENTIALS
    assert tiny.releases(project) == []
    assert service.puts == []


def test_a_bucket_that_is_not_there_is_a_fault_of_the_service(project, service):
    tiny.write_pipeline(project, tiny.content(copy_to="s3://no-such-bucket/zone"))
    assert tiny.run_it(project) == REMOTE
    assert json.loads((project / "outputs/tiny/state/last_run.json").read_text())["exit_code"] == 6
    assert len(tiny.releases(project)) == 1, "the release on disk is published"


@pytest.mark.parametrize("endpoint", ["http://storage.example", "ftp://x", "https://u@host"])
def test_an_endpoint_without_encryption_is_refused(project, service, monkeypatch, endpoint):
    monkeypatch.setenv("HABITAT_S3_ENDPOINT", endpoint)
    assert tiny.run_it(project) == CONFIG
    assert service.puts == []


@pytest.mark.parametrize(
    "url", ["s3://B/x", "s3://bucket/../x", "https://bucket/x", "s3://bucket/a b"]
)
def test_a_place_that_is_no_plain_prefix_is_refused(project, url):
    tiny.write_pipeline(project, tiny.content(copy_to=url))
    assert tiny.run_it(project) == CONFIG


def test_the_secret_is_in_no_output(project, service, capfd):
    service.fails = lambda _, __: True
    assert tiny.run_it(project) == REMOTE
    said = capfd.readouterr()
    assert "a-secret-key" not in said.out + said.err
    for path in (project / "outputs").rglob("*"):
        assert not path.is_file() or b"a-secret-key" not in path.read_bytes()
