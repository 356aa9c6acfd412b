"""What the XML files of a Sentinel-2 L2A product (SAFE) say; no pixel is read.

Element names and the meaning of the offset: Sentinel-2 Products Specification Document
(S2-PDGS-TAS-DI-PSD, edition 14.9 and later): surface reflectance = (DN + BOA_ADD_OFFSET) /
BOA_QUANTIFICATION_VALUE, from baseline 04.00 on.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import parse

from habitat.domain.bands import S2_BANDS
from habitat.domain.errors import SceneError
from habitat.domain.product_name import OFFSET_BASELINE, SCL, band_of, find_product
from habitat.io.scenes.scene_raster import file_under

PRODUCT_FILE, GRANULE_FILE, MANIFEST_FILE = "MTD_MSIL2A.xml", "MTD_TL.xml", "manifest.safe"
MAX_XML_BYTES = 16 << 20
#: Element names of offsets are by this number: the order of the bands of the instrument.
_BAND_IDS = {str(number): name for number, name in enumerate(S2_BANDS)}
_IMAGE = re.compile(r"_(?P<band>B\d\d|B8A|SCL)_(?P<pixel>[126]0)m$")
_OFFSETS_DN = {0.0, -1000.0}


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Where the images of one pixel size lie: CRS, upper left corner [m], pixel, rows, columns."""

    epsg: int
    x0: float
    y0: float
    pixel_m: float
    height: int
    width: int

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """The six affine numbers."""
        return self.pixel_m, 0.0, self.x0, 0.0, -self.pixel_m, self.y0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """``(x_min, y_min, x_max, y_max)`` [m]."""
        x1, y1 = self.x0 + self.width * self.pixel_m, self.y0 - self.height * self.pixel_m
        return self.x0, y1, x1, self.y0


@dataclass(frozen=True, slots=True)
class Angles:
    """Mean angles of a tile [degrees]; the view is the mean of all bands."""

    sun_zenith: float
    sun_azimuth: float
    view_zenith: float
    view_azimuth: float


@dataclass(frozen=True, slots=True)
class SafeImage:
    """One image: band or ``scl``, pixel size [m], path in the product, entry of the manifest."""

    band: str
    pixel_m: int
    name: str
    size: int | None
    checksum: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class SafeProduct:
    """What a product says of itself.

    Attributes
    ----------
    root : Path
        The ``.SAFE`` folder.
    name : str
        Without ``.SAFE``.
    acquired, generated : datetime
        UTC.
    platform : str
        ``sentinel-2b``.
    baseline, datatake_id, mgrs_tile : str
        ``05.10``, ``GS2B_20240417T021529_036894_N05.10``, ``52TFN``.
    quantification : float
        Stored units of reflectance 1.
    offsets_dn : mapping of str to float
        Of each band, as declared: what is **added** to a stored value (0 or -1,000).
    cloud_percent : float or None
        Of the tile.
    angles : Angles
        Mean angles.
    grids : mapping of int to TileGrid
        By pixel size [m].
    images : tuple of SafeImage
        Bands and scene classification, of every pixel size.
    """

    root: Path
    name: str
    acquired: datetime
    generated: datetime
    platform: str
    baseline: str
    datatake_id: str
    mgrs_tile: str
    quantification: float
    offsets_dn: Mapping[str, float]
    cloud_percent: float | None
    angles: Angles
    grids: Mapping[int, TileGrid]
    images: tuple[SafeImage, ...]


def read_safe(root: Path) -> SafeProduct:
    """Return what a product says of itself.

    Raises
    ------
    SceneError
        If a file is missing, leads out of the product, or says what no L2A product says.
    """
    product = _Xml(root, PRODUCT_FILE)
    if (level := product.text("PROCESSING_LEVEL")) != "Level-2A":
        raise SceneError(f"{product.path}: expected Level-2A, got {level}; process it with Sen2Cor")
    folder = _granule(product)
    tile = _Xml(root, f"{folder}/{GRANULE_FILE}")
    grids = _grids(tile)
    baseline = product.text("PROCESSING_BASELINE")
    return SafeProduct(
        root=root,
        name=_name(product),
        acquired=_time(product, "PRODUCT_START_TIME"),
        generated=_time(product, "GENERATION_TIME"),
        platform=product.text("SPACECRAFT_NAME").lower(),
        baseline=baseline,
        datatake_id=product.element("Datatake").get("datatakeIdentifier", ""),
        mgrs_tile=_mgrs_tile(tile),
        quantification=_quantification(product),
        offsets_dn=_offsets(product, baseline),
        cloud_percent=product.optional_number("Cloud_Coverage_Assessment"),
        angles=_angles(tile),
        grids=grids,
        images=tuple(_images(product, grids, _manifest(root))),
    )


class _Xml:
    """An XML file of a product, read without DTD and entities; names go without namespace."""

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.path = root / name
        path = file_under(root, root, name)
        if path.stat().st_size > MAX_XML_BYTES:
            raise SceneError(f"{path}: expected at most {MAX_XML_BYTES} bytes of XML, got more")
        try:
            self.tree: Element = parse(path, forbid_dtd=True).getroot()
        except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
            raise SceneError(
                f"{path}: expected plain XML of a Sentinel-2 product, got {error!r}; fetch it again"
            ) from error

    def optional(self, name: str) -> Element | None:
        return next(self.tree.iter(name), None)

    def element(self, name: str) -> Element:
        found = self.optional(name)
        if found is None:
            raise SceneError(f"{self.path}: expected an element {name}, got none; fetch it again")
        return found

    def text(self, name: str) -> str:
        return (self.element(name).text or "").strip()

    def optional_number(self, name: str) -> float | None:
        return None if self.optional(name) is None else self.number(self.element(name))

    def number(self, element: Element) -> float:
        try:
            value = float(element.text or "")
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise SceneError(f"{self.path}: {element.tag}: expected a number, got {element.text!r}")
        return value


def _name(product: _Xml) -> str:
    """Return the name of the product, which names files: no more than the convention allows."""
    text = product.text("PRODUCT_URI")
    found = find_product(text)
    if found is None or text.removesuffix(".SAFE") != found.name:
        raise SceneError(f"{product.path}: expected a PRODUCT_URI S2B_MSIL2A_…SAFE, got {text!r}")
    return found.name


def _time(xml: _Xml, name: str) -> datetime:
    try:
        return datetime.fromisoformat(xml.text(name)).astimezone(UTC)
    except ValueError as error:
        raise SceneError(f"{xml.path}: {name}: expected a UTC time, got {xml.text(name)!r}") from (
            error
        )


def _granule(product: _Xml) -> str:
    """Return the folder of the product's only granule."""
    names = [(e.text or "").strip() for e in product.tree.iter("IMAGE_FILE")]
    folders = sorted({"/".join(name.split("/")[:2]) for name in names})
    if len(folders) != 1:
        raise SceneError(
            f"{product.path}: expected images of one tile, got {folders or 'none'}; products of "
            "before December 2016 hold many, fetch the reprocessed ones (Collection 1)"
        )
    return folders[0]


def _mgrs_tile(tile: _Xml) -> str:
    match = re.search(r"_T(\d{2}[A-Z]{3})_", tile.text("TILE_ID"))
    if match is None:
        raise SceneError(f"{tile.path}: expected a tile in TILE_ID, got {tile.text('TILE_ID')!r}")
    return match[1]


def _quantification(product: _Xml) -> float:
    value = product.number(product.element("BOA_QUANTIFICATION_VALUE"))
    if value <= 0:
        raise SceneError(f"{product.path}: expected a positive quantification, got {value:g}")
    return value


def _offsets(product: _Xml, baseline: str) -> dict[str, float]:
    """Return what is added to the stored values of each band."""
    declared = {
        e.get("band_id", ""): product.number(e) for e in product.tree.iter("BOA_ADD_OFFSET")
    }
    if not declared and baseline < OFFSET_BASELINE:
        return dict.fromkeys(S2_BANDS, 0.0)
    if set(declared) != set(_BAND_IDS) or not set(declared.values()) <= _OFFSETS_DN:
        raise SceneError(
            f"{product.path}: baseline {baseline}: expected a BOA_ADD_OFFSET of 0 or -1000 for "
            f"each of {len(_BAND_IDS)} bands, got {sorted(set(declared.values())) or 'none'} for "
            f"{len(declared)}; no product of the ground segment has it, so fetch it again"
        )
    return {_BAND_IDS[number]: value for number, value in declared.items()}


def _angles(tile: _Xml) -> Angles:
    sun = _angle(tile, tile.element("Mean_Sun_Angle"))
    views = [_angle(tile, e) for e in tile.tree.iter("Mean_Viewing_Incidence_Angle")]
    if not views:
        raise SceneError(f"{tile.path}: expected Mean_Viewing_Incidence_Angle, got none")
    zenith = math.fsum(view[0] for view in views) / len(views)
    east = math.fsum(math.sin(math.radians(view[1])) for view in views)
    north = math.fsum(math.cos(math.radians(view[1])) for view in views)
    return Angles(*sun, zenith, math.degrees(math.atan2(east, north)) % 360)


def _angle(tile: _Xml, element: Element) -> tuple[float, float]:
    """Return zenith and azimuth."""
    found = [element.find(name) for name in ("ZENITH_ANGLE", "AZIMUTH_ANGLE")]
    zenith, azimuth = (tile.number(Element("angle") if e is None else e) for e in found)
    return zenith, azimuth


def _grids(tile: _Xml) -> dict[int, TileGrid]:
    code = tile.text("HORIZONTAL_CS_CODE")
    match = re.fullmatch(r"EPSG:(\d+)", code)
    if match is None:
        raise SceneError(f"{tile.path}: expected a CRS EPSG:n, got {code!r}")
    places = {e.get("resolution", ""): e for e in tile.tree.iter("Geoposition")}
    grids = {}
    for size in tile.tree.iter("Size"):
        pixel = size.get("resolution", "")
        values = {e.tag: tile.number(e) for part in (size, places.get(pixel, ())) for e in part}
        expected = {"NROWS", "NCOLS", "ULX", "ULY", "XDIM", "YDIM"}
        if set(values) != expected or values["XDIM"] != -values["YDIM"]:
            raise SceneError(f"{tile.path}: {pixel} m: expected {sorted(expected)}, got {values}")
        grids[int(values["XDIM"])] = TileGrid(
            int(match[1]), values["ULX"], values["ULY"], values["XDIM"],
            int(values["NROWS"]), int(values["NCOLS"]),
        )  # fmt: skip
    return grids


def _images(
    product: _Xml, grids: Mapping[int, TileGrid], manifest: Mapping[str, Mapping[str, Any]]
) -> Iterator[SafeImage]:
    """Yield the images of bands and scene classification; other layers are left out."""
    for element in product.tree.iter("IMAGE_FILE"):
        name = (element.text or "").strip()
        match = _IMAGE.search(name)
        band = band_of(match["band"]) if match else None
        if match is None or band is None or int(match["pixel"]) not in grids:
            continue
        relative = f"{name}.jp2"
        listed = manifest.get(relative, {})
        yield SafeImage(
            band, int(match["pixel"]), relative, listed.get("size"),
            listed.get("checksum"),
        )  # fmt: skip


def _manifest(root: Path) -> dict[str, dict[str, Any]]:
    """Return size and checksum of each file that the manifest lists; empty without manifest."""
    if not (root / MANIFEST_FILE).exists():
        return {}
    found: dict[str, dict[str, Any]] = {}
    for stream in _Xml(root, MANIFEST_FILE).tree.iter("byteStream"):
        location, checksum = stream.find("fileLocation"), stream.find("checksum")
        if location is None:
            continue
        entry: dict[str, Any] = {}
        if stream.get("size", "").isdigit():
            entry["size"] = int(stream.get("size", ""))
        if checksum is not None and checksum.text:
            entry["checksum"] = (checksum.get("checksumName", ""), checksum.text.strip().lower())
        found[location.get("href", "").removeprefix("./")] = entry
    return found


def choose_images(product: SafeProduct, pixel_m: int) -> list[SafeImage]:
    """Return one image of each band: of the pixel asked for, else the finest there is.

    Bands come in spectral order, the scene classification last.
    """
    best: dict[str, SafeImage] = {}
    for image in sorted(product.images, key=lambda i: (i.pixel_m != pixel_m, i.pixel_m)):
        best.setdefault(image.band, image)
    order = [*S2_BANDS, SCL]
    return [best[band] for band in order if band in best]
