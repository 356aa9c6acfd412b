"""The services of weather and hotspots that a pipeline file names, and whether they answer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from habitat.domain.errors import ConfigError, HabitatError, InputError
from habitat.io.fire import hotspots_service
from habitat.io.fire.hotspots_service import Firms
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.http import Http
from habitat.io.net.http_policy import (
    HttpPolicy,
    QuotaFault,
    RetryAfter,
    is_loopback,
    no_quota,
    retry_after_seconds,
)
from habitat.io.scenes.source import Finding
from habitat.io.secrets import safe_url
from habitat.io.weather.weather_service import OpenMeteo
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.config_feeds import (
    EarlyFirmsConfig,
    Era5Config,
    FirmsConfig,
    GribConfig,
    HimawariConfig,
    OpenMeteoConfig,
)
from habitat.pipeline.config_steps import FireRisk

#: Four attempts: a network that is down is found in seconds.
ATTEMPTS, DEADLINE_S, ATTEMPT_S, BACKOFF_S = 4, 150.0, 45.0, 1.0
#: Open-Meteo counts by the minute and does not say how long to wait [s].
_BUSY_S = 30.0


def open_meteo(config: OpenMeteoConfig, project: Path, *, offline: bool) -> OpenMeteo:
    """Return the client of a deployment; asks nobody."""
    urls = (config.url, config.archive_url)
    return OpenMeteo(_http(urls, no_quota, half_a_minute), _cache(project, offline=offline), *urls)


def firms(config: FirmsConfig, project: Path, *, offline: bool) -> Firms:
    """Return the client of FIRMS; asks nobody."""
    http = _http((config.url,), hotspots_service.quota_fault, retry_after_seconds)
    cache = _cache(project, offline=offline)
    return Firms(http, cache, config.url.rstrip("/"), tuple(config.sources))


def early_firms(config: EarlyFirmsConfig, project: Path, *, offline: bool) -> Firms:
    """Return the client of the geostationary detections of FIRMS; asks nobody."""
    http = _http((config.url,), hotspots_service.quota_fault, retry_after_seconds)
    cache = _cache(project, offline=offline)
    return Firms(http, cache, config.url.rstrip("/"), ("GOES_NRT",))


def examine(config: PipelineConfig, project: Path) -> list[Finding]:
    """Ask the services of the fire_risk steps for little; never raises for what it finds."""
    found = []
    for step in config.steps:
        if isinstance(step, FireRisk):
            found += [
                _weather_found(step.weather, project),
                _hotspots_found(step.hotspots, project),
            ]
            if not isinstance(step.early_hotspots, str):
                found.append(_early_found(step.early_hotspots, project))
    return found


def _weather_found(
    config: str | OpenMeteoConfig | Era5Config | GribConfig, project: Path
) -> Finding:
    if not isinstance(config, OpenMeteoConfig):
        named = config if isinstance(config, str) else config.path
        return Finding("weather", f"{named}: asks no service")
    what = f"weather of {safe_url(config.url)}"
    try:
        hours = open_meteo(config, project, offline=False).ask_little()
    except HabitatError as fault:
        return Finding(what, str(fault), fault.exit_code)
    return Finding(what, f"answers with {hours} hours; needs no key")


def _hotspots_found(config: str | FirmsConfig, project: Path) -> Finding:
    if isinstance(config, str):
        return Finding("hotspots", f"{config}: asks no service")
    what = f"hotspots of {safe_url(config.url)}"
    try:
        spent, limit = firms(config, project, offline=False).transactions()
    except HabitatError as fault:
        return Finding(what, str(fault), fault.exit_code)
    return Finding(what, f"knows the key; {spent} of {limit} transactions in ten minutes are spent")


def _early_found(config: EarlyFirmsConfig | HimawariConfig, project: Path) -> Finding:
    if isinstance(config, EarlyFirmsConfig):
        found = _hotspots_found(FirmsConfig(url=config.url), project)
        return replace(found, what=f"early {found.what}")
    folder = project / config.folder
    if not folder.is_dir():
        text = f"expected a folder at {folder}, found none; mirror the product there"
        return Finding("early hotspots", text, ConfigError.exit_code)
    newest = max((path.name for path in folder.rglob("H??_*_L2WLF*.csv")), default=None)
    if newest is None:
        text = f"expected files H09_*_L2WLF*.csv in {folder}, found none; is the mirror running?"
        return Finding("early hotspots", text, InputError.exit_code)
    return Finding("early hotspots", f"the latest of {folder} is {newest}; asks no service")


def half_a_minute(headers: Mapping[str, str], now: datetime) -> float:
    """Return how long to wait after a busy answer: what it says, else half a minute [s]."""
    asked = retry_after_seconds(headers, now)
    return _BUSY_S if asked is None else asked


def _http(urls: tuple[str, ...], quota: QuotaFault, retry_after: RetryAfter) -> Http:
    parts = [urlsplit(url) for url in urls]
    return Http(
        HttpPolicy(
            tuple(dict.fromkeys(part.netloc for part in parts)),
            loopback_http=any(is_loopback(part.hostname or "") for part in parts),
            attempts=ATTEMPTS,
            deadline_s=DEADLINE_S,
            attempt_s=ATTEMPT_S,
            backoff_s=BACKOFF_S,
            quota_fault=quota,
            retry_after=retry_after,
        )
    )


def _cache(project: Path, *, offline: bool) -> DownloadCache:
    return DownloadCache(project / "outputs" / ".downloads" / "feeds", offline=offline)
