"""The ground in a pipeline file: which elevation model."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from habitat.pipeline.config_words import Model, RelativePath


class TerrainFilesConfig(Model):
    """A digital elevation model on disk, in heights in metres, published as ``terrain``."""

    kind: Literal["files"]
    path: RelativePath = Field(
        description="GeoTIFF of one band, or folder of them; files may meet or overlap"
    )
    date: date
    licence: str = Field(min_length=1, max_length=200, description="goes into the maps' tags")


class TerrainSimulatedConfig(Model):
    """The relief of the simulated landscape of ``source``."""

    kind: Literal["simulated"]


TerrainConfig = Annotated[TerrainFilesConfig | TerrainSimulatedConfig, Field(discriminator="kind")]
