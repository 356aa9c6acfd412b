import errno
import os

import pytest

from habitat.domain.errors import InputError, ResourceError
from habitat.io import durable
from habitat.io.durable import atomic_write_bytes, local_resources, require_safe_name, sha256_file


def test_written_bytes_are_read_back_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a.json"
    atomic_write_bytes(path, b"one")
    atomic_write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failing_disk_leaves_the_old_file_and_says_what_to_do(tmp_path, monkeypatch, call, code):
    path = tmp_path / "a.json"
    atomic_write_bytes(path, b"old")

    def fail(*_args, **_options):
        raise OSError(code, os.strerror(code))

    target = durable.os if call == "fsync" else durable.Path
    monkeypatch.setattr(target, call, fail)
    with pytest.raises(ResourceError, match=r"a\.json.*run again"):
        atomic_write_bytes(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_disk_that_gives_back_other_bytes_is_found_out(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    monkeypatch.setattr(durable.Path, "read_bytes", lambda _self: b"zeros")
    with pytest.raises(ResourceError, match="not the bytes written"):
        atomic_write_bytes(path, b"data")
    assert not path.exists()


def test_a_planted_link_is_not_written_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    path = tmp_path / "a.json"
    durable.temporary_beside(path).symlink_to(victim)
    with pytest.raises(ResourceError):
        atomic_write_bytes(path, b"data")
    assert victim.read_bytes() == b"mine"


def test_an_error_of_the_system_names_the_file_and_the_free_space(tmp_path):
    with (
        pytest.raises(ResourceError, match=r"x\.tif.*MB are free.*Free some space"),
        local_resources("writing", tmp_path / "x.tif"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "a b", "ä", "x" * 101, "a\n"])
def test_names_that_could_leave_their_folder_are_refused(name):
    with pytest.raises(InputError, match="Rename it"):
        require_safe_name(name, "item")


def test_a_checksum_is_that_of_the_standard(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # FIPS 180-4 example
    assert sha256_file(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
