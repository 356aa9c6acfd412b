"""Two days of the season; the whole of it is `python -m tests.faults.season --out DIR`."""

import logging

import pytest

from .season import failed, play


@pytest.mark.slow
def test_two_days_with_faults_and_kills_miss_nothing_and_tell_nothing_twice(tmp_path):
    logging.disable()
    try:
        course, whole = play(tmp_path, seed=5, days=2, seconds=300)
    finally:
        logging.disable(logging.NOTSET)
    assert whole
    assert failed(course) == {}, course.findings
    for event in ("killed", "complete", "unknown periods", "known again by their id"):
        assert course.counts[event], event


@pytest.mark.slow
def test_the_season_notices_a_round_that_forgets_to_send(tmp_path, monkeypatch):
    monkeypatch.setattr("habitat.io.fire.outbox._send", lambda *_: None)
    course, _ = play(tmp_path, seed=5, days=1, seconds=300)
    assert failed(course).keys() >= {"missed", "mail lost"}
