"""The ground in a pipeline file: which elevation model, and the step that maps it."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from habitat.pipeline.config_base import Saved
from habitat.pipeline.config_words import Kind, Model, RelativePath, distinct


class TerrainFilesConfig(Model):
    """A digital elevation model on disk, in one or more GeoTIFFs of heights in metres."""

    kind: Literal["files"]
    paths: Annotated[list[RelativePath], AfterValidator(distinct)] = Field(
        min_length=1, max_length=1000, description="GeoTIFFs of one band; files may meet or overlap"
    )
    date: date
    licence: str = Field(default="", max_length=200, description="goes into the tags of maps")


class TerrainSimulatedConfig(Model):
    """The relief of the simulated landscape of ``source``."""

    kind: Literal["simulated"]


TerrainConfig = Annotated[TerrainFilesConfig | TerrainSimulatedConfig, Field(discriminator="kind")]


class Terrain(Saved):
    """Map the elevation and the slope of the ground, from the model of ``terrain``."""

    makes: ClassVar[Kind] = "terrain"
    step: Literal["terrain"]
