"""Where Sentinel-1 scenes come from, beside those of Sentinel-2: one model per source."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from habitat.pipeline.config_words import DataName, Model


class RadarSimulatedConfig(Model):
    """Backscatter of a simulated landscape; every product carries the word SIMULATED."""

    kind: Literal["simulated"]
    seed: int = Field(default=7, ge=0, le=2**31 - 1, description="as that of source")
    cadence_days: int = Field(default=12, ge=1, le=60, description="days between equal passes")


class RadarFolderConfig(Model):
    """Scenes on disk: GeoTIFFs of gamma nought in linear power, listed in STAC items."""

    kind: Literal["folder"]
    path: DataName = Field(description="folder, relative to the project; not that of source")


class RadarStacConfig(Model):
    """Terrain-corrected Sentinel-1 from a STAC catalogue: a preset, or url and collection.

    Plain http is for this machine alone.
    """

    kind: Literal["stac"]
    preset: Literal["planetary-computer"] | None = None
    url: str | None = Field(
        default=None,
        pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s@?#]+$",
        description="root of another STAC API, or catalog.json of a static catalogue",
    )
    collection: str | None = Field(default=None, description="its id")
    hosts: list[str] = Field(default=[], description="further hosts that files may lie on")
    cache_gb: float = Field(default=50, gt=0, le=100_000, description="downloads kept [GB]")

    @model_validator(mode="after")
    def _one_catalogue(self) -> "RadarStacConfig":
        api = self.url is not None and not self.url.lower().endswith(".json")
        if (self.preset is None) == (self.url is None) or (api and not self.collection):
            raise ValueError("expected either preset, or url and collection, or the url of a .json")
        return self


RadarConfig = Annotated[
    RadarSimulatedConfig | RadarFolderConfig | RadarStacConfig, Field(discriminator="kind")
]
