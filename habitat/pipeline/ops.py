"""What a pipeline is made of once it is planned: operations on tiles, and joins over all tiles.

A step of a pipeline file becomes one or more operations. A **tile operation** is a pure function
of one tile; a **global operation** merges what the tiles gave (a statistic, a model, the objects
that cross tiles, a table) and is a barrier. Tile operations between two barriers run back to back
in memory as one **stage**.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from habitat.domain.grid import Grid, Window
from habitat.domain.layers import Layer
from habitat.domain.period import Period
from habitat.domain.scene import RefusedScene, SceneItem
from habitat.io.scenes.source import SceneSource
from habitat.io.vector.aoi import Aoi, rasterise
from habitat.pipeline.scenes import SceneReader

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class SceneSet:
    """The scenes that a ``scenes`` step found.

    Attributes
    ----------
    period : Period
        Searched, already cut at the as-of date.
    bands : tuple of str
        ESA names.
    items : tuple of SceneItem
        Used, by time.
    refused : tuple of RefusedScene
        Found and not used, with reasons.
    searched : bool
        Whether the source was asked; else ``items`` says nothing.
    radar : bool
        Of Sentinel-1.
    """

    period: Period
    bands: tuple[str, ...]
    items: tuple[SceneItem, ...]
    refused: tuple[RefusedScene, ...]
    searched: bool = True
    radar: bool = False


@dataclass(frozen=True, slots=True)
class TileInputs:
    """What a tile operation gets.

    Attributes
    ----------
    config : Any
        The operation's parameters.
    grid : Grid
        The project's grid.
    window : Window
        The tile, without halo.
    inside : np.ndarray
        bool (y, x), True inside the AOI, of the tile without halo.
    arrays : mapping of str to Arrays
        Needed results of this tile, grown by the operation's halo (0 beyond the AOI's tiles).
    globals : mapping of str to Any
        Results of global operations.
    scenes : SceneReader
        Looks of this tile, decoded once per stage.
    source : SceneSource
        For truth and ancillary layers.
    project : Path
        Folder of the files that a step names.
    aoi : Aoi
        The area of interest.
    """

    config: Any
    grid: Grid
    window: Window
    inside: np.ndarray
    arrays: Mapping[str, Arrays]
    globals: Mapping[str, Any]
    scenes: SceneReader
    source: SceneSource
    project: Path
    aoi: Aoi

    def inside_of(self, halo_px: int) -> np.ndarray:
        """Return where the tile grown by a halo lies inside the AOI, bool (y, x)."""
        inside: np.ndarray = rasterise(self.aoi.geometry, self.grid, self.window.pad(halo_px))
        return inside


@dataclass(frozen=True, slots=True)
class TileOp:
    """A pure function of one tile.

    Attributes
    ----------
    result : str
        Name under which other operations find the arrays.
    function : callable
        ``TileInputs -> Arrays``; a module-level function.
    config : Any
        Parameters, a model or dataclass.
    needs : tuple of str
        Results of other tile operations.
    uses : tuple of str
        Results of global operations.
    scenes : tuple of str
        Scene sets that are read.
    bands : tuple of str
        Bands of the scenes that it asks for; empty for all.
    halo_px, scene_halo_px : int
        How far the operation looks past the tile in needed results, and in scenes.
    """

    result: str
    function: Callable[[TileInputs], Arrays]
    config: Any
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    halo_px: int = 0
    scene_halo_px: int = 0


@dataclass(frozen=True, slots=True)
class GlobalInputs:
    """What a global operation gets: the partial results of every tile, in tile order."""

    config: Any
    grid: Grid
    windows: tuple[Window, ...]
    partials: Mapping[str, list[Arrays]]
    globals: Mapping[str, Any]
    source: SceneSource
    project: Path
    aoi: Aoi


@dataclass(frozen=True, slots=True)
class GlobalOp:
    """A merge over all tiles.

    Attributes
    ----------
    result : str
        Name of the merged result.
    function : callable
        ``GlobalInputs -> Any`` (plain values, dataclasses, arrays).
    config : Any
        Parameters.
    partials : tuple of str
        Tile operations whose arrays are merged.
    uses : tuple of str
        Other global results.
    """

    result: str
    function: Callable[[GlobalInputs], Any]
    config: Any
    partials: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


Op = TileOp | GlobalOp


@dataclass(frozen=True, slots=True)
class PublishedLayer:
    """One raster file of the release.

    Attributes
    ----------
    layer : Layer
        Entry of the data dictionary, bound to its legend.
    period_name : str
        As in the file name.
    result : str
        Tile result that holds the arrays.
    arrays : tuple of str
        Arrays of that result: one, or one per band.
    period : Period
        First and last day that the layer speaks of.
    tags : tuple of (str, str)
        Tags of the file beyond those that every file has.
    """

    layer: Layer
    period_name: str
    result: str
    arrays: tuple[str, ...]
    period: Period
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def stem(self) -> str:
        """File name without ending."""
        return f"{self.layer.name}_{self.period_name}"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What is known of a saved result when a pipeline is planned.

    Attributes
    ----------
    kind : str
        As in :mod:`habitat.pipeline.config_words`.
    period : Period
        First and last day that it speaks of.
    layers : tuple of PublishedLayer
        Rasters it can publish.
    ops : tuple of Op
        What makes it.
    detail : Any
        What later steps must know of it: the bands of a composite, the species of a habitat map.
    tables : tuple of str
        Global results that hold its tables.
    checks : tuple of str
        Global results that are made whatever is published: they refuse, or state the accuracy.
    """

    kind: str
    period: Period
    layers: tuple[PublishedLayer, ...] = ()
    ops: tuple[Op, ...] = ()
    detail: Any = None
    tables: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
