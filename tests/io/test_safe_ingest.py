import json
import subprocess
import sys
from datetime import date

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from safe_files import (
    GRANULE,
    NAME,
    SIDE_20M,
    image_name,
    pixels,
    write_jp2,
    write_manifest,
    write_safe,
)
from scene_files import X0, Y0

from habitat.domain.errors import InputError, SceneError
from habitat.domain.grid import Grid
from habitat.domain.period import Period
from habitat.io.safe import safe_ingest
from habitat.io.safe.safe_ingest import find_products, ingest
from habitat.io.scenes.folder import FolderSource

GRID = Grid(32652, 20, 64)
JUNE = Period(date(2024, 6, 1), date(2024, 6, 30))
SIDE_M = SIDE_20M * 20
EXTENT = GRID.window_of_bounds((X0, Y0 - SIDE_M, X0 + SIDE_M, Y0))
SMALL = {20: ("B04", "B8A", "B12", "SCL")}


@pytest.fixture
def safe(tmp_path):
    return write_safe(tmp_path / "in", images=SMALL)


def convert(folder, out, **options):
    return list(ingest(folder, out, **options))


def test_a_product_comes_out_as_the_folder_source_reads_it(tmp_path):
    safe = write_safe(tmp_path / "in")
    done = convert(tmp_path / "in", tmp_path / "out", pixel_m=20)
    assert [one.band for one in done] == [
        "B01", "B02", "B04", "B05", "B08", "B8A", "B11", "B12", "scl",
    ]  # fmt: skip
    assert not any(one.reused for one in done)
    assert all(one.bytes_in > 0 < one.bytes_out for one in done)
    source = FolderSource(tmp_path / "out", GRID, verify=True)
    (item,), refused = source.search(JUNE, EXTENT)
    assert not refused
    assert (item.item_id, item.mission, item.mgrs_tile) == (NAME, "S2B", "52TFN")
    assert (item.baseline, item.datatake) == ("05.10", "20240601T021529")
    found = source.read(item, ["B04", "B08", "B12"], EXTENT)
    # The offset is taken off once, by the reader.
    for band in ("B04", "B12"):
        np.testing.assert_array_equal(found.bands[band], pixels(band, 20) - 1000)
    halves = pixels("B08", 10).astype(int).reshape(SIDE_20M, 2, SIDE_20M, 2).sum((1, 3))
    assert np.abs(found.bands["B08"] - (halves / 4 - 1000)).max() <= 0.5
    np.testing.assert_array_equal(found.mask, 4)
    assert safe.is_dir()


def test_stored_values_stay_and_the_offset_goes_along(safe, tmp_path):
    convert(safe, tmp_path / "out")
    folder = tmp_path / "out" / NAME
    with rasterio.open(folder / "B04_20m.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), pixels("B04", 20))
        assert (dataset.nodata, dataset.scales, dataset.offsets) == (0, (0.0001,), (-0.1,))
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.descriptions == ("B04",)


def test_an_old_baseline_has_nothing_to_take_off(tmp_path):
    name = NAME.replace("N0510", "N0214")
    write_safe(tmp_path / "in", images=SMALL, name=name, low=150, baseline="02.14", offset=None)
    convert(tmp_path / "in", tmp_path / "out")
    source = FolderSource(tmp_path / "out", GRID)
    (item,), _ = source.search(JUNE, EXTENT)
    found = source.read(item, ["B04"], EXTENT).bands["B04"]
    np.testing.assert_array_equal(found, pixels("B04", 20, low=150))


def bytes_of(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_second_run_decodes_nothing_and_changes_nothing(safe, tmp_path, monkeypatch):
    convert(safe, tmp_path / "out")
    before = bytes_of(tmp_path / "out")
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    monkeypatch.setattr(safe_ingest, "open_jpeg2000", None)
    assert all(one.reused for one in convert(safe, tmp_path / "out"))
    assert bytes_of(tmp_path / "out") == before
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")} == stamps
    convert_again = tmp_path / "elsewhere"
    monkeypatch.undo()
    convert(safe, convert_again)
    assert bytes_of(convert_again) == before


def test_an_interrupted_run_goes_on_where_it_was(safe, tmp_path):
    out = tmp_path / "out"
    running = ingest(safe, out)
    next(running)
    running.close()
    assert not list(out.rglob("*.json"))  # the item comes last: half a product is no scene
    assert [one.reused for one in convert(safe, out)] == [True, False, False, False]
    assert not list(out.rglob(".tmp*"))


@pytest.mark.parametrize("what", ["cut", "altered", "other image"])
def test_a_cog_that_is_not_what_it_was_is_made_again(safe, tmp_path, what):
    out = tmp_path / "out"
    convert(safe, out)
    good = bytes_of(out)
    cog = out / NAME / "B8A_20m.tif"
    if what == "cut":
        cog.write_bytes(cog.read_bytes()[:-2000])
    elif what == "altered":
        data = bytearray(cog.read_bytes())
        data[len(data) // 2] ^= 255
        cog.write_bytes(data)
    else:
        write_jp2(safe / f"{image_name('B8A', 20)}.jp2", pixels("B12", 20), 20)
        write_manifest(safe)
    assert [one.band for one in convert(safe, out) if not one.reused] == ["B8A"]
    assert (bytes_of(out) == good) == (what != "other image")
    FolderSource(out, GRID, verify=True).search(JUNE, EXTENT)


def test_only_the_bands_asked_for_are_decoded(safe, tmp_path):
    assert [one.band for one in convert(safe, tmp_path / "out", bands=["B12"])] == ["B12", "scl"]
    with pytest.raises(InputError, match="expected images of \\['B11'\\]"):
        convert(safe, tmp_path / "out", bands=["B11"])


def test_all_products_that_are_refused_are_listed_before_any_work(safe, tmp_path):
    other = safe.with_name("other.SAFE")
    subprocess.run(["cp", "-r", str(safe), str(other)], check=True)
    (other / GRANULE / "MTD_TL.xml").write_text("<a/>")
    third = safe.with_name("third.SAFE")
    subprocess.run(["cp", "-r", str(safe), str(third)], check=True)
    (third / f"{image_name('B12', 20)}.jp2").unlink()
    with pytest.raises(InputError) as fault:
        convert(safe.parent, tmp_path / "out")
    assert "other.SAFE" in str(fault.value)
    assert "B12_20m.jp2" in str(fault.value)
    assert not (tmp_path / "out").exists()


def test_a_product_that_is_there_twice_is_refused(safe, tmp_path):
    subprocess.run(["cp", "-r", str(safe), str(safe.with_name("copy.SAFE"))], check=True)
    assert len(find_products(safe.parent)) == 2
    with pytest.raises(InputError, match="twice"):
        convert(safe.parent, tmp_path / "out")


def test_a_folder_without_products_says_so(tmp_path):
    with pytest.raises(InputError, match="unpack archives first"):
        convert(tmp_path, tmp_path / "out")


def spoil(safe, how):
    path = safe / f"{image_name('B12', 20)}.jp2"
    if how == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "no image":
        path.write_bytes(b"<html>sign in</html>")
    elif how == "tiff":
        with rasterio.open(
            path, "w", driver="GTiff", height=120, width=120, count=1, dtype="uint16",
            crs="EPSG:32652", transform=Affine(20, 0, X0, 0, -20, Y0),
        ) as dataset:  # fmt: skip
            dataset.write(pixels("B12", 20), 1)
    elif how == "moved":
        write_jp2(path, pixels("B12", 20), 20, x0=X0 + 20)
    elif how == "small":
        write_jp2(path, pixels("B12", 20)[:60, :60], 20)
    elif how == "mask":
        write_jp2(path, pixels("SCL", 20), 20)


@pytest.mark.parametrize("how", ["cut", "no image", "tiff", "moved", "small", "mask"])
@pytest.mark.parametrize("manifest", ["old", "new", "none"])
def test_a_damaged_image_is_an_error_that_names_it_and_leaves_no_scene(
    safe, tmp_path, how, manifest
):
    spoil(safe, how)
    if manifest == "new":
        write_manifest(safe)
    elif manifest == "none":
        (safe / "manifest.safe").unlink()
    with pytest.raises((InputError, SceneError), match=r"B12_20m\.jp2.*fetch it again|first bytes"):
        convert(safe, tmp_path / "out")
    assert not list(tmp_path.rglob("*.json"))


def test_the_command_says_what_each_image_cost(safe, tmp_path):
    run = [sys.executable, "-m", "habitat", "ingest", str(safe), str(tmp_path / "out")]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith(f"{NAME} B04 20 m: converted, ")
    assert "CPU s" in lines[-1]
    done = subprocess.run([*run, "--json"], capture_output=True, text=True, check=True)
    assert all(json.loads(line)["reused"] for line in done.stdout.splitlines())
