"""What a pipeline file says about a STAC catalogue to the source that reads it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from habitat.domain.errors import NotBuiltError
from habitat.domain.grid import Grid
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.http import Http
from habitat.io.net.http_policy import HttpPolicy, is_loopback
from habitat.io.net.request_log import RequestLog
from habitat.io.stac.extracts import Extracts
from habitat.io.stac.stac_presets import PRESETS, Preset
from habitat.io.stac.stac_search import Catalogue
from habitat.io.stac.stac_source import Access, StacSource
from habitat.pipeline.config_sources import ExtractsConfig, StacConfig

#: Four attempts within two minutes, so that a network that is down is found in half a minute.
ATTEMPTS, DEADLINE_S, ATTEMPT_S, BACKOFF_S = 4, 120.0, 60.0, 1.0
#: A whole file of some 100 MB over 10 Mbit/s.
FILE_DEADLINE_S, FILE_ATTEMPT_S = 900.0, 300.0


def stac_source(config: StacConfig, grid: Grid, downloads: Path, access: Access) -> StacSource:
    """Return the source of a catalogue; asks nobody.

    Raises
    ------
    NotBuiltError
        For a catalogue whose files this version cannot read.
    """
    preset = _preset(config)
    return StacSource(
        grid=grid,
        catalogue=preset.catalogue,
        policy=policy_of(preset, config.hosts),
        cache=DownloadCache(downloads, offline=access == "offline"),
        cache_bytes=int(config.cache_gb * 1e9),
        max_cloud=config.max_cloud,
        token_url=preset.token_url,
        access=access,
        log=RequestLog(downloads.with_name("requests.log")) if access == "online" else None,
    )


def extracts_of(config: ExtractsConfig, downloads: Path, access: Access) -> Extracts:
    """Return the extracts of a catalogue; asks nobody."""
    host = urlsplit(config.url).hostname or ""
    catalogue = Catalogue(config.url, config.collection)
    policy = policy_of(Preset(catalogue, (host,)), config.hosts)
    whole = replace(policy, deadline_s=FILE_DEADLINE_S, attempt_s=FILE_ATTEMPT_S)
    log = RequestLog(downloads.with_name("requests.log")) if access == "online" else None
    return Extracts(
        Http(whole, count=None if log is None else log.note),
        catalogue,
        DownloadCache(downloads, offline=access == "offline"),
        asset=config.asset,
    )


def policy_of(preset: Preset, hosts: Sequence[str]) -> HttpPolicy:
    """Return how a catalogue and its files are asked."""
    host = urlsplit(preset.catalogue.url).hostname or ""
    return HttpPolicy(
        (*preset.hosts, *hosts),
        loopback_http=is_loopback(host),
        attempts=ATTEMPTS,
        deadline_s=DEADLINE_S,
        attempt_s=ATTEMPT_S,
        backoff_s=BACKOFF_S,
    )


def _preset(config: StacConfig) -> Preset:
    if config.url is not None:
        host = urlsplit(config.url).hostname or ""
        return Preset(Catalogue(config.url, config.collection or ""), (host,))
    if config.preset not in PRESETS:
        raise NotBuiltError(
            f"source 'stac', preset {config.preset!r}: the files of this catalogue are JPEG 2000 "
            "and need an account, which this version does not read. Use the preset earth-search "
            "or planetary-computer, or source: sentinelhub."
        )
    preset = PRESETS[config.preset]
    collection = config.collection or preset.catalogue.collection
    return Preset(Catalogue(preset.catalogue.url, collection), preset.hosts, preset.token_url)
