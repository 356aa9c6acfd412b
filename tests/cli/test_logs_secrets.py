import json
import logging

import pytest

from habitat.cli.logs import JsonFormatter, TextFormatter
from habitat.io.secrets import register_secret


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter("%(message)s")])
def test_a_secret_is_masked_in_the_message_and_in_the_traceback(formatter):
    register_secret("canary-of-the-log")
    error = ValueError("canary-of-the-log")
    fault = (ValueError, error, None)
    record = logging.LogRecord("x", logging.DEBUG, "f", 1, "key canary-of-the-log", (), fault)
    line = formatter.format(record)
    assert "canary-of-the-log" not in line
    assert "***" in line


def test_a_masked_line_is_still_json():
    secret = 'canary"with\\escapes'
    register_secret(secret)
    record = logging.LogRecord("x", logging.DEBUG, "f", 1, f"key {secret}", (), None)
    assert json.loads(JsonFormatter().format(record))["event"] == "key ***"
