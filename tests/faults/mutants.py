"""Guards taken out one at a time, so that it shows that the faults would be noticed without them.

Each function here changes the running process alone, which is a child that ends with its run.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import habitat.io.durable
import habitat.io.geopackage
import habitat.io.geotiff
import habitat.io.manifest
import habitat.io.scene_item
import habitat.io.tile_store
import habitat.pipeline.runner
from habitat.io import release
from habitat.io.release import Store

MUTANTS: dict[str, Callable[[], None]] = {}


def _mutant(function: Callable[[], None]) -> Callable[[], None]:
    MUTANTS[(function.__doc__ or "").removesuffix(".")] = function
    return function


def remove_guard(name: str) -> None:
    """Take one guard out of this process."""
    MUTANTS[name]()


@_mutant
def _no_pixels_read_back() -> None:
    """rasters are not read back."""
    real = habitat.io.geotiff._statistics
    first: dict[str, Any] = {}

    def once(path: Path, layer: Any) -> Any:
        if layer.name not in first:
            first[layer.name] = real(path, layer)
        return first[layer.name]

    habitat.io.geotiff._statistics = once
    habitat.io.geotiff._digests = lambda _path, _target, given: given


@_mutant
def _no_bytes_read_back() -> None:
    """small files and tiles are not read back."""

    def write(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data)
        habitat.io.durable.fsync_path(path)

    habitat.io.durable._write_through = write


@_mutant
def _no_twin() -> None:
    """the GeoPackage is not compared with its twin."""
    habitat.io.geopackage.sha256_file = lambda _path: ""


@_mutant
def _no_rename() -> None:
    """current is replaced in two steps instead of one rename."""

    def point_to(self: Store, release_id: str) -> None:
        current = self.root / "current"
        current.unlink(missing_ok=True)
        current.symlink_to(f"releases/{release_id}")

    Store.point_to = point_to  # type: ignore[method-assign]


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
        release._seal(staging, record)
        return staging

    Store.begin = early  # type: ignore[method-assign]
    Store.publish = publish  # type: ignore[method-assign]


@_mutant
def _no_lock() -> None:
    """the lock is not taken."""
    Store._take = lambda _self, _fd: None  # type: ignore[method-assign]


@_mutant
def _no_tile_digest() -> None:
    """the digest of a stored tile is not checked."""
    habitat.io.tile_store._checked_body = lambda path: path.read_bytes()[:-32]


@_mutant
def _no_hashes() -> None:
    """verify compares sizes and not hashes."""

    def fault(folder: Path, path: str, entry: Mapping[str, Any]) -> str:
        file = folder / path
        if not os.path.lexists(file):
            return "missing"
        return "" if file.stat().st_size == entry.get("size", file.stat().st_size) else "changed"

    habitat.io.manifest._fault = fault


@_mutant
def _no_scene_checksum() -> None:
    """the checksum of a scene is not in the key."""
    habitat.io.scene_item._digest = lambda assets, _hashes: "".join(sorted(assets))


@_mutant
def _no_declared_checksum() -> None:
    """a file is not compared with the checksum that its item declares."""
    builder = habitat.io.scene_item.SceneBuilder
    real = builder.__init__

    def init(self: Any, root: Path, grid: Any, *, verify: bool) -> None:
        real(self, root, grid, verify=False)

    builder.__init__ = init  # type: ignore[method-assign]


@_mutant
def _errors_passed_over() -> None:
    """failed writes of a small file pass."""

    def write(path: Path, data: bytes) -> None:
        try:
            path.write_bytes(data)
        except OSError:
            path.touch()

    habitat.io.durable._write_through = write
