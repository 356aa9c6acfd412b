import pytest

from habitat.domain.errors import ConfigError
from habitat.io.scenes.nrt_example import CUBE, nrt_file


def test_the_example_data_are_found_in_the_installed_package(tmp_path, monkeypatch):
    info = tmp_path / "nrt-0.2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nrt\nVersion: 0.2.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"pip install nrt==0\.2\.1"):
        nrt_file(CUBE)
    (tmp_path / CUBE).parent.mkdir(parents=True)
    (tmp_path / CUBE).write_bytes(b"")
    assert nrt_file(CUBE) == tmp_path / CUBE
