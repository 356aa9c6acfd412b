"""Credentials come from the environment or from a file that nobody else can read."""

import pytest

from habitat.domain.errors import CredentialsError
from habitat.io.secrets import mask
from habitat.io.settings import sentinelhub_credentials

SECRET, NAME = "canary-of-the-settings", "SH_CLIENT_SECRET"


@pytest.fixture(autouse=True)
def _nothing(monkeypatch):
    for name in ("SH_CLIENT_ID", "SH_CLIENT_SECRET", "HABITAT_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "credentials"
    lines = ["# of the dashboard", "SH_CLIENT_ID = me", f"{NAME}='{SECRET}'", ""]
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    monkeypatch.setenv("HABITAT_CREDENTIALS_FILE", str(path))
    return path


def test_the_environment_comes_first(file, monkeypatch):
    monkeypatch.setenv("SH_CLIENT_ID", "other")
    monkeypatch.setenv("SH_CLIENT_SECRET", "other-secret")
    assert sentinelhub_credentials().client_id == "other"


def test_a_file_of_its_owner_is_read_and_its_secret_hidden_everywhere(file):
    found = sentinelhub_credentials()
    assert (found.client_id, found.client_secret) == ("me", SECRET)
    assert SECRET not in f"{found!r} {found}"
    assert mask(f"secret={SECRET}") == "secret=***"


def test_half_of_the_environment_is_not_mixed_with_the_file(file, monkeypatch):
    monkeypatch.setenv("SH_CLIENT_ID", "other")
    assert sentinelhub_credentials().client_id == "me"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_file_that_others_may_touch_is_refused(file, mode):
    file.chmod(mode)
    with pytest.raises(CredentialsError, match=f"got mode {mode:04o}.*chmod 600"):
        sentinelhub_credentials()


def test_nothing_at_all_says_what_to_set():
    with pytest.raises(CredentialsError, match=r"SH_CLIENT_ID and SH_CLIENT_SECRET, got no.*chmod"):
        sentinelhub_credentials()


@pytest.mark.parametrize("text", ["", "SH_CLIENT_ID=me\n", f"{NAME}=\nSH_CLIENT_ID=me"])
def test_an_incomplete_file_is_refused_without_showing_it(file, text):
    file.write_text(text)
    with pytest.raises(CredentialsError, match="SH_CLIENT_SECRET in"):
        sentinelhub_credentials()


def test_a_missing_file_and_one_of_bytes_are_refused(file):
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialsError, match="UTF-8"):
        sentinelhub_credentials()
    file.unlink()
    with pytest.raises(CredentialsError, match="No such file"):
        sentinelhub_credentials()
