"""Guards taken out one at a time, so that it shows that the faults would be noticed without them.

Each function here changes the running process alone, which is a child that ends with its run.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import habitat.io.durable
import habitat.io.raster.geotiff
import habitat.io.raster.geotiff_mosaic
import habitat.io.release.geopackage
import habitat.io.release.manifest
import habitat.io.release.tile_store
import habitat.io.run_lock
import habitat.io.scenes.scene_item
from habitat.io.release.release import Store
from habitat.io.scenes.scene_files import FolderFiles

MUTANTS: dict[str, Callable[[], None]] = {}


def _mutant(function: Callable[[], None]) -> Callable[[], None]:
    MUTANTS[(function.__doc__ or "").removesuffix(".")] = function
    return function


def _replace(owner: Any, name: str, value: object) -> None:
    """Put something else in a guard's place, which must be there."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner}: the guard {name!r} is not there any more")
    setattr(owner, name, value)


def remove_guard(name: str) -> None:
    """Take one guard out of this process."""
    MUTANTS[name]()


@_mutant
def _any_place() -> None:
    """blocks of overviews that lie on each other are not looked for."""
    _replace(habitat.io.raster.geotiff_mosaic, "_blocks_overlap", lambda _mosaic, _level: False)


@_mutant
def _any_header() -> None:
    """what a large raster says of itself is not compared."""
    _replace(habitat.io.raster.geotiff, "read_header", lambda _path: "")


@_mutant
def _no_pixels_read_back() -> None:
    """rasters are not read back."""
    _replace(habitat.io.raster.geotiff, "atomic_write_bytes", _believed)


def _believed(path: Path, data: bytes) -> None:
    """Write a file and trust the disk."""
    with path.open("wb") as file:
        file.write(data)
    habitat.io.durable.fsync_path(path)


@_mutant
def _no_bytes_read_back() -> None:
    """small files and tiles are not read back."""

    _replace(habitat.io.durable, "_write_through", _believed)


@_mutant
def _no_twin() -> None:
    """the GeoPackage is not compared with its twin."""
    _replace(habitat.io.release.geopackage, "sha256_file", lambda _path: "")


@_mutant
def _no_rename() -> None:
    """current is replaced in two steps instead of one rename."""

    def point_to(self: Store, release_id: str) -> None:
        current = self.root / "current"
        current.unlink(missing_ok=True)
        current.symlink_to(f"releases/{release_id}")

    _replace(Store, "point_to", point_to)


@_mutant
def _manifest_first() -> None:
    """the release is shown before its files are written and sealed."""
    begin = Store.begin

    def early(self: Store, release_id: str) -> Path:
        staging = begin(self, release_id)
        folder = self.releases / release_id
        if not folder.exists():
            staging.rename(folder)
            self.point_to(release_id)
        return folder

    def publish(self: Store, staging: Path, release_id: str, record: Mapping[str, Any]) -> Path:
        habitat.io.release.manifest.seal(staging, record)
        return staging

    _replace(Store, "begin", early)
    _replace(Store, "publish", publish)


@_mutant
def _no_lock() -> None:
    """the lock is not taken."""
    _replace(habitat.io.run_lock, "_taken", lambda _fd, _tries: True)


@_mutant
def _no_tile_digest() -> None:
    """the digest of a stored tile is not checked."""
    _replace(
        habitat.io.release.tile_store,
        "_checked_blob",
        lambda file, entry, _path: file.read(entry["bytes"]),
    )


@_mutant
def _no_hashes() -> None:
    """verify compares sizes and not hashes."""

    def fault(folder: Path, path: str, entry: Mapping[str, Any]) -> str:
        file = folder / path
        if not os.path.lexists(file):
            return "missing"
        return "" if file.stat().st_size == entry.get("size", file.stat().st_size) else "changed"

    _replace(habitat.io.release.manifest, "_fault", fault)


@_mutant
def _no_scene_checksum() -> None:
    """the checksum of a scene is not in the key."""
    _replace(
        habitat.io.scenes.scene_item, "_digest", lambda assets, _hashes: "".join(sorted(assets))
    )


@_mutant
def _no_declared_checksum() -> None:
    """a file is not compared with the checksum that its item declares."""
    real = FolderFiles.checksum

    def trusting(self: FolderFiles, name: str, asset: Any, record: Any) -> str:
        return real(FolderFiles(self.root, verify=False), name, asset, record)

    _replace(FolderFiles, "checksum", trusting)


@_mutant
def _errors_passed_over() -> None:
    """failed writes of a small file pass."""

    def write(path: Path, data: bytes) -> None:
        try:
            path.write_bytes(data)
        except OSError:
            path.touch()

    _replace(habitat.io.durable, "_write_through", write)
