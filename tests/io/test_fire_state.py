import os
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.domain.errors import LockError, ResourceError, VerificationError
from habitat.domain.fire_alert import (
    Ack,
    AlertLog,
    AlertState,
    Evaluated,
    FireAlert,
    Message,
    Refused,
    Report,
    Rule,
    Sent,
    Verdict,
)
from habitat.io.fire.fire_state import AlertStore, alerts_held

NOW = datetime(2025, 4, 5, 20, tzinfo=UTC)
ALERT = FireAlert("0123456789ab", Rule.LEVEL, "kraskino", date(2025, 4, 5), 5, AlertState.NEW, NOW)
MESSAGE = Message("id1", "duty", NOW, "Тревога", "текст\n", "{}")
RECORDS = (
    Evaluated(NOW, False, "digest", (ALERT,), {"hunchun": NOW}, (), (MESSAGE,)),
    Ack("0123456789ab", "ru", "Иванов", NOW, NOW, "смотрим"),
    Report("0123456789ab", Verdict.PRESCRIBED, "Li", NOW),
    Sent("id1", NOW),
    Refused("id2", NOW),
)


def written(path, records=RECORDS):
    store = AlertStore(path)
    for record in records:
        store.append(record)
    return store


def test_what_was_written_is_read_again(tmp_path):
    path = tmp_path / "alerts.jsonl"
    written(path)
    store = AlertStore(path)
    assert store.records == RECORDS
    assert store.log.alerts == (ALERT,)
    assert store.log.outbox == ()
    assert not store.damage


def test_without_a_file_there_are_no_alerts(tmp_path):
    assert AlertStore(tmp_path / "none.jsonl").log == AlertLog()


def test_a_line_cut_at_any_byte_never_came_to_be_and_the_next_one_takes_its_place(tmp_path):
    path = tmp_path / "alerts.jsonl"
    written(path, RECORDS[:1])
    whole = path.read_bytes()
    written(path, RECORDS[1:2])
    both = path.read_bytes()
    for cut in range(len(whole), len(both)):
        path.write_bytes(both[:cut])
        store = AlertStore(path)
        assert store.records == RECORDS[:1]
        assert not store.damage
    store.append(RECORDS[1])
    assert path.read_bytes() == both


@given(st.data())
def test_any_changed_byte_is_found_and_the_lines_before_it_still_count(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("log") / "alerts.jsonl"
    written(path)
    body = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(body)
    store = AlertStore(path)
    line = bytes(body[:at]).count(b"\n")
    last_end = at == len(body) - 1
    assert store.damage or last_end
    assert store.records == RECORDS[: min(line, len(store.records))]
    assert len(store.records) <= line


def test_a_changed_byte_between_digest_and_record_is_found(tmp_path):
    path = tmp_path / "alerts.jsonl"
    written(path)
    path.write_bytes(path.read_bytes().replace(b' {"ack"', b'!{"ack"'))
    assert "line 2" in AlertStore(path).damage


def test_a_lost_line_in_the_middle_is_found(tmp_path):
    path = tmp_path / "alerts.jsonl"
    written(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1] + lines[2:]))
    assert AlertStore(path).records == RECORDS[:1]
    assert "line 2" in AlertStore(path).damage


def test_a_damaged_log_is_cut_back_and_a_copy_is_kept(tmp_path):
    path = tmp_path / "alerts.jsonl"
    written(path)
    damaged = path.read_bytes().replace(b"prescribed", b"confirmed!")
    path.write_bytes(damaged)
    kept = AlertStore(path).mend()
    assert kept.read_bytes() == damaged
    store = AlertStore(path)
    assert not store.damage
    assert store.records == RECORDS[:2]


@pytest.mark.parametrize("body", [b"[]\n", b'{\n"version": 1}\n', b"x" * 200 + b"\n"])
def test_another_file_is_never_cut_back(tmp_path, body):
    path = tmp_path / "alerts.json"
    path.write_bytes(body)
    with pytest.raises(VerificationError, match="start anew"):
        AlertStore(path).mend()
    assert path.read_bytes() == body


@pytest.mark.parametrize("fails", ["write", "fsync"])
def test_a_full_disk_leaves_the_log_as_it_was(tmp_path, monkeypatch, fails):
    path = tmp_path / "alerts.jsonl"
    store = written(path, RECORDS[:1])
    before, real = path.read_bytes(), os.write

    def full(fd, data=b""):
        if fails == "write" and len(data) > 10:
            return real(fd, data[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, fails, full)
        with pytest.raises(ResourceError, match="No space"):
            store.append(RECORDS[1])
    assert path.read_bytes() == before
    store.append(RECORDS[1])
    assert AlertStore(path).records == RECORDS[:2]


def test_two_runs_do_not_follow_the_same_alerts_at_once(tmp_path):
    path = tmp_path / "state" / "alerts.jsonl"
    with (
        alerts_held(path),
        pytest.raises(LockError, match="follows these alerts"),
        alerts_held(path),
    ):
        pytest.fail("held twice")
    with alerts_held(path):
        pass
