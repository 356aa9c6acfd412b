"""Early detections of geostationary satellites: extra, never an all-clear, no fault of the duty."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from habitat.domain.errors import (
    ConfigError,
    CredentialsError,
    InputError,
    QuotaError,
    RemoteError,
)
from habitat.domain.grid import Bounds, Grid, Window
from habitat.domain.hotspots import Hotspots
from habitat.io.fire.himawari import read_himawari
from habitat.io.fire.hotspots_file import parse_hotspots
from habitat.io.fire.hotspots_service import Area
from habitat.pipeline.config_feeds import EarlyFirmsConfig, HimawariConfig
from habitat.pipeline.fire_risk.services import early_firms
from habitat.pipeline.fire_risk.setting import Setting

logger = logging.getLogger(__name__)

#: The product comes some 40 minutes after the image; older than this it is stale.
_STALE = timedelta(hours=2)
_FAULTS = (ConfigError, CredentialsError, InputError, QuotaError, RemoteError)


@dataclass(frozen=True, slots=True)
class Early:
    """Early detections, and what the brief says of their feed.

    Attributes
    ----------
    found : Hotspots
    told : str
        Empty where none was asked for.
    """

    found: Hotspots
    told: str


def early_of(setting: Setting, area: Bounds, window: Window, last: datetime) -> Early:
    """Return the early detections of two days; where they cannot be read, say so and go on."""
    config = setting.step.early_hotspots
    if isinstance(config, str):
        return Early(Hotspots.empty(), "")
    try:
        tables, told = _tables(setting, config, area, last)
        grid = Grid(setting.config.grid.epsg, setting.config.grid.pixel_m)
        parsed = parse_hotspots(tables, grid=grid, window=window, early=True)
    except _FAULTS as fault:
        logger.warning("early hotspots are not known: %s", fault)
        return Early(Hotspots.empty(), "early NOT KNOWN")
    return Early(parsed.found, told)


def _tables(
    setting: Setting, config: EarlyFirmsConfig | HimawariConfig, area: Bounds, last: datetime
) -> tuple[list[tuple[str, str]], str]:
    now, first = setting.query.now, last - timedelta(days=2)
    if isinstance(config, HimawariConfig):
        given = read_himawari(setting.project / config.folder, first=first, last=last)
        for fault in given.faults:
            logger.warning("%s; left out", fault)
        if given.newest is None or last - given.newest > _STALE:
            return list(given.tables), "early Himawari STALE"
        return list(given.tables), f"early Himawari to {given.newest:%H:%M}Z"
    days = {"first": first.astimezone(UTC).date(), "last": last.astimezone(UTC).date()}
    client = early_firms(config, setting.project, offline=setting.query.offline)
    answers = client.tables(Area(*area), **days, now=now)
    tables = [(f"FIRMS {config.url}", one.body.decode("utf-8-sig")) for one in answers]
    stale = last - min(one.issued for one in answers) > _STALE
    return tables, "early GOES_NRT STALE" if stale else "early GOES_NRT"
