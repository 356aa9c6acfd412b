"""The whole language of a pipeline file, one model per step.

A pipeline is a list of steps read from top to bottom; a step may only name results saved above
it. There is no templating, no expression and no import path: who needs an ``if`` writes a step.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from habitat.domain.bands import S2_BANDS
from habitat.domain.cells import OCCUPANCY_CELL_M
from habitat.domain.errors import ConfigError
from habitat.domain.period import Period

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
PipelineName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


def _inside_project(path: str) -> str:
    if ".." in path.split("/"):
        raise ValueError("expected a path inside the project, without '..'")
    return path


#: A file inside the project, or (for DataName) the name of a shipped data file.
RelativePath = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}$"),
    AfterValidator(_inside_project),
]
DataName = RelativePath

#: What a result is, so that a wrong kind is a fault before any work.
Kind = Literal[
    "scenes", "composite", "model", "forest", "burns", "change", "habitat", "cells", "accuracy"
]


class Model(BaseModel):
    """Base of every part of a pipeline file: unknown keys refused, values frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class RelativeYear(Model):
    """A growing-season year counted from the as-of date: 0 is the last one that has ended."""

    as_of: int = Field(le=0, ge=-60, description="years before the last ended growing season")


class RelativePeriod(Model):
    """A period that ends at the as-of date."""

    ends: Literal["as_of"]
    days: int = Field(ge=1, le=4000, description="length [days], both ends counted")


Year = Annotated[int, Field(ge=2015, le=2100)] | RelativeYear


class SeasonYear(Model):
    """The scenes of one growing-season year: from 1 March before it to the end of its leaf-on.

    The spring before is what autumn fires are compared with.
    """

    season_year: Year


def _period_text(text: object) -> object:
    if isinstance(text, str):
        try:
            Period.parse(text)
        except ConfigError as fault:
            raise ValueError(str(fault)) from None
    return text


class GridConfig(Model):
    """The fixed grid of the project."""

    epsg: int = Field(ge=1024, le=32767, description="projected CRS in metres")
    pixel_m: int = Field(ge=1, le=1000, description="pixel size [m]")
    tile_px: int = Field(default=1024, ge=64, le=8192, description="tile size [px]")


class SimulatedConfig(Model):
    """A landscape with known truth; every product carries the word SIMULATED."""

    kind: Literal["simulated"]
    seed: int = Field(default=7, ge=0, le=2**31 - 1)
    fires: Literal["usual", "none", "grass_60", "grass_95"] = "usual"
    cloudiness: float = Field(default=0.35, ge=0, le=1, description="mean cloud cover [1]")
    days: list[date] = Field(default=[], description="acquisition days; empty: every few days")
    cadence_days: int = Field(default=5, ge=1, le=60, description="days between acquisitions")


class FolderConfig(Model):
    """Scenes on disk: GeoTIFFs listed in STAC items (``habitat index`` writes them)."""

    kind: Literal["folder"]
    path: DataName = Field(description="folder, relative to the project")


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


class StacConfig(Model):
    """Sentinel-2 L2A from a STAC catalogue of cloud-optimized GeoTIFFs: a preset, or url.

    Plain http is for this machine alone.
    """

    kind: Literal["stac"]
    preset: Literal["earth-search", "planetary-computer", "cdse"] | None = None
    url: str | None = Field(
        default=None,
        pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s@?#]+$",
        description="root of another STAC API, or catalog.json of a static catalogue",
    )
    collection: str | None = Field(
        default=None, description="its id; needed with the url of an API"
    )
    hosts: list[str] = Field(default=[], description="further hosts that files may lie on")
    max_cloud: float = Field(default=100, ge=0, le=100, description="cloudier scenes are left [%]")
    cache_gb: float = Field(default=50, gt=0, le=100_000, description="downloads kept [GB]")

    @model_validator(mode="after")
    def _one_catalogue(self) -> "StacConfig":
        api = self.url is not None and not self.url.lower().endswith(".json")
        if (self.preset is None) == (self.url is None) or (api and not self.collection):
            raise ValueError("expected either preset, or url and collection, or the url of a .json")
        return self


Source = Annotated[
    SimulatedConfig | FolderConfig | SentinelHubConfig | StacConfig, Field(discriminator="kind")
]


class BoundaryConfig(Model):
    """Whose land it is: polygon files in EPSG:4326."""

    countries: RelativePath = Field(description="land polygons with a property iso3")
    park_cn: RelativePath | None = None
    park_ru: RelativePath | None = None


class StepConfig(Model):
    """Base of the steps."""

    makes: ClassVar[Kind | None] = None

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return ``(field, name, kind)`` of every result this step needs."""
        return []


class Saved(StepConfig):
    """A step that saves a result."""

    save_as: Name


class Scenes(Saved):
    """Find the scenes of a period."""

    makes: ClassVar[Kind] = "scenes"
    step: Literal["scenes"]
    period: str | RelativePeriod | SeasonYear = Field(
        description="two dates, or relative to the as-of date"
    )
    bands: list[str] = Field(min_length=1, description="ESA names")

    _check_period = field_validator("period")(_period_text)

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

    _check_period = field_validator("period")(_period_text)

    @model_validator(mode="after")
    def _one_way_to_say_when(self) -> "Composite":
        if (self.period is None) == (self.season is None) or (self.season and self.year is None):
            raise ValueError("expected either season and year, or period")
        return self

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the scenes, and burns where given."""
        burns: list[tuple[str, str, Kind]] = [("burns", self.burns, "burns")] if self.burns else []
        return [("scenes", self.scenes, "scenes"), *burns]


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


class Train(Saved):
    """Train the forest-cover classifier, chosen by spatial cross-validation."""

    makes: ClassVar[Kind] = "model"
    step: Literal["train"]
    composites: dict[Name, Name] = Field(min_length=1, description="season: composite")
    reference: Reference
    candidates: list[Literal["mlp", "forest"]] = Field(default=["mlp", "forest"], min_length=1)
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

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the composites."""
        return [(f"composites {s}", name, "composite") for s, name in self.composites.items()]


class ClassifyForest(Saved):
    """Classify land cover from seasonal composites."""

    makes: ClassVar[Kind] = "forest"
    step: Literal["classify_forest"]
    composites: dict[Name, Name] = Field(min_length=1, description="season: composite")
    model: DataName = Field(description="a model saved above, or a model file ending in .json")

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the composites, and the model unless it is a file."""
        refs: list[tuple[str, str, Kind]] = [
            (f"composites {s}", name, "composite") for s, name in self.composites.items()
        ]
        if not self.model.endswith(".json"):
            refs.append(("model", self.model, "model"))
        return refs


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
    include_crop: bool = Field(default=False, description="also map burning on cropland")
    min_area_ha: float = Field(default=1.0, gt=0, le=1000, description="smallest scar [ha]")

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return scenes and cover."""
        return [("scenes", self.scenes, "scenes"), ("cover", self.cover, "forest")]


class ForestChange(Saved):
    """Compare two forest maps."""

    makes: ClassVar[Kind] = "change"
    step: Literal["forest_change"]
    before: Name
    after: Name

    def refs(self) -> list[tuple[str, str, Kind]]:
        """Return the two maps."""
        return [("before", self.before, "forest"), ("after", self.after, "forest")]


class Habitat(Saved):
    """Habitat of one species before and after."""

    makes: ClassVar[Kind] = "habitat"
    step: Literal["habitat"]
    species: DataName
    before: Name
    after: Name
    burns_before: list[Name] = Field(default=[], description="fire years known before")
    burns_after: list[Name] = Field(default=[], description="fire years known after")

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
    habitats: list[Name] = Field(default=[])
    burns: list[Name] = Field(default=[], description="fire years for the burn columns")
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
    forest: list[Name] = Field(default=[])
    burns: list[Name] = Field(default=[])
    reference: Reference
    holdout_of: Name | None = Field(
        default=None, description="a model trained above: assess only the blocks it never saw"
    )

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
    weather: DataName = Field(
        default="simulated",
        description="'simulated', 'file' (given with --weather), or an Open-Meteo file (.json)",
    )
    hotspots: DataName = Field(
        default="none",
        description="'none', 'file' (given with --hotspots), or a FIRMS file (.csv)",
    )
    places: DataName = Field(default="border-zone", description="a places file")
    fuels: DataName = Field(default="border-zone", description="a fuels file")
    min_level: int = Field(default=4, ge=1, le=5, description="level that is an alert")

    @field_validator("weather")
    @classmethod
    def _known_weather(cls, weather: str) -> str:
        return _one_of(weather, ("simulated", "open-meteo", "file"), ".json")

    @field_validator("hotspots")
    @classmethod
    def _known_hotspots(cls, hotspots: str) -> str:
        return _one_of(hotspots, ("none", "firms", "file"), ".csv")


def _one_of(text: str, words: tuple[str, ...], ending: str) -> str:
    if text not in words and not text.endswith(ending):
        raise ValueError(f"expected one of {list(words)}, or a file ending in {ending}")
    return text


class Publish(StepConfig):
    """Write layers and tables as a release."""

    step: Literal["publish"]
    layers: list[Name] = Field(default=[])
    tables: list[Name] = Field(default=[])

    @model_validator(mode="after")
    def _something(self) -> "Publish":
        if not self.layers and not self.tables:
            raise ValueError("expected at least one layer or table to publish")
        return self


#: Every step, in the order of a usual pipeline.
STEPS: tuple[type[StepConfig], ...] = (
    Scenes, Composite, Train, ClassifyForest, BurnScars, ForestChange, Habitat, Cells, Assess,
    FireRisk, Publish,
)  # fmt: skip
Step = Annotated[
    Scenes
    | Composite
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

#: Kinds of results that hold raster layers, and tables.
LAYER_KINDS: tuple[Kind, ...] = ("composite", "forest", "burns", "change", "habitat")
TABLE_KINDS: tuple[Kind, ...] = ("cells", "burns")


class PipelineConfig(Model):
    """One pipeline file."""

    name: PipelineName = Field(description="names outputs/<name>/")
    aoi: RelativePath = Field(description="polygon file, relative to the project")
    grid: GridConfig
    source: Source
    legend: DataName = "border-zone"
    seasons: DataName = "border-zone"
    boundaries: BoundaryConfig | None = Field(
        default=None, description="countries and parks; without it their columns are null"
    )
    on_failed_tile: Literal["keep_old", "publish"] = "keep_old"
    keep_releases: int = Field(
        default=5, ge=1, le=10_000, description="releases that stay; none goes within 7 days"
    )
    steps: list[Step] = Field(min_length=1)


def wiring_faults(config: PipelineConfig) -> list[tuple[int, str]]:
    """Return ``(step index, fault)`` for every reference that does not hold."""
    saved: dict[str, Kind] = {}
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
