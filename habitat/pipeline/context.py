"""What a pipeline file means here and now: dates resolved, files read, scenes found."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from habitat.domain.errors import ConfigError, NotBuiltError
from habitat.domain.grid import Grid, Window
from habitat.domain.legend import Legend
from habitat.domain.period import Period, SeasonTable, fire_year
from habitat.io.config.data_files import read_legend, read_seasons
from habitat.io.projection import check_crs
from habitat.io.scenes.folder import FolderSource
from habitat.io.scenes.radar_reader import RadarSource
from habitat.io.scenes.source import SceneSource
from habitat.io.sentinelhub.sentinelhub_requests import service_of
from habitat.io.sentinelhub.sentinelhub_source import SentinelHubSource
from habitat.io.stac.stac_source import Access
from habitat.io.vector.aoi import Aoi, read_aoi
from habitat.io.vector.boundaries import check_against_border, read_boundaries
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_sources import (
    FolderConfig,
    SentinelHubConfig,
    SimulatedConfig,
    StacConfig,
)
from habitat.pipeline.config_steps import Compared
from habitat.pipeline.config_words import RelativePeriod, RelativeYear, SeasonYear
from habitat.pipeline.faults import Faults
from habitat.pipeline.named_files import require_files
from habitat.pipeline.ops import SceneSet, StepResult
from habitat.pipeline.radar_source import Downloads, radar_source_of
from habitat.pipeline.simulation.source import SimulatedSource
from habitat.pipeline.stac import stac_source

#: Where the border zone lies, and the countries that a project has of it.
BORDER_ZONE_EPSG = 32652
BORDER_ZONE_COUNTRIES = "aoi/countries.geojson"


@dataclass(slots=True)
class PlanContext:
    """A pipeline bound to a project folder and an as-of date.

    Attributes
    ----------
    config : PipelineConfig
        The file.
    project : Path
        Folder that its paths are relative to.
    as_of : date
        Nothing newer is used.
    grid, aoi, legend, seasons, source
        What the file names, read and checked.
    window : Window
        Smallest window of whole tiles that covers the AOI.
    results : dict of str to StepResult
        Saved so far.
    scene_sets : dict of str to SceneSet
        Found so far.
    models : dict of str to str
        Where the samples of each model come from, in words.
    notes : list of str
        What a reader of the results should know about the scenes.
    radar : RadarSource or None
        Of Sentinel-1.
    access : str
        Whether services may be asked.
    """

    config: PipelineConfig
    project: Path
    as_of: date
    grid: Grid
    aoi: Aoi
    legend: Legend
    seasons: SeasonTable
    source: SceneSource
    window: Window
    results: dict[str, StepResult] = field(default_factory=dict)
    scene_sets: dict[str, SceneSet] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    radar: RadarSource | None = None
    access: Access = "online"

    @property
    def simulated(self) -> bool:
        """Whether anything that is read is simulated."""
        return self.source.simulated or (self.radar is not None and self.radar.simulated)

    def year(self, year: int | RelativeYear) -> int:
        """Return an absolute growing-season year.

        A relative year counts from the last year whose leaf-on season had ended by the as-of date.
        """
        if isinstance(year, int):
            return year
        last = self.as_of.year
        leaf_on = self.seasons.season("leaf_on").periods(last)[-1]
        return (last if leaf_on.end <= self.as_of else last - 1) + year.as_of

    def fire_year(self, year: int | RelativeYear | Literal["as_of"]) -> int:
        """Return the year in which a fire year ends; ``as_of`` is the running one."""
        if year == "as_of":
            return self.as_of.year + (self.as_of >= fire_year(self.as_of.year + 1).start)
        return self.year(year)

    def period(self, period: str | RelativePeriod | SeasonYear) -> Period:
        """Return an absolute period, cut at the as-of date.

        Raises
        ------
        ConfigError
            If the whole period lies after the as-of date.
        """
        if isinstance(period, RelativePeriod):
            return Period(self.as_of - timedelta(days=period.days - 1), self.as_of)
        if isinstance(period, SeasonYear):
            year = self.year(period.season_year)
            leaf_on = self.seasons.season("leaf_on").periods(year)[-1]
            absolute = Period(date(year - 1, 3, 1), leaf_on.end)
        else:
            absolute = Period.parse(period)
        cut = absolute.until(self.as_of)
        if cut is None:
            raise ConfigError(
                f"period {absolute}: expected to start by the as-of date {self.as_of}. "
                "Give a later --as-of or an earlier period."
            )
        return cut


def compared_periods(ctx: PlanContext, step: Compared) -> tuple[Period, Period]:
    """Return the periods of the maps before and after.

    Raises
    ------
    ConfigError
        If both maps are of the same period: their layers would be one file.
    """
    before, after = ctx.results[step.before].period, ctx.results[step.after].period
    if before == after:
        raise ConfigError(
            f"{step.save_as}: expected maps of two periods, but {step.before!r} and "
            f"{step.after!r} are both of {before}. Compare maps of different periods."
        )
    return before, after


def bind(
    config: PipelineConfig,
    project: Path,
    as_of: date,
    today: date | None = None,
    *,
    access: Access = "online",
) -> PlanContext:
    """Read and check everything a pipeline names, without looking for scenes.

    ``today`` says in which month units are spent; the as-of date where it is not given.

    Raises
    ------
    ConfigError, InputError
        If the CRS, AOI, legend, seasons or source is wrong or a file is missing, with all faults;
        NotBuiltError for a source that this version does not have.
    """
    faults = Faults()
    with faults.collecting():
        check_crs(config.grid.epsg)
        grid = Grid(config.grid.epsg, config.grid.pixel_m, config.grid.tile_px)
        aoi = aoi_of(config, project)
    with faults.collecting():
        legend = read_legend(config.legend, project)
    with faults.collecting():
        seasons = read_seasons(config.seasons, project)
    with faults.collecting():
        require_files(config, project)
    faults.raise_all()
    source = source_of(config, project, today or as_of, access=access)
    radar = radar_source_of(
        config, project, radar_downloads_of(project, config.name), today or as_of, access
    )
    return PlanContext(
        config,
        project,
        as_of,
        grid,
        aoi,
        legend,
        seasons,
        source,
        _tiles_window(grid, aoi),
        radar=radar,
        access=access,
    )


def aoi_of(config: PipelineConfig, project: Path) -> Aoi:
    """Read the AOI of a pipeline, with a note if it lies beside the border that it follows.

    Raises
    ------
    AoiError
        If the AOI or a boundary file is refused.
    """
    aoi = read_aoi(project / config.aoi, epsg=config.grid.epsg)
    countries = countries_file(config, project)
    if countries is None:
        return aoi
    return check_against_border(aoi, read_boundaries(countries, {}, epsg=config.grid.epsg))


def countries_file(config: PipelineConfig, project: Path) -> Path | None:
    """Return the countries whose border the AOI is checked against, None where there are none.

    Those that the pipeline names; else, in the CRS of the border zone, those of the project.
    """
    if config.boundaries is not None:
        path = project / config.boundaries.countries
    elif config.grid.epsg == BORDER_ZONE_EPSG:
        path = project / BORDER_ZONE_COUNTRIES
    else:
        return None
    return path if path.is_file() else None  # a named one that is missing is listed with others


def _tiles_window(grid: Grid, aoi: Aoi) -> Window:
    tiles = list(grid.tiles(grid.window_of_bounds(aoi.geometry.bounds)))
    return grid.tile_window(tiles[0]).union(grid.tile_window(tiles[-1]))


def source_of(
    config: PipelineConfig, project: Path, today: date = date.min, *, access: Access = "online"
) -> SceneSource:
    """Return the source that a pipeline names; asks nobody.

    Raises
    ------
    NotBuiltError
        For a source that this version does not have.
    """
    grid = Grid(config.grid.epsg, config.grid.pixel_m, config.grid.tile_px)
    source = config.source
    if isinstance(source, SimulatedConfig):
        return SimulatedSource(
            grid=grid,
            seed=source.seed,
            fires=source.fires,
            cloudiness=source.cloudiness,
            days=tuple(source.days),
            cadence_days=source.cadence_days,
        )
    if isinstance(source, FolderConfig):
        return FolderSource(root=project / source.path, grid=grid, verify=True)
    if isinstance(source, StacConfig):
        return stac_source(source, grid, downloads_of(project, config.name), access)
    if isinstance(source, SentinelHubConfig):
        downloads = project / "outputs" / ".downloads" / "sentinelhub"
        return SentinelHubSource(service_of(source.base_url), grid, downloads, today)
    raise NotBuiltError(
        f"source {source.kind!r}: this version reads 'simulated', 'folder', 'stac' and "
        "'sentinelhub' only. "
        "Download the scenes into a folder, run 'habitat index' on it, and use source: folder."
    )


def downloads_of(project: Path, name: str) -> Path:
    """Return the folder of what the runs of a pipeline downloaded."""
    return project / "outputs" / name / "state" / "downloads"


def radar_downloads_of(project: Path, name: str) -> Downloads:
    """Return the folders of what was downloaded of Sentinel-1."""
    outputs = project / "outputs"
    free = outputs / name / "state" / "downloads-radar"
    return Downloads(free, outputs / ".downloads" / "sentinelhub")
