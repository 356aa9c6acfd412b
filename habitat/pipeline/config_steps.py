"""The steps of a pipeline file, one model each."""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from habitat.domain.bands import S2_BANDS
from habitat.domain.cells import OCCUPANCY_CELL_M
from habitat.pipeline.config_alerts import AlertsConfig
from habitat.pipeline.config_base import Saved, StepConfig
from habitat.pipeline.config_feeds import (
    EarlyFirmsConfig,
    Era5Config,
    FirmsConfig,
    GribConfig,
    HimawariConfig,
    OpenMeteoConfig,
)
from habitat.pipeline.config_radar import RadarComposite, RadarScenes
from habitat.pipeline.config_words import (
    DataName,
    Kind,
    Model,
    Name,
    Names,
    RelativePeriod,
    SeasonYear,
    Year,
    distinct,
    period_text,
)


class Scenes(Saved):
    """Find the scenes of a period."""

    makes: ClassVar[Kind] = "scenes"
    step: Literal["scenes"]
    period: str | RelativePeriod | SeasonYear = Field(
        description="two dates, or relative to the as-of date"
    )
    bands: list[str] = Field(min_length=1, description="ESA names")

    _check_period = field_validator("period")(period_text)

    @field_validator("bands")
    @classmethod
    def _known_bands(cls, bands: list[str]) -> list[str]:
        unknown = [band for band in bands if band not in S2_BANDS]
        if unknown or len(set(bands)) != len(bands):
            raise ValueError(f"expected distinct bands of {list(S2_BANDS)}, got {bands}")
        return bands


class Composite(Saved):
    """Make one image from the valid looks of a season: median, number of looks, longest gap."""

    makes: ClassVar[Kind] = "composite"
    step: Literal["composite"]
    scenes: Name
    season: Name | None = Field(default=None, description="a window of the seasons file")
    year: Year | None = Field(default=None, description="growing-season year")
    period: str | None = Field(default=None, description="two dates, instead of season and year")
    burns: Name | None = Field(default=None, description="leave out burned looks until green-up")

    _check_period = field_validator("period")(period_text)

    @model_validator(mode="after")
    def _one_way_to_say_when(self) -> "Composite":
        if (self.period is None) == (self.season is None) or (self.season and self.year is None):
            raise ValueError("expected either season and year, or period")
        return self

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the scenes, and burns where given."""
        burns: list[tuple[str, str, Kind]] = [("burns", self.burns, "burns")] if self.burns else []
        return [("scenes", self.scenes, "scenes"), *burns]


class WithComposites(Saved):
    """A step that looks at seasonal composites, with backscatter or without."""

    composites: dict[Name, Name] = Field(min_length=1, description="season: composite")
    radar: dict[Name, Name] = Field(
        default={}, description="season: radar_composite, of the same seasons; VV and VH join in"
    )

    @model_validator(mode="after")
    def _same_seasons(self) -> Self:
        if self.radar and set(self.radar) != set(self.composites):
            raise ValueError(
                f"radar: expected the seasons of composites, {list(self.composites)}, "
                f"got {list(self.radar)}"
            )
        return self

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the composites of both kinds."""
        refs: list[tuple[str, str, Kind]] = [
            (f"composites {s}", name, "composite") for s, name in self.composites.items()
        ]
        return refs + [(f"radar {s}", name, "radar") for s, name in self.radar.items()]


class Reference(Model):
    """Where training or reference classes come from: exactly one of the four."""

    truth: Literal["simulated"] | None = None
    raster: DataName | None = None
    polygons: DataName | None = None
    points: DataName | None = None
    class_field: str = Field(default="code", description="column of the class code")
    day: date | None = Field(default=None, description="day of the simulated truth")

    @model_validator(mode="after")
    def _exactly_one(self) -> "Reference":
        given = [v for v in (self.truth, self.raster, self.polygons, self.points) if v is not None]
        if len(given) != 1:
            raise ValueError("expected exactly one of truth, raster, polygons, points")
        return self


class Train(WithComposites):
    """Train the forest-cover classifier, chosen by spatial cross-validation."""

    makes: ClassVar[Kind] = "model"
    step: Literal["train"]
    reference: Reference
    candidates: Annotated[list[Literal["mlp", "forest"]], AfterValidator(distinct)] = Field(
        default=["mlp", "forest"], min_length=1
    )
    samples_per_class: int = Field(
        default=600, ge=10, le=100_000, description="mean over the classes"
    )
    allocation: Literal["proportional", "equal"] | None = Field(
        default=None,
        description="samples by the share of the class, or the same for each; "
        "by default proportional to a reference that covers the land, else equal",
    )
    min_per_class: int = Field(default=20, ge=2, le=10_000)
    rare_classes: Literal["refuse", "leave_out"] = Field(
        default="refuse", description="what to do with a class with fewer samples"
    )
    block_m: int = Field(default=2400, ge=20, description="edge of a cross-validation block [m]")
    folds: int = Field(default=4, ge=2, le=20)
    holdout: bool = Field(default=True, description="keep every second block for assess")
    seed: int = Field(default=0, ge=0)


class ClassifyForest(WithComposites):
    """Classify land cover from seasonal composites."""

    makes: ClassVar[Kind] = "forest"
    step: Literal["classify_forest"]
    model: DataName = Field(description="a model saved above, or a model file ending in .json")

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the composites, and the model unless it is a file."""
        refs = super().refs()
        if not self.model.endswith(".json"):
            refs.append(("model", self.model, "model"))
        return refs


STATIC = (
    "'none', or the file of places that always are hot (habitat heat-sources makes it): hotspots "
    "there are no fires"
)


class BurnScars(Saved):
    """Find burn scars per acquisition of one fire year (1 July to 30 June)."""

    makes: ClassVar[Kind] = "burns"
    step: Literal["burn_scars"]
    scenes: Name
    cover: Name = Field(description="land cover before the fires")
    fire_year: Year | Literal["as_of"] = Field(
        description="the year in which the fire year ends; as_of: the running one"
    )
    hotspots: Literal["source"] | DataName | None = Field(
        default=None, description="'source' (simulated), or a FIRMS CSV file"
    )
    static_sources: DataName = Field(default="none", description=STATIC)
    include_crop: bool = Field(default=False, description="also map burning on cropland")
    min_area_ha: float = Field(default=1.0, gt=0, le=1000, description="smallest scar [ha]")

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return scenes and cover."""
        return [("scenes", self.scenes, "scenes"), ("cover", self.cover, "forest")]


class Compared(Saved):
    """A step that compares a forest map with a later one."""

    before: Name
    after: Name

    @model_validator(mode="after")
    def _two_maps(self) -> Self:
        if self.before == self.after:
            raise ValueError(f"expected two maps as before and after, got {self.before!r} for both")
        return self


class ForestChange(Compared):
    """Compare two forest maps."""

    makes: ClassVar[Kind] = "change"
    step: Literal["forest_change"]

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the two maps."""
        return [("before", self.before, "forest"), ("after", self.after, "forest")]


class Habitat(Compared):
    """Habitat of one species before and after."""

    makes: ClassVar[Kind] = "habitat"
    step: Literal["habitat"]
    species: DataName
    burns_before: Names = Field(default=[], description="fire years known before")
    burns_after: Names = Field(default=[], description="fire years known after")

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the two maps and all fire years."""
        return [
            ("before", self.before, "forest"),
            ("after", self.after, "forest"),
            *(("burns_before", name, "burns") for name in self.burns_before),
            *(("burns_after", name, "burns") for name in self.burns_after),
        ]


class Cells(Saved):
    """Tables per grid cell: land facts, and one row per species."""

    makes: ClassVar[Kind] = "cells"
    step: Literal["cells"]
    change: Name
    habitats: Names = Field(default=[])
    burns: Names = Field(default=[], description="fire years for the burn columns")
    cell_m: int = Field(default=1200, description="edge of a cell [m], divides 3,600")

    @field_validator("cell_m")
    @classmethod
    def _nests(cls, cell_m: int) -> int:
        if cell_m <= 0 or OCCUPANCY_CELL_M % cell_m:
            raise ValueError(f"expected a size that divides {OCCUPANCY_CELL_M} m, got {cell_m}")
        return cell_m

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return change, habitats and burns."""
        return [
            ("change", self.change, "change"),
            *(("habitats", name, "habitat") for name in self.habitats),
            *(("burns", name, "burns") for name in self.burns),
        ]


class Assess(Saved):
    """Compare maps with a reference and state the accuracy."""

    makes: ClassVar[Kind] = "accuracy"
    step: Literal["assess"]
    forest: Names = Field(default=[])
    burns: Names = Field(default=[])
    reference: Reference
    holdout_of: Name | None = Field(
        default=None, description="a model trained above: assess only the blocks it never saw"
    )

    @model_validator(mode="after")
    def _something(self) -> "Assess":
        if not self.forest and not self.burns:
            raise ValueError("expected at least one map in forest or burns")
        return self

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the maps, and the model."""
        refs: list[tuple[str, str, Kind]] = [
            *(("forest", name, "forest") for name in self.forest),
            *(("burns", name, "burns") for name in self.burns),
        ]
        if self.holdout_of:
            refs.append(("holdout_of", self.holdout_of, "model"))
        return refs


class FireRisk(StepConfig):
    """Fire danger of a day and fires near places; ``habitat fire-risk`` reads it."""

    step: Literal["fire_risk"]
    weather: DataName | OpenMeteoConfig | Era5Config | GribConfig = Field(
        default="simulated",
        description="'simulated', 'open-meteo' or {kind: open-meteo, ...}, 'file' (given with "
        "--weather), an Open-Meteo file (.json), a file of stations (.csv), or "
        "{kind: era5 or era5-land, path: FILE.nc}, or {kind: grib2, path: FILE or FOLDER}",
    )
    hotspots: DataName | FirmsConfig = Field(
        default="none",
        description="'none', 'firms' or {kind: firms, ...}, 'file' (given with --hotspots), or a "
        "FIRMS file (.csv)",
    )
    static_sources: DataName = Field(default="none", description=STATIC)
    early_hotspots: Literal["none"] | EarlyFirmsConfig | HimawariConfig = Field(
        default="none",
        description="geostationary detections, early and not confirmed: 'none', "
        "{kind: firms}, or {kind: himawari, folder: DIR}; they are no alert until another "
        "satellite confirms them",
    )
    places: DataName = Field(default="border-zone", description="a places file")
    fuels: DataName = Field(default="border-zone", description="a fuels file")
    maps: DataName = Field(
        default="none",
        description="'none', or the results of another pipeline (outputs/NAME), whose land cover "
        "and burns tell what burns; where there is no release yet, every cell is taken as the "
        "fuel `without_map` of the fuels file",
    )
    min_level: int = Field(default=4, ge=1, le=5, description="level that is an alert")
    alerts: AlertsConfig | None = Field(default=None, description="where alerts are sent")

    @model_validator(mode="after")
    def _confirmable(self) -> Self:
        if self.early_hotspots != "none" and self.hotspots == "none":
            raise ValueError("early_hotspots: expected hotspots too, which may confirm them")
        return self

    @field_validator("weather")
    @classmethod
    def _known_weather(
        cls, weather: str | OpenMeteoConfig | Era5Config | GribConfig
    ) -> str | OpenMeteoConfig | Era5Config | GribConfig:
        if not isinstance(weather, str):
            return weather
        if weather == "open-meteo":
            return OpenMeteoConfig()
        return _one_of(weather, ("simulated", "open-meteo", "file"), (".json", ".csv"))

    @field_validator("hotspots")
    @classmethod
    def _known_hotspots(cls, hotspots: str | FirmsConfig) -> str | FirmsConfig:
        if isinstance(hotspots, FirmsConfig) or hotspots == "firms":
            return FirmsConfig() if isinstance(hotspots, str) else hotspots
        return _one_of(hotspots, ("none", "firms", "file"), (".csv",))


def _one_of(text: str, words: tuple[str, ...], endings: tuple[str, ...]) -> str:
    if text not in words and not text.endswith(endings):
        ways = " or ".join(endings)
        raise ValueError(f"expected one of {list(words)}, or a file ending in {ways}")
    return text


class Publish(StepConfig):
    """Write layers and tables as a release."""

    step: Literal["publish"]
    layers: Names = Field(default=[])
    tables: Names = Field(default=[])

    @model_validator(mode="after")
    def _something(self) -> "Publish":
        if not self.layers and not self.tables:
            raise ValueError("expected at least one layer or table to publish")
        return self


#: Every step, in the order of a usual pipeline.
STEPS: tuple[type[StepConfig], ...] = (
    Scenes, Composite, RadarScenes, RadarComposite, Train, ClassifyForest, BurnScars,
    ForestChange, Habitat, Cells, Assess, FireRisk, Publish,
)  # fmt: skip
Step = Annotated[
    Scenes
    | Composite
    | RadarScenes
    | RadarComposite
    | Train
    | ClassifyForest
    | BurnScars
    | ForestChange
    | Habitat
    | Cells
    | Assess
    | FireRisk
    | Publish,
    Field(discriminator="step"),
]
