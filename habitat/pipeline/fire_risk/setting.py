"""What the command line and the pipeline file ask for, read and checked."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from habitat.domain.errors import ConfigError, UsageError
from habitat.domain.fuel import FuelTable
from habitat.domain.grid import Grid
from habitat.domain.place import PlaceTable
from habitat.io.fire.fire_files import read_fuels, read_places
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_steps import FireRisk
from habitat.pipeline.loader import load_pipeline, project_of

_YEARS = range(1950, 2101)


@dataclass(frozen=True, slots=True)
class FireQuery:
    """What the command line asks for.

    Attributes
    ----------
    pipeline_file : Path
    project : Path or None
        Folder that its paths are relative to; None: found from the file.
    now : datetime
        The clock, with a time zone.
    day : date or None
        None: today where the places are.
    weather, hotspots : Path or None
        Instead of what the pipeline names.
    min_level : int or None
        Instead of that of the pipeline.
    offline : bool
        Services are not asked; what they answered before is used, with its age.
    """

    pipeline_file: Path
    project: Path | None
    now: datetime
    day: date | None = None
    weather: Path | None = None
    hotspots: Path | None = None
    min_level: int | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """A query with all that it names, read."""

    query: FireQuery
    config: PipelineConfig
    step: FireRisk
    project: Path
    fuels: FuelTable
    places: PlaceTable
    day: date

    @property
    def grid(self) -> Grid:
        """The grid of the map."""
        return Grid(self.config.grid.epsg, self.config.grid.pixel_m)


def setting_of(query: FireQuery) -> Setting:
    """Return what a query asks for.

    Raises
    ------
    ConfigError
        If the pipeline has no fire_risk step or a data file is wrong.
    UsageError
        If the day is of no year that can be meant.
    """
    config = load_pipeline(query.pipeline_file)
    steps = [step for step in config.steps if isinstance(step, FireRisk)]
    if not steps:
        raise ConfigError(
            f"{query.pipeline_file}: expected a fire_risk step, found none. Add one, or use "
            "pipelines/fire-risk.yaml."
        )
    project = project_of(query.pipeline_file, query.project)
    fuels = read_fuels(steps[0].fuels, project)
    places = read_places(steps[0].places, project, fuels=fuels)
    day = query.day or query.now.astimezone(places.clock.zone).date()
    if day.year not in _YEARS:
        raise UsageError(
            f"date: expected a year from {_YEARS.start} to {_YEARS.stop - 1}, got {day}"
        )
    return Setting(query, config, steps[0], project, fuels, places, day)
