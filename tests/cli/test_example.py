import shutil
from pathlib import Path

import numpy as np
import rasterio

from habitat.cli.main import run
from habitat.io.scenes.nrt_example import CUBE, TREE_COVER

ROOT = Path(__file__).parents[2]


def _install(site, cube=None, tree_cover=None):
    """Make a package nrt 0.2.1 with, or without, its data."""
    info = site / "nrt-0.2.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nrt\nVersion: 0.2.1\n")
    for name, source in ((CUBE, cube), (TREE_COVER, tree_cover)):
        if source is not None:
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, site / name)


def test_without_its_data_the_example_says_what_to_install(tmp_path, monkeypatch, caplog, capsys):
    _install(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert run(["example", str(tmp_path / "out")]) == 3
    said = caplog.text + capsys.readouterr().err
    assert "pip install nrt==0.2.1" in said
    assert not (tmp_path / "out").exists()


def test_the_example_is_what_the_shipped_pipeline_reads(shared_data, tmp_path, monkeypatch, capsys):
    data = shared_data / "s2_l2a_romania_timeseries"
    _install(
        tmp_path / "site",
        data / "s2_l2a_romania_20m_2015-2018.nc",
        data / "tree_cover_density_2018.tif",
    )
    monkeypatch.syspath_prepend(tmp_path / "site")
    for name in ("pipelines/demo-real.yaml", "aoi/romania-example.geojson"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    assert run(["example", str(tmp_path / "scenes" / "romania")]) == 0
    assert str(tmp_path / "scenes" / "romania" / "reference.tif") in capsys.readouterr().out
    with rasterio.open(tmp_path / "scenes" / "romania" / "reference.tif") as dataset:
        assert np.unique(dataset.read(1)).tolist() == [1, 2]
    assert run(["check", str(tmp_path / "pipelines" / "demo-real.yaml")]) == 0
    assert capsys.readouterr().out.count("note:") == 1, "only that there is no border"


def test_checking_without_the_scenes_is_a_note_and_without_the_reference_a_fault(tmp_path, capsys):
    for name in ("pipelines/demo-real.yaml", "aoi/romania-example.geojson"):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    pipeline = str(tmp_path / "pipelines" / "demo-real.yaml")
    assert run(["check", pipeline]) == 0
    assert "no folder of scenes" in capsys.readouterr().out
    (tmp_path / "scenes" / "romania").mkdir(parents=True)
    assert run(["check", pipeline]) == 3
