import json
import logging
import re

import click
import pytest

from habitat.cli.logs import JsonFormatter, TextFormatter
from habitat.cli.main import group, run
from habitat.io.secrets import register_secret

CONFIG = 3


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


@pytest.mark.parametrize("key", ["client_secret", "token", "password"])
def test_a_secret_in_a_pipeline_file_is_refused_and_not_shown(tmp_path, capfd, key):
    path = tmp_path / "p.yaml"
    path.write_text(
        "name: p\naoi: a.geojson\ngrid: {epsg: 32652, pixel_m: 20}\n"
        f"source: {{kind: sentinelhub, {key}: canary-in-a-file}}\nsteps: []\n"
    )
    assert run(["--debug", "check", str(path)]) == CONFIG
    printed = capfd.readouterr()
    assert f"unknown key '{key}'" in printed.err
    assert "canary-in-a-file" not in printed.out + printed.err


def test_no_command_takes_a_secret():
    words = re.compile("secret|token|password|map.?key|credential")
    context = click.Context(group)
    commands = [group.get_command(context, name) for name in group.list_commands(context)]
    options = [o for c in commands for p in c.params for o in p.opts]
    assert options
    assert not [option for option in options if words.search(option)]
