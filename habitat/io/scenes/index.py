"""``habitat index``: STAC items for a folder of GeoTIFFs, made from names, tags and pixels."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from habitat.domain.bands import BASELINE_0400_OFFSET_DN, DN_SCALE, S2_BANDS
from habitat.domain.errors import InputError, SceneError
from habitat.domain.product_name import ProductName, band_of, find_product, find_time
from habitat.io.durable import atomic_write_bytes, sha256_file
from habitat.io.scenes.folder import SIMULATED, read_item_file
from habitat.io.scenes.placement import reproject_bounds
from habitat.io.scenes.scene_item import WGS84
from habitat.io.scenes.scene_raster import RasterHeader, check_band, open_scene_raster, read_header

#: Property that marks an item as ours to replace.
INDEXED = "habitat:indexed"
_EXTENSIONS = (
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
)
#: Layers of ESA products that are neither bands nor masks of ours.
_OTHER_LAYERS = {"tci", "aot", "wvp", "pvi", "snwprb", "snw"}
_RESOLUTION_FOLDERS = {"R10m", "R20m", "R60m"}
#: Tag of files whose pixels are computed, as ``habitat simulate`` and releases write it.
_SIMULATED_TAG = "SIMULATED"
#: Folder of what ``habitat simulate`` says is really there.
_TRUTH = "truth"
_TIME_TAGS = ("DATETIME", "ACQUISITION_DATETIME", "ACQUISITION_DATE", "datetime")
_DEGREE_DIGITS = 7
_MAX_FAULTS = 20


@dataclass(frozen=True, slots=True)
class _File:
    """One GeoTIFF of a scene."""

    path: Path
    bands: tuple[str, ...]
    header: RasterHeader
    scale: float | None
    offset: float | None
    time: datetime | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class _Scene:
    """Files that belong together."""

    item_id: str
    folder: Path
    product: ProductName | None
    time: datetime
    files: tuple[_File, ...]


def index_folder(
    root: Path,
    *,
    scale: float | None = None,
    offset_dn: int | None = None,
    ignore: Sequence[str] = (),
) -> list[Path]:
    """Write a STAC item beside the GeoTIFFs of each scene.

    A scene is an ESA product (``S2B_MSIL2A_…`` anywhere in the path), or the files of one folder
    whose names differ only in the band (``T52TFN_20240417T021529_B04_20m.tif``,
    ``2024-04-17/B04.tif``), or one file whose band descriptions are band names. Its time comes from
    the product name, else from a tag (``DATETIME``), else from the name of the file or of a folder.
    A scene of files that say SIMULATED is marked as such, so what is made from it says it too.
    The same files give the same bytes.

    Parameters
    ----------
    root : Path
        Folder, searched at any depth.
    scale : float, optional
        Reflectance of one stored unit, where no file says it; must be given for float32.
    offset_dn : int, optional
        0 or 1,000: what is in the stored values of files whose product name is unknown. Where
        nobody says it, the item is silent and the pixels decide (see
        :func:`habitat.domain.harmonise.offset_fault`).
    ignore : sequence of str
        Patterns (``*/reference.tif``, at any depth) of files that are no scenes; the truth that
        ``habitat simulate`` writes never is one.

    Returns
    -------
    list of Path
        The items, sorted; none if items of others list every GeoTIFF already.

    Raises
    ------
    InputError
        Lists every file that cannot be named (no band, no CRS, no date); nothing is written then.
    """
    faults: list[str] = []
    files: list[_File] = []
    for path in _geotiffs(root, ignore):
        try:
            if (file := _inspect(path, scale)) is not None:
                files.append(file)
        except SceneError as error:
            faults.append(str(error))
    scenes = _scenes(root, files, faults)
    faults += [f"{id_!r}: two scenes have this id" for id_ in _twice(s.item_id for s in scenes)]
    targets = [scene.folder / f"{scene.item_id}.json" for scene in scenes]
    faults += [f"{path}: an item that habitat did not write; move it" for path in _foreign(targets)]
    if not scenes and not faults and already_listed(root):
        return []
    if faults or not scenes:
        raise InputError(_report(root, faults))
    for scene, target in zip(scenes, targets, strict=True):
        document = json.dumps(_document(scene, offset_dn), indent=1, sort_keys=True)
        atomic_write_bytes(target, f"{document}\n".encode())
    return sorted(targets)


def _report(root: Path, faults: Sequence[str]) -> str:
    if not faults:
        return (
            f"folder {root}: expected GeoTIFFs (*.tif) that no item lists yet, got none; convert "
            f".SAFE products with: habitat ingest {root} OUT"
        )
    more = f"\n- and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
    listed = "".join(f"\n- {fault}" for fault in faults[:_MAX_FAULTS])
    return f"folder {root}: nothing was indexed; correct, rename or ignore these:{listed}{more}"


def _twice(ids: Iterator[str]) -> list[str]:
    return sorted(id_ for id_, count in Counter(ids).items() if count > 1)


def _foreign(targets: Sequence[Path]) -> Iterator[Path]:
    """Yield existing items that are not ours."""
    for path in targets:
        if path.exists() and not _is_ours(read_item_file(path)):
            yield path


def _is_ours(document: dict[str, Any] | None) -> bool:
    return document is not None and INDEXED in document.get("properties", {})


def _geotiffs(root: Path, ignore: Sequence[str]) -> Iterator[Path]:
    """Yield the GeoTIFFs that no foreign item lists, in the same order everywhere."""
    if not root.is_dir():
        raise InputError(f"folder {root}: expected a folder of GeoTIFFs, got none; check the path")
    listed = _listed(root)
    for path in _all_geotiffs(root):
        name = path.relative_to(root).as_posix()
        if path.resolve() not in listed and not any(
            fnmatch(n, p) for n in (name, f"/{name}") for p in ignore
        ):
            yield path


def already_listed(root: Path) -> list[Path]:
    """Return the GeoTIFFs that items of others list."""
    listed = _listed(root)
    return [path for path in _all_geotiffs(root) if path.resolve() in listed]


def _all_geotiffs(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*"), key=lambda p: p.relative_to(root).parts):
        named = path.suffix.lower() in {".tif", ".tiff"} and not path.is_symlink()
        if named and path.is_file():
            yield path


def _listed(root: Path) -> set[Path]:
    """Return the files that items of others already list."""
    found: set[Path] = set()
    for path in root.rglob("*.json"):
        try:
            document = read_item_file(path)
        except SceneError:
            continue
        if document is not None and not _is_ours(document):
            hrefs = [a.get("href") for a in document.get("assets", {}).values()]
            found |= {(path.parent / h).resolve() for h in hrefs if isinstance(h, str)}
    return found


def _inspect(path: Path, scale: float | None) -> _File | None:
    """Return what a file says; None for the truth, and layers of ESA products not ours."""
    if _band_token(path).lower() in _OTHER_LAYERS:
        return None
    with open_scene_raster(path) as dataset:
        tags = dataset.tags()
        if path.parent.name == _TRUTH and tags.get(_SIMULATED_TAG):
            return None
        header = read_header(dataset, path)
        names = _names(path, dataset.descriptions)
        own_scale, own_offset = float(dataset.scales[0]), float(dataset.offsets[0])
    scaled = own_scale != 1.0 or own_offset != 0.0
    unit = own_scale if scaled else scale
    for index, name in enumerate(names, start=1):
        check_band(header, index, path, mask=name not in S2_BANDS, scaled=unit is not None)
    texts = (str(tags[key]) for key in _TIME_TAGS if key in tags)
    time = next((t for text in texts if (t := find_time(text)) is not None), None)
    simulated = bool(tags.get(_SIMULATED_TAG))
    return _File(path, names, header, unit, own_offset if scaled else None, time, simulated)


def _names(path: Path, descriptions: Sequence[str | None]) -> tuple[str, ...]:
    """Return the bands of a file: from their descriptions, else (one band) from its name."""
    names = [band_of(text or "") for text in descriptions]
    if len(names) == 1 and names[0] is None:
        names = [band_of(_band_token(path))]
    known = tuple(name for name in names if name is not None)
    if len(known) != len(names):
        given = [path.stem] if len(names) == 1 else list(descriptions)
        raise SceneError(
            f"{path}: expected the name of a Sentinel-2 band or mask (B02 … B12, SCL, "
            f"cloud_probability) in the file name or the band descriptions, got {given}"
        )
    if len(set(known)) != len(known):
        raise SceneError(f"{path}: expected each band once, got {list(known)}")
    return known


def _band_token(path: Path) -> str:
    """Return the part of a file name that says the band: all of it, or its end."""
    stem = re.sub(r"[_-][126]0m$", "", path.stem)
    if band_of(stem) is not None:
        return stem
    for name in ("cloud_probability", "MSK_CLDPRB"):
        if stem.lower().endswith(f"_{name.lower()}"):
            return stem[-len(name) :]
    return re.split(r"[_.-]", stem)[-1]


def _scenes(root: Path, files: Sequence[_File], faults: list[str]) -> list[_Scene]:
    """Return the scenes that the files make up; adds to ``faults`` what has no date."""
    groups: dict[tuple[Path, str], list[_File]] = {}
    products: dict[tuple[Path, str], ProductName | None] = {}
    for file in files:
        folder, item_id, product = _belongs(root, file)
        groups.setdefault((folder, item_id), []).append(file)
        products[folder, item_id] = product
    scenes = []
    for (folder, item_id), group in groups.items():
        time = _time(root, folder, item_id, products[folder, item_id], group)
        if time is None:
            faults.append(
                f"{group[0].path}: expected a date in the name of the file, of a folder, or in a "
                "tag DATETIME, got none"
            )
            continue
        product = products[folder, item_id]
        scenes.append(_Scene(item_id, folder, product, time, tuple(group)))
    return scenes


def _belongs(root: Path, file: _File) -> tuple[Path, str, ProductName | None]:
    """Return folder, id and product name of the scene that a file belongs to."""
    path = file.path
    product = find_product(path.relative_to(root).as_posix())
    if product is not None:
        named = [p for p in path.parents if p.is_relative_to(root) and product.name in p.name]
        return (named[-1] if named else path.parent), product.name, product
    folder = path.parent
    if folder.name in _RESOLUTION_FOLDERS and folder != root:
        folder = folder.parent
    stem = re.sub(r"[_-][126]0m$", "", path.stem)
    if len(file.bands) == 1 and stem.endswith(token := _band_token(path)) and band_of(token):
        stem = stem[: -len(token)].rstrip("_.-")
    if stem and find_time(stem) is not None:
        return folder, stem, None
    parts = [*folder.relative_to(root).parts, *([stem] if stem else [])]
    return folder, "_".join(parts) or root.resolve().name, None


def _time(
    root: Path, folder: Path, item_id: str, product: ProductName | None, group: Sequence[_File]
) -> datetime | None:
    """Return when a scene was acquired: product name, tag, own name, names of folders."""
    if product is not None:
        return product.acquired
    tagged = [file.time for file in group if file.time is not None]
    if tagged:
        return min(tagged)
    names = [item_id, *reversed(folder.relative_to(root).parts), root.resolve().name]
    return next((t for name in names if (t := find_time(name)) is not None), None)


def _document(scene: _Scene, offset_dn: int | None) -> dict[str, Any]:
    """Return the STAC item of a scene."""
    boxes = [reproject_bounds(f.header.bounds, f.header.epsg, WGS84) for f in scene.files]
    west, south = (round(min(b[i] for b in boxes), _DEGREE_DIGITS) for i in (0, 1))
    east, north = (round(max(b[i] for b in boxes), _DEGREE_DIGITS) for i in (2, 3))
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(_EXTENSIONS),
        "id": scene.item_id,
        "bbox": [west, south, east, north],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": _properties(scene),
        "assets": _assets(scene, offset_dn),
        "links": [],
    }


def _properties(scene: _Scene) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "datetime": scene.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        INDEXED: True,
    }
    if any(file.simulated for file in scene.files):
        properties[SIMULATED] = True
    if scene.product is not None:
        properties |= {
            "constellation": "sentinel-2",
            "platform": f"sentinel-{scene.product.mission[1:].lower()}",
            "s2:mgrs_tile": scene.product.mgrs_tile,
            "s2:processing_baseline": scene.product.baseline,
            "s2:product_uri": f"{scene.product.name}.SAFE",
        }
    return properties


def _assets(scene: _Scene, offset_dn: int | None) -> dict[str, Any]:
    """Return the assets by band; of a band in several resolutions, by band and pixel size."""
    times = Counter(file.bands for file in scene.files)
    assets: dict[str, Any] = {}
    for file in scene.files:
        key = "-".join(file.bands)
        if times[file.bands] > 1:
            key = f"{key}_{file.header.dx:g}m"
        if key in assets:
            raise InputError(
                f"{file.path}: expected one file of {key} per scene, got another in "
                f"{assets[key]['href']}; remove one"
            )
        assets[key] = _asset(file, scene, offset_dn)
    return assets


def _asset(file: _File, scene: _Scene, offset_dn: int | None) -> dict[str, Any]:
    header = file.header
    asset: dict[str, Any] = {
        "href": file.path.relative_to(scene.folder).as_posix(),
        "type": "image/tiff; application=geotiff",
        "roles": ["data"],
        "bands": [{"name": name} for name in file.bands],
        "data_type": header.dtypes[0],
        "proj:code": f"EPSG:{header.epsg}",
        "proj:shape": [header.height, header.width],
        "proj:transform": list(header.transform),
        "file:checksum": f"1220{sha256_file(file.path)}",
        "file:size": file.path.stat().st_size,
    }
    if header.nodata is not None:
        asset["nodata"] = "nan" if header.nodata != header.nodata else header.nodata
    if set(file.bands) <= set(S2_BANDS):
        asset["raster:scale"] = 1.0 / DN_SCALE if file.scale is None else file.scale
        offset = _offset(file, scene.product, offset_dn)
        if offset is not None:
            asset["raster:offset"] = offset
    return asset


def _offset(file: _File, product: ProductName | None, offset_dn: int | None) -> float | None:
    """Return the offset of a file's reflectance, or None where nobody says it."""
    if file.offset is not None:
        return file.offset
    if product is not None:
        offset_dn = BASELINE_0400_OFFSET_DN if product.has_offset else 0
    return None if offset_dn is None else 0.0 - offset_dn / DN_SCALE
