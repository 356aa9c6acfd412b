"""Sentinel-1 in a pipeline file: where its scenes come from, and the steps that use them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from habitat.pipeline.config_base import Saved
from habitat.pipeline.config_words import (
    DataName,
    Kind,
    Model,
    Name,
    RelativePeriod,
    SeasonYear,
    Year,
    period_text,
)


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


class RadarSentinelHubConfig(Model):
    """Sentinel-1 GRD, terrain-corrected by Sentinel Hub (Copernicus Data Space by default)."""

    kind: Literal["sentinelhub"]
    base_url: str = Field(
        default="cdse",
        pattern=r"^(cdse|commercial|http://127\.0\.0\.1:[0-9]{1,5})$",
        description="cdse, commercial, or a service on this machine",
    )
    max_pu: float = Field(
        default=5_000,
        gt=0,
        le=10_000_000,
        description="processing units that the passes of a run may cost, beside those of source",
    )


RadarConfig = Annotated[
    RadarSimulatedConfig | RadarFolderConfig | RadarStacConfig | RadarSentinelHubConfig,
    Field(discriminator="kind"),
]


class RadarScenes(Saved):
    """Find the Sentinel-1 scenes of a period in the source ``radar``."""

    makes: ClassVar[Kind] = "radar_scenes"
    step: Literal["radar_scenes"]
    period: str | RelativePeriod | SeasonYear = Field(
        description="two dates, or relative to the as-of date"
    )

    _check_period = field_validator("period")(period_text)


class RadarComposite(Saved):
    """Make one image of backscatter from the looks of a season: median of linear power, in dB."""

    makes: ClassVar[Kind] = "radar"
    step: Literal["radar_composite"]
    scenes: Name
    season: Name | None = Field(default=None, description="a window of the seasons file")
    year: Year | None = Field(default=None, description="growing-season year")
    period: str | None = Field(default=None, description="two dates, instead of season and year")
    orbit: Literal["ascending", "descending", "mixed"] = Field(
        description="passes that enter; slopes look different from the two sides, so mixed says so"
    )

    _check_period = field_validator("period")(period_text)

    @model_validator(mode="after")
    def _one_way_to_say_when(self) -> "RadarComposite":
        if (self.period is None) == (self.season is None) or (self.season and self.year is None):
            raise ValueError("expected either season and year, or period")
        return self

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the scenes."""
        return [("scenes", self.scenes, "radar_scenes")]
