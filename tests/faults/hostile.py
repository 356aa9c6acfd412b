"""Files that somebody made to mislead: refused, and nothing outside the project is touched."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import rasterio
import tiny

from . import project
from .damage import REFUSED, refused_scene
from .trials import DONE, GOOD, RESOURCE, SILENT, WRONG_CODE, Bench, Group, Trial

HOSTILE = "hostile file"
Make = Callable[[Path], None]

_VRT = """<VRTDataset rasterXSize="128" rasterYSize="128"><VRTRasterBand dataType="Byte" band="1"
subClass="VRTRawRasterBand"><SourceFilename relativeToVRT="0">{}</SourceFilename>
<PixelOffset>1</PixelOffset><LineOffset>128</LineOffset></VRTRasterBand></VRTDataset>"""


_PLACE = rasterio.Affine(20, 0, 500_000, 0, -20, 4_800_000)


def _scene(folder: Path) -> Path:
    return folder / "scenes" / f"scene_{project.NEW_DAY}"


def _href(folder: Path, href: str) -> None:
    path = _scene(folder) / "item.json"
    item = json.loads(path.read_text())
    item["assets"]["bands"]["href"] = href
    path.write_text(json.dumps(item))


def _header_bomb(folder: Path) -> None:
    shape = {"width": 60_000, "height": 60_000, "count": 1, "dtype": "float64"}
    path = _scene(folder) / "bands.tif"
    with rasterio.open(
        path, "w", driver="GTiff", SPARSE_OK=True, BIGTIFF="YES", **shape, transform=_PLACE
    ):
        pass


def _one_block(folder: Path) -> None:
    """Ask for one block of 3 GB."""
    shape = {"width": 30_000, "height": 30_000, "count": 1, "dtype": "uint16"}
    path = _scene(folder) / "bands.tif"
    layout = {"blockysize": 30_000, "SPARSE_OK": True}
    with rasterio.open(path, "w", driver="GTiff", **shape, **layout, transform=_PLACE):
        pass


def _link(folder: Path, name: str, target: str) -> None:
    path = _scene(folder) / name
    path.unlink()
    path.symlink_to(target)


def _pipe(folder: Path) -> None:
    path = _scene(folder) / "bands.tif"
    path.unlink()
    os.mkfifo(path)


def _directory(folder: Path) -> None:
    (_scene(folder) / "bands.tif").unlink()
    (_scene(folder) / "bands.tif").mkdir()


def _item(folder: Path, text: str) -> None:
    (_scene(folder) / "item.json").write_text(text)


#: Scenes: refused on record, and the release is that without them.
SCENES: dict[str, Make] = {
    "VRT named .tif": lambda f: _text(_scene(f) / "bands.tif", _VRT.format("/etc/hostname")),
    "header that asks for 29 GB": _header_bomb,
    "block of 2 GB": _one_block,
    "URL": lambda f: _href(f, "http://127.0.0.1:9/bands.tif"),
    "virtual file system": lambda f: _href(f, "/vsicurl/http://127.0.0.1:9/bands.tif"),
    "inline VRT": lambda f: _href(f, _VRT.format("/etc/hostname")),
    "path upwards": lambda f: _href(f, "../../../../secret.tif"),
    "absolute path": lambda f: _href(f, "/etc/hostname"),
    "NUL in a path": lambda f: _href(f, "bands.tif\0.png"),
    "link that leads out": lambda f: _link(f, "bands.tif", "/etc/hostname"),
    "link to itself": lambda f: _link(f, "bands.tif", "bands.tif"),
    "pipe that nobody writes": _pipe,
    "folder": _directory,
    "empty file": lambda f: _text(_scene(f) / "bands.tif", ""),
    "item of depth 100,000": lambda f: _item(f, "[" * 100_000),
    "item with a number of a million digits": lambda f: _item(f, '{"a": ' + "9" * 10**6 + "}"),
    "item that is not text": lambda f: (_scene(f) / "item.json").write_bytes(b"\xff\xfe{}"),
}


def _text(path: Path, text: str) -> None:
    path.write_text(text)


def _pickle(folder: Path) -> None:
    pwned = folder.parent / "pwned"
    code = f"cposix\nsystem\n(S'touch {pwned}'\ntR."
    (folder / "models" / "tiny.json").write_bytes(code.encode())


def _model_with_nan(folder: Path) -> None:
    path = folder / "models" / "tiny.json"
    path.write_text(path.read_text().replace('"dn_scale": 10000', '"dn_scale": NaN'))
    assert "NaN" in path.read_text()


def _area(folder: Path, text: str) -> None:
    (folder / "aoi" / "tiny.geojson").write_text(text)


def _planted_lock(folder: Path) -> None:
    lock = project.outputs(folder) / "state" / "lock"
    lock.unlink()
    lock.symlink_to(folder.parent / "pwned")


def _planted_driver(folder: Path) -> None:
    (_scene(folder) / "bands.tif.aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:4326</SRS></PAMDataset>"
    )
    (_scene(folder) / "bands.tfw").write_text("1\n0\n0\n-1\n0\n0\n")


#: Others: exit codes that are right; the old release stays.
OTHERS: dict[str, tuple[Make, set[int]]] = {
    "pickle as a model": (_pickle, REFUSED),
    "model with NaN": (_model_with_nan, REFUSED),
    "area of depth 100,000": (lambda f: _area(f, '{"a":' * 100_000), REFUSED),
    "area named by a URL": (lambda f: _area(f, '"http://127.0.0.1:9/a.geojson"'), REFUSED),
    "area that is a VRT": (lambda f: _area(f, "<OGRVRTDataSource/>"), REFUSED),
    "area with a number of a million digits": (
        lambda f: _area(
            f, '{"type": "Polygon", "coordinates": [[[' + "9" * 10**6 + ", 1], [2, 2], [3, 3]]]}"
        ),
        REFUSED,
    ),
    "pipeline that names code": (
        lambda f: _text(
            f / "pipelines" / "tiny.yaml",
            f"name: tiny\naoi: !!python/object/apply:os.system ['touch {f.parent}/pwned']\n",
        ),
        {3},
    ),
    "pipeline that leaves its folder": (
        lambda f: tiny.write_pipeline(f, tiny.content(name="../../pwned")) and None,
        {3},
    ),
    "planted link for the lock": (_planted_lock, {RESOURCE}),
    "planted sidecars of a scene": (_planted_driver, {DONE}),
}


def hostile_scene(bench: Bench, case: str) -> Trial:
    """Run with a scene that misleads."""
    folder = bench.spoilt("fresh")
    project.remove(folder / "outputs")
    SCENES[case](folder)
    return refused_scene(bench, folder, HOSTILE, case, "")


def hostile_other(bench: Bench, case: str) -> Trial:
    """Run with another file that misleads."""
    folder = bench.spoilt("fresh")
    make, codes = OTHERS[case]
    make(folder)
    ended = bench.run(folder)
    seen, pwned = bench.base.seen(folder), (folder.parent / "pwned").exists()
    detail = f"exit {ended.code}, {seen}"
    if pwned or seen != ("new" if DONE in codes else "old"):
        return Trial(HOSTILE, case, True, SILENT, detail)
    return Trial(HOSTILE, case, True, GOOD if ended.code in codes else WRONG_CODE, detail)


def hostile(bench: Bench, case: str) -> Trial:
    """Run with a file that misleads."""
    return hostile_scene(bench, case) if case in SCENES else hostile_other(bench, case)


GROUPS = (Group(HOSTILE, lambda _: [*SCENES, *OTHERS], hostile),)
