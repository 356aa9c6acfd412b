"""Each guard of the alerts is missed when it is not there."""

import pytest

from .alert_guards import ALERT_GUARDS, caught


@pytest.mark.parametrize("name", ALERT_GUARDS)
def test_a_removed_guard_of_the_alerts_is_noticed(name, tmp_path):
    assert caught(name, tmp_path)
