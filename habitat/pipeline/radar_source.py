"""What a pipeline file says about Sentinel-1 to the source that reads it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from habitat.domain.errors import ConfigError
from habitat.domain.grid import Grid
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.request_log import RequestLog
from habitat.io.scenes.radar_folder import RadarFolder
from habitat.io.scenes.radar_reader import RadarSource
from habitat.io.sentinelhub.radar_source import SentinelHubRadar
from habitat.io.sentinelhub.sentinelhub_requests import service_of
from habitat.io.stac.radar_stac import RadarStac
from habitat.io.stac.stac_presets import RADAR_PRESETS, Preset
from habitat.io.stac.stac_search import Catalogue
from habitat.io.stac.stac_source import Access
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_radar import (
    RadarFolderConfig,
    RadarSentinelHubConfig,
    RadarSimulatedConfig,
    RadarStacConfig,
)
from habitat.pipeline.config_sources import SimulatedConfig
from habitat.pipeline.simulation.radar import SimulatedRadar
from habitat.pipeline.simulation.source import SimulatedSource
from habitat.pipeline.stac import policy_of


@dataclass(frozen=True, slots=True)
class Downloads:
    """Folders of what was downloaded: free, of one pipeline; and bought, of the project."""

    free: Path
    bought: Path


def radar_source_of(
    config: PipelineConfig,
    project: Path,
    downloads: Downloads,
    today: date,
    access: Access = "online",
) -> RadarSource | None:
    """Return the source of backscatter that a pipeline names, None without; asks nobody.

    Raises
    ------
    ConfigError
        If a simulated one is of another landscape than the imagery, or beside real imagery.
    """
    grid = Grid(config.grid.epsg, config.grid.pixel_m, config.grid.tile_px)
    radar = config.radar
    if radar is None:
        return None
    if isinstance(radar, RadarSimulatedConfig):
        return _simulated(config, radar, grid)
    if isinstance(radar, RadarFolderConfig):
        return RadarFolder(root=project / radar.path, grid=grid, verify=True)
    if isinstance(radar, RadarSentinelHubConfig):
        return SentinelHubRadar(service_of(radar.base_url), grid, downloads.bought, today)
    preset = _preset(radar)
    return RadarStac(
        grid=grid,
        catalogue=preset.catalogue,
        policy=policy_of(preset, radar.hosts),
        cache=DownloadCache(downloads.free, offline=access == "offline"),
        cache_bytes=int(radar.cache_gb * 1e9),
        token_url=preset.token_url,
        access=access,
        log=RequestLog(downloads.free.with_name("requests.log")) if access == "online" else None,
    )


def _simulated(config: PipelineConfig, radar: RadarSimulatedConfig, grid: Grid) -> RadarSource:
    source = config.source
    if not isinstance(source, SimulatedConfig) or source.seed != radar.seed:
        raise ConfigError(
            f"radar: expected the landscape of the imagery (source: simulated, seed {radar.seed}), "
            f"got source {source.kind!r}; give both the same seed, or read real scenes for both"
        )
    return SimulatedRadar(
        SimulatedSource(grid=grid, seed=radar.seed, fires=source.fires), radar.cadence_days
    )


def _preset(radar: RadarStacConfig) -> Preset:
    if radar.url is not None:
        host = urlsplit(radar.url).hostname or ""
        return Preset(Catalogue(radar.url, radar.collection or ""), (host,))
    preset = RADAR_PRESETS[radar.preset or "planetary-computer"]
    collection = radar.collection or preset.catalogue.collection
    return Preset(Catalogue(preset.catalogue.url, collection), preset.hosts, preset.token_url)
