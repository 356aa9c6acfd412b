"""Small Sentinel-2 products (SAFE) for tests, with real JPEG 2000 images."""

import hashlib

import numpy as np
import rasterio
from rasterio.transform import Affine
from scene_files import UTM52, X0, Y0, noise

from habitat.domain.bands import S2_BANDS

NAME = "S2B_MSIL2A_20240601T021529_N0510_R003_T52TFN_20240601T061234"
GRANULE = "GRANULE/L2A_T52TFN_A037001_20240601T021523"
SIDE_20M = 120
IMAGES = {
    10: ("B02", "B04", "B08"),
    20: ("B02", "B04", "B05", "B8A", "B11", "B12", "SCL"),
    60: ("B01",),
}


def image_name(band, pixel):
    return f"{GRANULE}/IMG_DATA/R{pixel}m/T52TFN_20240601T021529_{band}_{pixel}m"


def pixels(band, pixel, *, low=1100):
    side = SIDE_20M * 20 // pixel
    if band == "SCL":
        return np.full((side, side), 4, np.uint8)
    return noise((side, side), seed=[int(band[1:].replace("8A", "80")), pixel], low=low, high=4000)


def write_jp2(path, values, pixel, *, x0=X0):
    path.parent.mkdir(parents=True, exist_ok=True)
    side = values.shape[0]
    with rasterio.open(
        path, "w", driver="JP2OpenJPEG", height=side, width=side, count=1,
        dtype=values.dtype.name, crs=UTM52, transform=Affine(pixel, 0, x0, 0, -pixel, Y0),
        QUALITY=100, REVERSIBLE="YES", YCBCR420="NO", BLOCKXSIZE=64, BLOCKYSIZE=64,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)


def product_xml(*, baseline="05.10", offset=-1000, level="Level-2A", name=NAME, images=IMAGES):
    files = "".join(
        f"<IMAGE_FILE>{image_name(band, pixel)}</IMAGE_FILE>"
        for pixel, bands in images.items() for band in bands
    )  # fmt: skip
    offsets = "" if offset is None else "".join(
        f'<BOA_ADD_OFFSET band_id="{number}">{offset}</BOA_ADD_OFFSET>'
        for number in range(len(S2_BANDS))
    )  # fmt: skip
    return f"""<?xml version="1.0"?>
<n1:Level-2A_User_Product xmlns:n1="urn:x"><n1:General_Info><Product_Info>
<PRODUCT_START_TIME>2024-06-01T02:15:29.024000Z</PRODUCT_START_TIME>
<PRODUCT_URI>{name}.SAFE</PRODUCT_URI><PROCESSING_LEVEL>{level}</PROCESSING_LEVEL>
<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
<GENERATION_TIME>2024-06-01T06:12:34.000000Z</GENERATION_TIME>
<Datatake datatakeIdentifier="GS2B_20240601T021529_037001_N05.10">
<SPACECRAFT_NAME>Sentinel-2B</SPACECRAFT_NAME></Datatake>
<Granule_List><Granule>{files}</Granule></Granule_List></Product_Info>
<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>{offsets}
</n1:General_Info><Cloud_Coverage_Assessment>12.5</Cloud_Coverage_Assessment>
</n1:Level-2A_User_Product>"""


def tile_xml():
    sizes = "".join(
        f'<Size resolution="{p}"><NROWS>{SIDE_20M * 20 // p}</NROWS>'
        f"<NCOLS>{SIDE_20M * 20 // p}</NCOLS></Size>"
        f'<Geoposition resolution="{p}"><ULX>{X0:.0f}</ULX><ULY>{Y0:.0f}</ULY>'
        f"<XDIM>{p}</XDIM><YDIM>-{p}</YDIM></Geoposition>"
        for p in (10, 20, 60)
    )
    views = "".join(
        f'<Mean_Viewing_Incidence_Angle bandId="{band}"><ZENITH_ANGLE>{zenith}</ZENITH_ANGLE>'
        f"<AZIMUTH_ANGLE>{azimuth}</AZIMUTH_ANGLE></Mean_Viewing_Incidence_Angle>"
        for band, zenith, azimuth in ((0, 3.0, 350.0), (1, 5.0, 20.0))
    )
    return f"""<n1:Level-2A_Tile_ID xmlns:n1="urn:x">
<TILE_ID>S2B_OPER_MSI_L2A_TL_2BPS_20240601T061234_A037001_T52TFN_N05.10</TILE_ID>
<HORIZONTAL_CS_CODE>EPSG:32652</HORIZONTAL_CS_CODE>{sizes}
<Mean_Sun_Angle><ZENITH_ANGLE>25</ZENITH_ANGLE><AZIMUTH_ANGLE>140</AZIMUTH_ANGLE></Mean_Sun_Angle>
{views}</n1:Level-2A_Tile_ID>"""


def write_safe(folder, *, images=IMAGES, name=NAME, low=1100, **xml):
    """Write a product; return its folder."""
    root = folder / f"{name}.SAFE"
    for pixel, bands in images.items():
        for band in bands:
            write_jp2(root / f"{image_name(band, pixel)}.jp2", pixels(band, pixel, low=low), pixel)
    (root / "MTD_MSIL2A.xml").write_text(product_xml(name=name, images=images, **xml))
    (root / GRANULE / "MTD_TL.xml").write_text(tile_xml())
    write_manifest(root)
    return root


def write_manifest(root):
    entries = "".join(
        f'<dataObject><byteStream size="{path.stat().st_size}">'
        f'<fileLocation href="./{path.relative_to(root).as_posix()}"/>'
        f'<checksum checksumName="SHA3-256">{hashlib.sha3_256(path.read_bytes()).hexdigest()}'
        "</checksum></byteStream></dataObject>"
        for path in sorted(root.rglob("*.jp2"))
    )
    (root / "manifest.safe").write_text(f'<x:XFDU xmlns:x="urn:y">{entries}</x:XFDU>')
