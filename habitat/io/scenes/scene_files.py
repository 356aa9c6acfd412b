"""The files of scenes, wherever they are: a name, an open raster, a checksum."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from habitat.domain.errors import SceneError
from habitat.io.durable import sha256_file
from habitat.io.file_cache import FileId, file_id
from habitat.io.scenes.scene_raster import (
    RasterHeader,
    file_under,
    open_scene_raster,
    read_header,
)
from habitat.io.scenes.stac_item import AssetRecord, ItemRecord


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A raster that is open.

    Attributes
    ----------
    dataset : rasterio.DatasetReader
        Within the caps of :mod:`habitat.io.scenes.scene_raster`.
    label : str
        Path or address without secrets, for messages.
    version : tuple
        Tells this content from any other, here and elsewhere.
    """

    dataset: Any
    label: str
    version: FileId


class SceneFiles(Protocol):
    """Where the files of a source are; implementations are safe among threads."""

    def resolve(self, base: str, href: str) -> str:
        """Return the name of the file that an item means.

        Parameters
        ----------
        base : str
            Where relative hrefs of the item start.
        href : str
            As the item has it.

        Raises
        ------
        SceneError, CredentialsError
            If it may not be opened.
        """
        ...

    def label(self, name: str) -> str:
        """Return what messages call a file."""
        ...

    def open(self, name: str) -> AbstractContextManager[OpenFile]:
        """Open a resolved name for reading; a read that fails inside is a HabitatError."""
        ...

    def header(self, name: str, asset: AssetRecord) -> RasterHeader:
        """Return where the pixels lie, from the file or from what the item declares."""
        ...

    def checksum(self, name: str, asset: AssetRecord, record: ItemRecord) -> str:
        """Return a text that changes when the content does.

        Raises
        ------
        SceneError
            If the content is not what the item says.
        """
        ...


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """Files under one folder, implements :class:`SceneFiles`; names are relative to it.

    Attributes
    ----------
    root : Path
        Nothing outside is opened.
    verify : bool
        Hash every file again instead of trusting ``file:checksum``.
    """

    root: Path
    verify: bool = False
    _hashes: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def resolve(self, base: str, href: str) -> str:
        """Return the path relative to the root, so a scene is the same wherever the folder is."""
        path = file_under(self.root, Path(base), href)
        return path.relative_to(self.root.resolve()).as_posix()

    def label(self, name: str) -> str:
        """Return the path."""
        return str(self.root.resolve() / name)

    @contextmanager
    def open(self, name: str) -> Iterator[OpenFile]:
        """Open a file."""
        path = file_under(self.root, self.root, name)
        version = file_id(path)  # before it is opened: a newer file never gets older blocks
        with open_scene_raster(path) as dataset:
            yield OpenFile(dataset, str(path), version)

    def header(self, name: str, asset: AssetRecord) -> RasterHeader:  # noqa: ARG002  # the protocol's
        """Return where the pixels lie, from the file."""
        with self.open(name) as file:
            return read_header(file.dataset, file.label)

    def checksum(self, name: str, asset: AssetRecord, record: ItemRecord) -> str:  # noqa: ARG002  # the protocol's
        """Return the SHA-256, hex: as declared, or of the file."""
        if asset.sha256 is not None and not self.verify:
            return asset.sha256
        if name not in self._hashes:
            self._hashes[name] = sha256_file(self.root.resolve() / name)
        found = self._hashes[name]
        if asset.sha256 not in {None, found}:
            raise SceneError(
                f"{self.label(name)}: expected SHA-256 {asset.sha256}, got {found}; the file was "
                "changed or damaged after it was indexed, so fetch it again or index the folder "
                "again"
            )
        return found
