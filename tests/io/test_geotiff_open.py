import numpy as np
import pytest
import rasterio

from habitat.domain.errors import InputError
from habitat.io.raster.geotiff import read_raster
from habitat.io.raster.geotiff_open import open_geotiff


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "plain.tif"
    profile = {"driver": "GTiff", "width": 5, "height": 4, "count": 2, "dtype": "uint16"}
    transform = rasterio.Affine(20, 0, 400_000, 0, -20, 4_800_000)
    with rasterio.open(path, "w", crs="EPSG:32652", transform=transform, **profile) as dataset:
        dataset.write(np.arange(40, dtype=np.uint16).reshape(2, 4, 5))
    return path


@pytest.mark.parametrize(
    "name",
    [
        "http://127.0.0.1:9/x.tif",
        "https:/127.0.0.1/x.tif",
        "/vsicurl/http://127.0.0.1:9/x.tif",
        "/vsizip/x.zip/x.tif",
        "s3://bucket/x.tif",
        "absent.tif",
        ".",
    ],
)
def test_only_existing_local_files_are_opened(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="expected"), open_geotiff(name):
        pass


def test_a_virtual_raster_under_the_name_of_a_tiff_is_refused(tmp_path, plain):
    path = tmp_path / "trick.tif"
    path.write_text(
        '<VRTDataset rasterXSize="5" rasterYSize="4"><VRTRasterBand dataType="UInt16" band="1">'
        f"<SimpleSource><SourceFilename>{plain}</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(InputError, match="expected a TIFF file"), open_geotiff(path):
        pass


def test_a_header_that_asks_for_absurd_sizes_is_refused(tmp_path):
    path = tmp_path / "bomb.tif"
    profile = {"driver": "GTiff", "width": 200_000, "height": 200_000, "count": 1}
    with rasterio.open(
        path, "w", dtype="float64", crs="EPSG:32652", SPARSE_OK=True, tiled=True, BIGTIFF="YES",
        transform=rasterio.Affine(10, 0, 0, 0, -10, 0), **profile
    ):  # fmt: skip
        pass
    with pytest.raises(InputError, match="at most"):
        read_raster(path)


def test_a_truncated_file_is_refused_by_name(tmp_path, plain):
    short = tmp_path / "short.tif"
    short.write_bytes(plain.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"short\.tif"):
        read_raster(short)


def test_a_planted_sidecar_changes_nothing(plain):
    plain.with_name("plain.tif.aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:4326</SRS><GeoTransform>1,2,3,4,5,6</GeoTransform></PAMDataset>"
    )
    plain.with_suffix(".tfw").write_text("1\n0\n0\n-1\n7\n7\n")
    raster = read_raster(plain)
    assert raster.crs == "EPSG:32652"
    assert raster.transform == (20.0, 0.0, 400_000.0, 0.0, -20.0, 4_800_000.0)
