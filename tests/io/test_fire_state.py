from datetime import date

import pytest

from habitat.domain.errors import LockError, VerificationError
from habitat.domain.fire_alert import AlertLog, AlertState, FireAlert
from habitat.io.fire_state import alerts_held, read_alerts, write_alerts

ALERT = FireAlert("0123456789ab", "kraskino", date(2025, 4, 5), 5, AlertState.ESCALATED, 1)
LOG = AlertLog(False, "digest", (ALERT,))


def test_what_was_written_is_read_again(tmp_path):
    path = tmp_path / "alerts.json"
    write_alerts(path, LOG)
    assert read_alerts(path, simulated=True) == LOG


def test_without_a_file_there_are_no_alerts(tmp_path):
    assert read_alerts(tmp_path / "none.json", simulated=True) == AlertLog(simulated=True)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"version": 2, "simulated": true, "inputs": "", "alerts": []}']
)
def test_a_damaged_file_is_refused_and_never_read_as_no_alerts(tmp_path, body):
    path = tmp_path / "alerts.json"
    path.write_bytes(body)
    with pytest.raises(VerificationError, match="start anew"):
        read_alerts(path, simulated=True)


def test_an_unknown_state_is_refused(tmp_path):
    path = tmp_path / "alerts.json"
    write_alerts(path, LOG)
    path.write_text(path.read_text().replace("escalated", "forgotten"))
    with pytest.raises(VerificationError):
        read_alerts(path, simulated=True)


def test_two_runs_do_not_follow_the_same_alerts_at_once(tmp_path):
    path = tmp_path / "alerts.json"
    with (
        alerts_held(path),
        pytest.raises(LockError, match="follows these alerts"),
        alerts_held(path),
    ):
        pytest.fail("held twice")
    with alerts_held(path):
        write_alerts(path, LOG)
    assert read_alerts(path, simulated=False) == LOG
