"""A pipeline that buys from Sentinel Hub: the maps of ``folder``, paid once, whatever happens."""

import json
import re
import time

import numpy as np
import pytest
import requests
import shop as shops
import tiny

from habitat.cli.main import run
from habitat.io.sentinelhub import sentinelhub_client

REMOTE, QUOTA, CREDENTIALS = 6, 7, 8
NO_NUMBER = {"processingUnitsMonthly": {"remaining": "NaN"}, "requestsMonthly": {"remaining": 1}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same scenes as ``folder`` reads them, and their release."""
    made = tmp_path_factory.mktemp("folder") / "project"
    shops.scenes(made, clouds=40)
    tiny.write_aoi(made)
    tiny.write_tiny_model(made / "models" / "tiny.json")
    tiny.write_pipeline(made, tiny.content(steps=tiny.maps_and_tables()))
    assert tiny.run_it(made) == 0
    return made


@pytest.fixture(scope="module")
def serving(folder):
    with shops.serving(folder / "scenes") as shop:
        yield shop


@pytest.fixture
def shop(serving, monkeypatch):
    monkeypatch.setenv("SH_CLIENT_ID", shops.CLIENT)
    monkeypatch.setenv("SH_CLIENT_SECRET", shops.SECRET)
    monkeypatch.setattr(sentinelhub_client, "BACKOFF_S", 0.01)
    monkeypatch.setattr(sentinelhub_client, "ATTEMPT_S", 1.0)
    serving.reset()
    return serving


@pytest.fixture
def project(shop, tmp_path):
    shops.project(tmp_path, shop)
    return tmp_path


def dry_run(folder, capfd, **_):
    capfd.readouterr()
    assert tiny.run_it(folder, "--dry-run", "--json") == 0
    return json.loads(capfd.readouterr().out)


# --- the same maps, paid once ---------------------------------------------------------------------


def test_the_same_pixels_give_the_same_maps_byte_for_byte(shop, folder, project):
    assert tiny.run_it(project) == 0
    assert len(shops.maps(project)) > 4
    assert shops.maps(project) == shops.maps(folder)


def test_bands_of_10_m_are_averaged_as_folder_averages_them(shop, tmp_path):
    days, steps = ["2024-06-10", "2024-07-10"], tiny.composites_only()
    mine, other = tmp_path / "folder", tmp_path / "bought"
    shops.scenes(mine, days, clouds=40, pixel=10)
    tiny.write_aoi(mine)
    tiny.write_pipeline(mine, tiny.content(steps=steps))
    assert tiny.run_it(mine) == 0
    with shops.serving(mine / "scenes") as fine:
        shops.project(other, fine, steps=steps)
        assert tiny.run_it(other) == 0
    assert shops.maps(other) == shops.maps(mine)


def test_every_answer_is_written_down_and_the_run_says_what_it_spent(shop, project):
    assert tiny.run_it(project) == 0
    said = tiny.record(project)
    assert said["processing_units"] == pytest.approx(shop.spent(), abs=1e-5)
    assert said["requests"] == shop.calls("process") == len(shops.ledger(project)) > 10
    assert sum(line["units"] for line in shops.ledger(project)) == pytest.approx(
        shop.spent(), abs=1e-4
    )


def test_a_second_identical_run_asks_for_nothing_at_all(shop, project):
    assert tiny.run_it(project) == 0
    shop.reset()
    assert tiny.run_it(project) == 0
    assert shop.log() == []


def test_a_run_without_its_outputs_buys_nothing_again(shop, project, tmp_path):
    assert tiny.run_it(project) == 0
    first = shops.maps(project)
    (project / "outputs" / "tiny").rename(tmp_path / "gone")
    shop.reset()
    assert tiny.run_it(project) == 0
    assert shop.log() == []
    assert shops.maps(project) == first


def test_workers_in_processes_read_what_the_parent_bought(shop, folder, project):
    assert tiny.run_it(project, "--processes") == 0
    assert shops.maps(project) == shops.maps(folder)


def test_only_the_configured_address_is_asked(shop, project, monkeypatch):
    asked = set()
    send = requests.Session.request

    def request(self, method, url, **options):
        asked.add((method, url))
        return send(self, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", request)
    assert tiny.run_it(project) == 0
    assert asked == {
        ("POST", f"{shop.url}/token"),
        ("POST", f"{shop.url}/api/v1/catalog/1.0.0/search"),
        ("POST", f"{shop.url}/api/v1/process"),
    }


# --- what it costs, before ------------------------------------------------------------------------


def test_a_dry_run_says_what_the_run_then_spends(shop, project, capfd):
    said = dry_run(project, capfd)
    assert shop.calls("process") == 0
    assert tiny.run_it(project) == 0
    assert said["processing_units"] == pytest.approx(shop.spent(), abs=1e-5)
    assert said["requests"] == shop.calls("process")
    assert said["scenes"] == {"s_before": 2, "s_after": 3}
    assert dry_run(project, capfd)["processing_units"] == 0


def test_a_dry_run_without_the_service_gives_an_upper_bound(shop, project, capfd):
    true = dry_run(project, capfd)
    shops.project(project, shops.Shop("http://127.0.0.1:9"))  # nobody listens
    began = time.monotonic()
    said = dry_run(project, capfd)
    assert time.monotonic() - began < 20
    assert said["processing_units"] > true["processing_units"]
    assert said["requests"] > true["requests"]
    assert "catalogue not reached" in said["reasons"][0]


def test_a_dry_run_without_credentials_gives_an_upper_bound(shop, project, capfd, monkeypatch):
    monkeypatch.delenv("SH_CLIENT_SECRET")
    assert "SH_CLIENT_SECRET" in dry_run(project, capfd)["reasons"][0]


def test_a_run_over_max_pu_is_refused_before_the_first_paid_call(shop, project, capfd):
    shops.project(project, shop, source=shops.source(shop, max_pu=0.1))
    assert tiny.run_it(project) == QUOTA
    assert "max_pu" in capfd.readouterr().err
    assert shop.calls("process") == 0
    shops.project(project, shop, source=shops.source(shop, max_pu=0.05, min_clear_percent=5))
    assert tiny.run_it(project) == QUOTA
    assert shop.calls("process") == 0


def test_missing_credentials_are_said_with_what_to_do(shop, project, capfd, monkeypatch):
    monkeypatch.delenv("SH_CLIENT_ID")
    assert tiny.run_it(project) == CREDENTIALS
    assert "chmod 600" in capfd.readouterr().err
    assert shop.log() == []


def test_the_doctor_signs_in_and_says_what_is_left(project, shop, capfd, monkeypatch):
    doctor = ["--log", "text", "doctor", str(project / "pipelines" / "tiny.yaml")]
    assert run(doctor) == 0
    out = capfd.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == ["ok"] * 5
    assert "own ledger, the service did not say" in out
    assert "10,000.0 units are left" in out
    assert shop.calls("process") == 0
    monkeypatch.setenv("SH_CLIENT_SECRET", "wrong")
    assert run(doctor) == CREDENTIALS
    said = capfd.readouterr()
    assert "FAULT sign-in" in said.out
    assert "wrong" not in said.out + said.err
    monkeypatch.setenv("SH_CLIENT_SECRET", shops.SECRET)
    shop.faults({"search": {"*": ["500"]}})
    monkeypatch.setattr("habitat.io.sentinelhub.sentinelhub_client.DEADLINE_S", 3.0)
    assert run(doctor) == REMOTE
    assert "FAULT catalogue" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("account", "code", "said"),
    [
        ({"accounting": {}, "quota": 812.5}, 0, "the service says that 812.5 units and 9,990"),
        ({"accounting": {}, "quota": 0}, QUOTA, "the service says that 0.0 units"),
        ({"accounting": {"other": "form"}, "quota": 0}, 0, "own ledger, the service did not say"),
        ({"accounting": NO_NUMBER}, 0, "own ledger, the service did not say"),
    ],
    ids=["left", "gone", "another form", "no number"],
)  # fmt: skip
def test_the_doctor_shows_what_the_service_says_is_left(project, shop, capfd, account, code, said):
    shop.reset(**account)
    doctor = ["--log", "text", "doctor", str(project / "pipelines" / "tiny.yaml")]
    assert run(doctor) == code
    assert said in capfd.readouterr().out


def test_the_cost_of_a_zone_needs_neither_service_nor_credentials(project, capfd, monkeypatch):
    monkeypatch.delenv("SH_CLIENT_ID")
    path = str(project / "pipelines" / "tiny.yaml")
    capfd.readouterr()
    assert run(["cost", path, "--as-of", "2025-01-01", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)["rows"]
    by_size = {(row["pixel_m"], row["bands"]): row for row in rows}
    assert set(by_size) == {(60, 0), *((p, b) for p in (10, 20) for b in (2, 4, 5, 10)), (0, 5)}
    assert by_size[0, 5]["date"]["units"] == 0 < by_size[0, 5]["date"]["requests"]
    assert by_size[10, 5]["date"]["units"] > by_size[20, 5]["date"]["units"]
    radar = by_size[20, 2]  # every 6 days
    assert by_size[10, 2]["date"]["units"] > radar["date"]["units"] > 0
    assert radar["year"]["units"] == pytest.approx(61 * radar["date"]["units"])
    assert run(["cost", path]) == 0
    assert "units/year" in capfd.readouterr().out


# --- looks that are worth it ----------------------------------------------------------------------


def test_cloudy_looks_are_not_bought(shop, tmp_path, folder):
    days = ["2024-06-10", "2024-07-10"]
    scenes = tmp_path / "cloudy"
    shops.scenes(scenes, days)
    covered = np.full((tiny.SIDE, tiny.SIDE), tiny.CLOUD, np.uint8)
    shops.scenes(scenes, ["2024-08-10"], scl=covered)
    with shops.serving(scenes / "scenes") as other:
        changes = {"steps": tiny.composites_only()}
        shops.project(tmp_path, other, source=shops.source(other, min_clear_percent=5), **changes)
        assert tiny.run_it(tmp_path) == 0
        bodies = [entry["body"] for entry in other.log() if entry["path"] == "process"]
    times = {
        (b["input"]["data"][0]["dataFilter"]["timeRange"]["from"][:10], '"B03"' in b["evalscript"])
        for b in bodies
    }
    assert times == {(d, True) for d in days} | {(d, False) for d in [*days, "2024-08-10"]}
    scenes_of = tiny.record(tmp_path)["scenes"]["scenes"]
    assert len(scenes_of["used"]) == 2
    assert [s["reason"][:10] for s in scenes_of["refused"]] == ["not bought"]


def test_a_small_budget_buys_the_clearest_looks_and_the_same_ones_again(shop, project):
    shops.project(project, shop, source=shops.source(shop, max_pu=2.0, min_clear_percent=5))
    assert tiny.run_it(project) == 0
    spent = shop.spent()
    assert 0 < spent <= 2.0
    first = shops.maps(project)
    (project / "outputs" / "tiny").rename(project / "gone")
    assert tiny.run_it(project) == 0
    assert shop.spent() == spent
    assert shops.maps(project) == first


# --- faults ---------------------------------------------------------------------------------------

PASSING = [
    "429ms", "429none", "429date", "500", "503", "401", "html", "empty", "json", "reset",
    "truncated", "cut", "size", "bands", "dtype", "drip",
]  # fmt: skip


@pytest.fixture(scope="module")
def calls(serving, tmp_path_factory):
    """How many images a run without faults buys, by pipeline, and its maps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SH_CLIENT_ID", shops.CLIENT)
        patch.setenv("SH_CLIENT_SECRET", shops.SECRET)
        made = {"composite": tiny.composites_only(), "all": tiny.maps_and_tables()}
        counts = {}
        for name, steps in made.items():
            serving.reset()
            place = tmp_path_factory.mktemp(name)
            shops.project(place, serving, steps=steps)
            assert tiny.run_it(place) == 0
            counts[name] = serving.calls("process")
            counts[f"maps of {name}"] = shops.maps(place)
        return counts


@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_changes_no_byte(shop, folder, project, calls, kind, where):
    bought = calls["composite"]
    number = {"first": 1, "middle": bought // 2, "last": bought}[where]
    shops.project(project, shop, steps=tiny.composites_only())
    shop.faults({"process": {str(number): [kind]}})
    assert tiny.run_it(project) == 0
    assert shops.maps(project) == calls["maps of composite"] != {}
    assert shop.calls("process") == bought + 1


LASTING = {
    "500": REMOTE, "html": REMOTE, "truncated": REMOTE, "cut": REMOTE, "size": REMOTE,
    "400": REMOTE, "quota": QUOTA, "forbidden": CREDENTIALS, "401": CREDENTIALS,
}  # fmt: skip


@pytest.mark.parametrize("kind", LASTING)
def test_a_lasting_fault_has_its_exit_code_and_the_old_release_stays(
    shop, folder, project, calls, kind, capfd
):
    shops.project(project, shop, steps=tiny.composites_only("2021-06-01/2021-09-15"))
    assert tiny.run_it(project) == 0
    before = shops.maps(project)
    shop.reset()
    shops.project(project, shop)
    numbers = range(calls["all"] // 4, calls["all"] + 60)
    shop.faults({"process": {str(n): [kind] for n in numbers}})
    assert tiny.run_it(project) == LASTING[kind]
    assert shops.maps(project) == before
    capfd.readouterr()
    shop.faults({})
    assert tiny.run_it(project) == 0
    assert shops.maps(project) == shops.maps(folder)


@pytest.mark.parametrize("number", [6, 20, "last"])
def test_a_blank_image_of_a_clear_place_is_asked_for_again(shop, project, number):
    shops.project(project, shop, source=shops.source(shop, min_clear_percent=5))
    assert tiny.run_it(project) == 0
    clean, calls = shops.maps(project), shop.calls("process")
    (project / "outputs").rename(project / "gone")
    shop.faults({"process": {str(n): ["blank"] for n in [calls if number == "last" else number]}})
    assert tiny.run_it(project) == 0
    assert shops.maps(project) == clean


@pytest.mark.parametrize("kind", ["500", "none", "short", "endless", "html"])
def test_a_broken_catalogue_is_never_no_scenes(shop, project, kind, capfd):
    shop.faults({"search": {"*": [kind]}})
    code = tiny.run_it(project)
    assert code == (11 if kind == "none" else REMOTE)
    assert shop.calls("process") == 0


def test_the_quota_is_said_with_its_reset_and_the_same_command_goes_on(
    shop, folder, project, calls, capfd
):
    shop.reset(quota=1.0)
    assert tiny.run_it(project) == QUOTA
    assert re.search(r"starts again on \d{4}-\d{2}-01", capfd.readouterr().err)
    bought = len(shops.ledger(project))
    assert 0 < bought < calls["all"]
    shop.reset()
    assert tiny.run_it(project) == 0
    assert shop.calls("process") == calls["all"] - bought
    assert shops.maps(project) == shops.maps(folder)


def test_a_token_that_expires_is_renewed(shop, folder, project):
    shop.reset(token_seconds=0.3)
    assert tiny.run_it(project) == 0
    assert shop.calls("token") > 1
    assert shops.maps(project) == shops.maps(folder)


def test_a_wrong_secret_is_a_fault_of_credentials(shop, project, monkeypatch):
    monkeypatch.setenv("SH_CLIENT_SECRET", "another-secret")
    assert tiny.run_it(project) == CREDENTIALS


def test_pixels_that_contradict_their_baseline_are_refused(shop, project, capfd):
    shop.faults({"process": {"*": ["harmonised"]}})
    assert tiny.run_it(project) == 4
    assert "offset contradicts the pixels" in capfd.readouterr().err


def test_no_output_holds_the_secret(shop, project, capfd):
    path = str(project / "pipelines" / "tiny.yaml")
    asked = ["run", path, "--as-of", "2025-01-01"]
    shop.faults({"process": {"1": ["500"], "3": ["401"]}, "token": {"1": ["500"]}})
    for form in ("json", "text"):
        assert run(["--log", form, "--debug", *asked]) == 0
    shop.reset(secret="changed")
    (project / "outputs" / ".downloads").rename(project / "gone")
    (project / "outputs" / "tiny").rename(project / "gone-too")
    assert run(["--log", "json", "--debug", *asked]) == CREDENTIALS
    said = "".join(capfd.readouterr())
    assert len(said) > 1000
    assert shops.SECRET not in said
    for file in project.rglob("*"):
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            assert shops.SECRET.encode() not in content, file
            assert b"token-" not in content, file
