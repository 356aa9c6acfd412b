"""Roads and settlements of a period, for habitat that people limit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from habitat.algorithms.people_limits import limited_by_people
from habitat.domain.errors import ConfigError
from habitat.domain.grid import Window
from habitat.domain.period import Period
from habitat.domain.species import Species
from habitat.io.durable import sha256_file
from habitat.io.vector.presence import read_presence
from habitat.pipeline.config import DatedFile
from habitat.pipeline.context import PlanContext
from habitat.pipeline.ops import TileInputs

NOT_CONSIDERED = "not considered"


@dataclass(frozen=True, slots=True)
class PeopleLayer:
    """One extract: what it shows, its file and day, and how far it reaches [m]."""

    what: str
    path: str
    sha256: str
    day: date
    distance_m: float

    def __str__(self) -> str:
        return f"{self.what} of {self.day} within {self.distance_m:g} m"


@dataclass(frozen=True, slots=True)
class People:
    """The extracts of one period; none where people are not considered."""

    layers: tuple[PeopleLayer, ...] = ()

    def __str__(self) -> str:
        return "; ".join(map(str, self.layers)) or NOT_CONSIDERED

    def halo_px(self, pixel_m: int) -> int:
        """Return how far people reach [px]."""
        return max((math.ceil(layer.distance_m / pixel_m) for layer in self.layers), default=0)


def plan_people(species: Species, period: Period, ctx: PlanContext) -> People:
    """Choose the extracts that hold for a period.

    The latest one of a day in the period or before it; where there is none, the earliest of a day
    by the as-of date.

    Raises
    ------
    ConfigError
        If a file is not there, or every extract is newer than the as-of date.
    """
    named = ctx.config.people
    if named is None:
        return People()
    wanted = (
        ("roads", named.roads, species.road_distance_m),
        ("settlements", named.settlements, species.settlement_distance_m),
    )
    layers = []
    for what, files, distance_m in wanted:
        if files and distance_m:
            file = _extract(what, files, period, ctx.as_of)
            digest = sha256_file(ctx.project / file.path)
            layers.append(PeopleLayer(what, file.path, digest, file.date, distance_m))
    return People(tuple(layers))


def _extract(what: str, files: Sequence[DatedFile], period: Period, as_of: date) -> DatedFile:
    known = sorted((file for file in files if file.date <= as_of), key=lambda file: file.date)
    if not known:
        raise ConfigError(
            f"people, {what}: expected an extract of a day by the as-of date {as_of}, got "
            f"{[str(file.date) for file in files]}; give an older one or a later --as-of"
        )
    return next((file for file in reversed(known) if file.date <= period.end), known[0])


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
