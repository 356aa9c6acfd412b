"""`habitat fire-risk status`, `ack`, `report`, `history`, the forms of alerts, and the schedule."""

import json
import shlex
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import cap12
import fire_inputs
import pytest
from wcwidth import wcswidth

from habitat.cli.main import run

ROOT = Path(__file__).parents[2]
ALERT, UNKNOWN, USAGE = 20, 21, 2
DAY = ("--date", "2025-03-22")


@pytest.fixture
def ask(tmp_path, capsys):
    """Run a command on a copy of the project; return its exit code and what it printed."""
    (tmp_path / "aoi").symlink_to(ROOT / "aoi")
    (tmp_path / "pipelines").mkdir()
    file = tmp_path / "pipelines" / "fire-risk.yaml"
    shutil.copy(ROOT / "pipelines" / "fire-risk.yaml", file)

    def asked(*words):
        first = [str(file) if word == "FILE" else str(word) for word in words]
        code = run(["fire-risk", *first])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return code, printed.out

    return asked


@pytest.fixture
def followed(ask):
    """The same, after one round with alerts."""
    assert ask("FILE", *DAY, "--follow")[0] == 0
    return ask


def alert_of(ask):
    return json.loads(ask("status", "FILE", "--json")[1])["alerts"][0]


def test_an_acknowledgement_is_of_one_park_and_doing_it_twice_changes_nothing(followed):
    name = alert_of(followed)["alert_id"]
    words = ("ack", "FILE", name[:8], "--park", "ru", "--by", "Ivanov", "--note", "seen")
    first, second = followed(*words), followed(*words)
    assert first[0] == second[0] == 0
    assert "was acknowledged already" not in first[1]
    assert "was acknowledged already" in second[1]
    assert alert_of(followed)["parks"] == {"ru": "acknowledged", "cn": "new"}


def test_history_tells_in_order_what_happened(followed):
    name = alert_of(followed)["alert_id"]
    followed("ack", "FILE", name, "--park", "cn", "--by", "Li")
    followed("report", "FILE", name, "--as", "false", "--by", "Li")
    rows = json.loads(followed("history", "FILE", "--json")[1])
    assert [row["what"].partition(" ")[0] for row in rows][-2:] == ["acknowledged", "false"]
    assert rows[0]["what"].startswith("new: level ")
    assert f"{name}  false  (Li)" in followed("history", "FILE")[1]


@pytest.mark.parametrize("name", ["", "0", "nothing"])
def test_an_id_that_no_alert_has_is_a_usage_error(followed, name):
    assert followed("ack", "FILE", name, "--park", "ru", "--by", "Ivanov")[0] == USAGE
    assert followed("report", "FILE", name, "--as", "false", "--by", "Li")[0] == USAGE


def test_status_is_silent_before_the_first_round_and_fresh_after_it(ask):
    assert ask("status", "FILE", "--exit-code")[0] == UNKNOWN
    ask("FILE", *DAY, "--follow")
    code, out = ask("status", "FILE", "--exit-code")
    assert code == 0
    assert "SILENT" not in out
    assert "observed" in out
    assert all(wcswidth(line) <= 80 for line in out.splitlines())


def test_simulated_and_real_weather_have_a_log_each_and_status_asks_the_real_one(ask, tmp_path):
    assert ask("FILE", *DAY, "--follow")[0] == 0
    assert ask("status", "FILE")[1].startswith("SIMULATED")
    weather = tmp_path / "weather.json"
    fire_inputs.write_weather(weather, fire_inputs.gale())
    real = ("--date", str(fire_inputs.DAY), "--weather", weather, "--follow")
    assert ask("FILE", *real)[0] == 0
    assert "SIMULATED" not in ask("status", "FILE")[1]
    assert json.loads(ask("status", "FILE", "--json")[1])["simulated"] is False
    logs = {path.name for path in (tmp_path / "outputs/fire-risk/state").glob("*.jsonl")}
    assert logs == {"alerts.jsonl", "alerts-simulated.jsonl"}


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_the_brief_with_news_of_alerts_fits_the_screen(ask, language):
    code, out = ask("FILE", *DAY, "--follow", "--lang", language)
    assert code == 0
    lines = out.rstrip("\n").split("\n")
    assert len(lines) <= 24
    assert all(0 <= wcswidth(line) <= 80 for line in lines)
    word = {"en": "NEW 11", "ru": "НОВОЕ 11", "zh": "新 11"}[language]
    assert word in out


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_short_and_rss_need_no_log(ask, language):
    code, short = ask("FILE", *DAY, "--format", "short", "--lang", language)
    assert code == 0
    assert len(short.rstrip("\n")) <= 160
    code, rss = ask("FILE", *DAY, "--format", "rss", "--lang", language)
    assert code == 0
    assert len(ET.fromstring(rss).findall("channel/item")) == 11


def test_the_cap_message_of_the_brief_has_what_the_standard_asks(ask):
    code, text = ask("FILE", *DAY, "--format", "cap")
    assert code == 0
    assert cap12.faults(text) == []


def test_the_folder_of_outputs_has_every_form(ask, tmp_path):
    out = tmp_path / "out"
    assert ask("FILE", *DAY, "--follow", "--out", out, "--changed-only")[0] == 0
    names = {path.name for path in out.iterdir()}
    assert names == {
        "alerts.geojson", "brief.json", "feed.rss", "cap",
        *(f"{form}-{one}.txt" for form in ("brief", "short") for one in ("en", "ru", "zh")),
    }  # fmt: skip
    caps = sorted((out / "cap").iterdir())
    assert len(caps) == 11
    assert all(cap12.faults(path.read_text("utf-8")) == [] for path in caps)
    assert len(json.loads((out / "alerts.geojson").read_text())["features"]) == 11


# --- schedule -------------------------------------------------------------------------------------


def schedule(capsys, what):
    assert run(["show", what]) == 0
    return capsys.readouterr().out


def test_the_commands_of_the_units_run(ask, capsys):
    text = schedule(capsys, "systemd")
    starts = [line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")]
    assert len(starts) == 2
    for start in starts:
        words = shlex.split(start)
        asked = words[words.index("fire-risk") + 1 :]
        code, _ = ask(*("FILE" if word.endswith(".yaml") else word for word in asked))
        assert code in {0, ALERT, UNKNOWN}
    assert "SuccessExitStatus=20 21" in text


def test_the_times_of_the_schedule_name_their_zone(capsys):
    timers = [
        line for line in schedule(capsys, "systemd").splitlines() if line.startswith("OnCalendar")
    ]
    assert len(timers) == 2
    assert all(line.endswith(" UTC") for line in timers)
    assert "CRON_TZ=UTC" in schedule(capsys, "cron")
