"""Roads and settlements of a period, for habitat that people limit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

import numpy as np

from habitat.algorithms.people_limits import limited_by_people
from habitat.domain.errors import ConfigError, InputError
from habitat.domain.grid import Window
from habitat.domain.period import Period
from habitat.domain.species import Species
from habitat.io.durable import sha256_file
from habitat.io.scenes.placement import reproject_bounds
from habitat.io.scenes.scene_item import WGS84
from habitat.io.secrets import unsigned
from habitat.io.stac.extracts import NOT_STATED, Extract
from habitat.io.vector.presence import read_presence
from habitat.pipeline.config import DatedFile
from habitat.pipeline.config_sources import ExtractsConfig
from habitat.pipeline.context import PlanContext, downloads_of
from habitat.pipeline.ops import TileInputs
from habitat.pipeline.stac import extracts_of

NOT_CONSIDERED = "not considered"
#: In ``state``: files of catalogues, by hash.
EXTRACTS = "extracts"


@dataclass(frozen=True, slots=True)
class PeopleLayer:
    """One extract: what it shows, its file and day, and how far it reaches [m].

    ``origin`` is the address of the file where it came from a catalogue. The hash is empty where
    the work is only planned and the file was not fetched before.
    """

    what: str
    path: str
    sha256: str
    day: date
    distance_m: float
    licence: str = NOT_STATED
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.what} of {self.day} within {self.distance_m:g} m"

    @property
    def source(self) -> str:
        """Return where it comes from, its hash and its licence."""
        return f"{self.origin or self.path} sha256 {self.sha256} licence {self.licence}"


@dataclass(frozen=True, slots=True)
class People:
    """The extracts of one period; none where people are not considered."""

    layers: tuple[PeopleLayer, ...] = ()

    def __str__(self) -> str:
        return "; ".join(map(str, self.layers)) or NOT_CONSIDERED

    @property
    def tags(self) -> tuple[tuple[str, str], ...]:
        """Return the tags of a map that they limit."""
        sources = "; ".join(layer.source for layer in self.layers)
        return (("PEOPLE", str(self)), *((("PEOPLE_SOURCES", sources),) if sources else ()))

    def halo_px(self, pixel_m: int) -> int:
        """Return how far people reach [px]."""
        return max((math.ceil(layer.distance_m / pixel_m) for layer in self.layers), default=0)


T = TypeVar("T")


def plan_people(species: Species, period: Period, ctx: PlanContext) -> People:
    """Choose the extracts that hold for a period; those of a catalogue are fetched.

    The latest one of a day in the period or before it; where there is none, the earliest of a day
    by the as-of date. Where the work is only planned no catalogue is asked: what the last run of
    the same as-of date found stands.

    Raises
    ------
    ConfigError
        If a file is not there, or every extract is newer than the as-of date.
    InputError, RemoteError
        If a catalogue or a file of it is refused or cannot be had.
    """
    named = ctx.config.people
    if named is None:
        return People()
    wanted = (
        ("roads", named.roads, species.road_distance_m),
        ("settlements", named.settlements, species.settlement_distance_m),
    )
    layers = [
        _layer(PeopleLayer(what, "", "", ctx.as_of, distance_m), source, period, ctx)
        for what, source, distance_m in wanted
        if source and distance_m
    ]
    return People(tuple(layers))


def _layer(
    layer: PeopleLayer,
    source: Sequence[DatedFile] | ExtractsConfig,
    period: Period,
    ctx: PlanContext,
) -> PeopleLayer:
    """Return a layer with the extract of a source."""
    if isinstance(source, ExtractsConfig):
        return _of_catalogue(layer, source, period, ctx)
    file = _chosen(layer.what, [(file.date, file) for file in source], period, ctx.as_of)
    digest = sha256_file(ctx.project / file.path)
    licence = file.licence or NOT_STATED
    return replace(layer, path=file.path, sha256=digest, day=file.date, licence=licence)


def _of_catalogue(
    layer: PeopleLayer, source: ExtractsConfig, period: Period, ctx: PlanContext
) -> PeopleLayer:
    downloads = downloads_of(ctx.project, ctx.config.name)
    extracts = extracts_of(source, downloads, ctx.access)
    box = reproject_bounds(ctx.grid.bounds(ctx.window), ctx.grid.epsg, WGS84)
    planned = ctx.access == "plan"
    found = extracts.known(ctx.as_of, box) if planned else extracts.search(ctx.as_of, box)
    if found is None:
        return layer
    chosen = _chosen(layer.what, [(one.day, one) for one in found], period, ctx.as_of)
    _check_alone(layer.what, chosen, found)
    folder = downloads.with_name(EXTRACTS)
    sha256 = extracts.known_sha256(chosen) if planned else extracts.fetch(chosen, folder).stem
    path = (folder / f"{sha256 or ''}{chosen.suffix}").relative_to(ctx.project)
    stated = chosen.licence != NOT_STATED
    return replace(
        layer,
        path=path.as_posix(),
        sha256=sha256 or "",
        day=chosen.day,
        licence=chosen.licence if stated else source.licence or NOT_STATED,
        origin=unsigned(chosen.href),
    )


def _chosen(what: str, dated: Sequence[tuple[date, T]], period: Period, as_of: date) -> T:
    known = sorted((one for one in dated if one[0] <= as_of), key=lambda one: one[0])
    if not known:
        raise ConfigError(
            f"people, {what}: expected an extract of a day by the as-of date {as_of}, got "
            f"{[str(day) for day, _ in dated]}; give an older one or a later --as-of"
        )
    held = [one for day, one in known if day <= period.end]
    return held[-1] if held else known[0][1]


def _check_alone(what: str, chosen: Extract, found: Sequence[Extract]) -> None:
    same = [one.item_id for one in found if one.day == chosen.day]
    if len(same) > 1:
        raise InputError(
            f"people, {what}: expected one extract of {chosen.day} that touches the AOI, got items "
            f"{same}; name the collection of one of them"
        )


def limited(people: People, inputs: TileInputs, window: Window) -> np.ndarray | None:
    """Return where people limit habitat in a window, bool ``(y, x)``; None if not considered."""
    if not people.layers:
        return None
    halo = people.halo_px(inputs.grid.pixel_m)
    presences = [
        (
            read_presence(
                inputs.project / layer.path,
                sha256=layer.sha256,
                grid=inputs.grid,
                window=window.pad(halo),
            ),
            layer.distance_m,
        )
        for layer in people.layers
    ]
    near = limited_by_people(presences, inputs.grid.pixel_m)
    return near[halo : halo + window.height, halo : halo + window.width]
