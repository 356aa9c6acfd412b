"""A pipeline file as a whole: its head, its steps, and how they refer to each other.

A pipeline is a list of steps read from top to bottom; a step may only name results saved above
it. There is no templating, no expression and no import path: who needs an ``if`` writes a step.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from habitat.pipeline.config_base import Saved
from habitat.pipeline.config_radar import RadarConfig
from habitat.pipeline.config_sources import ExtractsConfig, Source
from habitat.pipeline.config_steps import Publish, Step
from habitat.pipeline.config_words import (
    DataName,
    Kind,
    Model,
    ObjectFolder,
    PipelineName,
    RelativePath,
    period_text,
)


class GridConfig(Model):
    """The fixed grid of the project."""

    epsg: int = Field(ge=1024, le=32767, description="projected CRS in metres")
    pixel_m: int = Field(ge=1, le=1000, description="pixel size [m]")
    tile_px: int = Field(default=1024, ge=64, le=8192, description="tile size [px]")


class BoundaryConfig(Model):
    """Whose land it is: polygon files in EPSG:4326."""

    countries: RelativePath = Field(description="land polygons with a property iso3")
    park_cn: RelativePath | None = None
    park_ru: RelativePath | None = None


class DatedFile(Model):
    """An extract of a map, and the day for which it is right."""

    path: RelativePath = Field(description="GeoTIFF, GeoPackage or GeoJSON")
    date: date
    licence: str = Field(default="", max_length=200, description="goes into the tags of maps")


class PeopleConfig(Model):
    """Roads and settlements, which limit habitat: one or more extracts of different days each.

    A list of files, or a catalogue of them. Losses to people need an extract of each period.
    """

    roads: list[DatedFile] | ExtractsConfig = Field(default=[])
    settlements: list[DatedFile] | ExtractsConfig = Field(default=[])

    @property
    def files(self) -> tuple[DatedFile, ...]:
        """Return the files that are named."""
        both = (self.roads, self.settlements)
        return tuple(file for files in both if isinstance(files, list) for file in files)

    @model_validator(mode="after")
    def _days(self) -> "PeopleConfig":
        for name, files in (("roads", self.roads), ("settlements", self.settlements)):
            days = [file.date for file in files] if isinstance(files, list) else []
            if len(set(days)) != len(days):
                raise ValueError(f"{name}: expected extracts of different days")
        if not self.roads and not self.settlements:
            raise ValueError("expected roads or settlements, got neither")
        return self


class WaterConfig(Model):
    """Occurrence of surface water, published as the result ``water``."""

    kind: Literal["files"]
    path: RelativePath = Field(
        description="GeoTIFF, or folder of them, uint8 percent, 255 no data (JRC Global Surface "
        "Water, occurrence)"
    )
    licence: str = Field(min_length=1, max_length=200, description="goes into the map's tags")
    period: Annotated[str, BeforeValidator(period_text)] = Field(
        default="1984-03-16/2021-12-31",
        description="of the looks; the default is that of version 1.4",
    )


#: Name of the result of the key ``water``, and its kind.
WATER: Literal["water"] = "water"
#: Kinds of results that hold raster layers, and tables.
LAYER_KINDS: tuple[Kind, ...] = (
    "composite",
    "radar",
    "forest",
    "burns",
    "change",
    "habitat",
    WATER,
)
TABLE_KINDS: tuple[Kind, ...] = ("cells", "burns")


class PipelineConfig(Model):
    """One pipeline file."""

    name: PipelineName = Field(description="names outputs/<name>/")
    aoi: RelativePath = Field(description="polygon file, relative to the project")
    grid: GridConfig
    source: Source
    radar: RadarConfig | None = Field(
        default=None, description="terrain-corrected Sentinel-1, for radar_scenes"
    )
    legend: DataName = "border-zone"
    seasons: DataName = "border-zone"
    boundaries: BoundaryConfig | None = Field(
        default=None, description="countries and parks; without it their columns are null"
    )
    people: PeopleConfig | None = Field(
        default=None, description="roads and settlements; without it they are not considered"
    )
    water: WaterConfig | None = Field(
        default=None, description="surface water, for publish as the result 'water'"
    )
    on_failed_tile: Literal["keep_old", "publish"] = "keep_old"
    keep_releases: int = Field(
        default=5, ge=1, le=10_000, description="releases that stay; none goes within 7 days"
    )
    copy_to: ObjectFolder | None = Field(
        default=None,
        description="s3://bucket/prefix; each release is copied to <prefix>/<name> (extra s3)",
    )
    steps: list[Step] = Field(min_length=1)


def wiring_faults(config: PipelineConfig) -> list[tuple[int, str]]:
    """Return ``(step index, fault)`` for every reference that does not hold."""
    saved: dict[str, Kind] = {} if config.water is None else {WATER: WATER}
    faults: list[tuple[int, str]] = []
    for index, step in enumerate(config.steps):
        refs: list[tuple[str, str, tuple[Kind, ...]]] = [(f, n, (k,)) for f, n, k in step.refs()]
        if isinstance(step, Publish):
            refs += [("layers", name, LAYER_KINDS) for name in step.layers]
            refs += [("tables", name, TABLE_KINDS) for name in step.tables]
        for field, name, kinds in refs:
            if name not in saved:
                faults.append((index, f"{field} is {name!r}, saved above: {list(saved)}"))
            elif saved[name] not in kinds:
                faults.append(
                    (
                        index,
                        f"{field}: expected {' or '.join(kinds)}, but {name!r} is {saved[name]}",
                    )
                )
        if isinstance(step, Saved) and step.makes is not None:
            if step.save_as in saved:
                faults.append((index, f"save_as {step.save_as!r} is already used above"))
            saved[step.save_as] = step.makes
    return faults
