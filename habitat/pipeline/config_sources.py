"""Where the scenes of a pipeline come from: one model per source."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from habitat.algorithms.landscape.acquisitions import FIRST_DAY
from habitat.pipeline.config_words import DataName, Model, distinct

#: What becomes of a scene that has neither a scene classification nor a cloud probability.
WithoutMask = Annotated[
    Literal["refuse", "use"],
    Field(
        description="scenes without scene classification and cloud probability: refused, or used "
        "as if there were no clouds (shadow and snow are then found by their bands alone)"
    ),
]


class SimulatedConfig(Model):
    """A landscape with known truth; every product carries the word SIMULATED."""

    kind: Literal["simulated"]
    seed: int = Field(default=7, ge=0, le=2**31 - 1)
    fires: Literal["usual", "none", "grass_60", "grass_95"] = "usual"
    cloudiness: float = Field(default=0.35, ge=0, le=1, description="mean cloud cover [1]")
    days: Annotated[list[date], AfterValidator(distinct)] = Field(
        default=[], description="acquisition days; empty: every few days"
    )
    cadence_days: int = Field(default=5, ge=1, le=60, description="days between acquisitions")

    @field_validator("days")
    @classmethod
    def _acquired(cls, days: list[date]) -> list[date]:
        early = [str(day) for day in days if day < FIRST_DAY]
        if early:
            raise ValueError(f"expected days from {FIRST_DAY} on, got {early}")
        return days


class FolderConfig(Model):
    """Scenes on disk: GeoTIFFs listed in STAC items (``habitat index`` writes them)."""

    kind: Literal["folder"]
    path: DataName = Field(description="folder, relative to the project")
    without_mask: WithoutMask = "refuse"


class SentinelHubConfig(Model):
    """Sentinel-2 L2A through Sentinel Hub (Copernicus Data Space by default)."""

    kind: Literal["sentinelhub"]
    base_url: str = Field(
        default="cdse",
        pattern=r"^(cdse|commercial|http://127\.0\.0\.1:[0-9]{1,5})$",
        description="cdse, commercial, or a service on this machine",
    )
    max_pu: float = Field(
        default=10_000,
        gt=0,
        le=10_000_000,
        description="processing units that all looks of a run may cost; the clearest are chosen",
    )
    min_clear_percent: float = Field(
        default=5,
        ge=0,
        le=100,
        description="clear part of the AOI in a rectangle from which a look is bought, by a cheap "
        "look at 60 m [%]; 0: every look is bought, none is chosen",
    )


#: Plain http is for this machine alone.
_URL = r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s@?#]+$"


class ExtractsConfig(Model):
    """Dated extracts of a map in a STAC catalogue: the datetime of an item is the day of its map.

    Each has one GeoPackage or GeoJSON, which is fetched whole. Plain http is for this machine
    alone.
    """

    kind: Literal["stac"]
    url: str = Field(pattern=_URL, description="root of a STAC API, or .json of a static catalogue")
    collection: str = Field(default="", description="its id; an API needs one")
    asset: str = Field(default="", description="name of the asset; empty: the only one that fits")
    licence: str = Field(default="", max_length=200, description="where the items state none")
    hosts: list[str] = Field(default=[], description="further hosts that files may lie on")

    @model_validator(mode="after")
    def _named(self) -> "ExtractsConfig":
        if not self.collection and not self.url.lower().endswith(".json"):
            raise ValueError("expected url and collection, or the url of a .json")
        return self


class StacConfig(Model):
    """Sentinel-2 L2A from a STAC catalogue of cloud-optimized GeoTIFFs: a preset, or url.

    Plain http is for this machine alone.
    """

    kind: Literal["stac"]
    preset: Literal["earth-search", "planetary-computer", "cdse"] | None = None
    url: str | None = Field(
        default=None,
        pattern=_URL,
        description="root of another STAC API, or catalog.json of a static catalogue",
    )
    collection: str | None = Field(default=None, description="its id; replaces that of a preset")
    hosts: list[str] = Field(default=[], description="further hosts that files may lie on")
    max_cloud: float = Field(default=100, ge=0, le=100, description="cloudier scenes are left [%]")
    cache_gb: float = Field(default=50, gt=0, le=100_000, description="downloads kept [GB]")
    without_mask: WithoutMask = "refuse"

    @model_validator(mode="after")
    def _one_catalogue(self) -> "StacConfig":
        api = self.url is not None and not self.url.lower().endswith(".json")
        if (self.preset is None) == (self.url is None) or (api and not self.collection):
            raise ValueError("expected either preset, or url and collection, or the url of a .json")
        return self


Source = Annotated[
    SimulatedConfig | FolderConfig | SentinelHubConfig | StacConfig, Field(discriminator="kind")
]
