"""Requests of Sentinel Hub, built by the sentinelhub package and sent by our own downloader.

The package knows the bodies; its downloader keeps broken answers, waits for ever on 429, never
times out on a slow body and prints secrets at DEBUG, so it never sends anything here.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sentinelhub import (
    CRS,
    BBox,
    DataCollection,
    MimeType,
    SentinelHubCatalog,
    SentinelHubRequest,
    SHConfig,
)

from habitat.domain.errors import ConfigError
from habitat.domain.grid import Bounds, Grid, Window
from habitat.domain.period import Period
from habitat.domain.processing_units import Bill, processing_units

#: Most features of one catalogue page.
PAGE_SIZE = 100
#: The time window of an acquisition reaches this far beyond its first and last item.
TIME_SLACK = timedelta(seconds=5)
_UINT8, _UINT16 = "UINT8", "UINT16"
_EVALSCRIPT = """//VERSION=3
function setup() {{
  return {{
    input: [{{bands: {bands}, units: "DN"}}],
    output: {{id: "default", bands: {count}, sampleType: "{dtype}"}},
    mosaicking: "SIMPLE"
  }};
}}
function evaluatePixel(s) {{
  return [{values}];
}}
"""


@dataclass(frozen=True, slots=True)
class Service:
    """One deployment of Sentinel Hub.

    Attributes
    ----------
    base_url, token_url : str
        Where requests and token requests go, and nowhere else.
    """

    base_url: str
    token_url: str


#: Published endpoints. Copernicus: documentation.dataspace.copernicus.eu/APIs/SentinelHub;
#: commercial: docs.sentinel-hub.com/api/latest/api/overview/authentication.
SERVICES = {
    "cdse": Service(
        "https://sh.dataspace.copernicus.eu",
        "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token",
    ),
    "commercial": Service(
        "https://services.sentinel-hub.com",
        "https://services.sentinel-hub.com/auth/realms/main/protocol/openid-connect/token",
    ),
}


def service_of(name: str) -> Service:
    """Return a deployment by name, or one on this machine by its address.

    Raises
    ------
    ConfigError
        For another name.
    """
    if name.startswith("http://127.0.0.1:"):
        return Service(name, f"{name}/token")
    if name not in SERVICES:
        raise ConfigError(f"base_url: expected one of {', '.join(SERVICES)}, got {name!r}")
    return SERVICES[name]


@dataclass(frozen=True, slots=True)
class Order:
    """One request of the Process API.

    Attributes
    ----------
    url : str
        Where it goes.
    body : dict
        JSON body; holds no secret.
    window : Window
        Of ``grid``, what the answer covers.
    grid : Grid
        Its pixels.
    bands : tuple of str
        Bands asked for, before SCL and dataMask.
    """

    url: str
    body: dict[str, Any]
    window: Window
    grid: Grid
    bands: tuple[str, ...]

    @property
    def dtype(self) -> str:
        """NumPy dtype of the answer."""
        return "uint16" if self.bands else "uint8"

    @property
    def channels(self) -> int:
        """Bands of the answer: those asked for, scene classification and data mask."""
        return len(self.bands) + 2

    @property
    def bill(self) -> Bill:
        """What it costs by the published formula; dataMask is free."""
        return bill_of(self.window, self.bands)

    @property
    def key(self) -> str:
        """SHA-256 of what is asked and where: names the answer in the cache."""
        text = json.dumps([self.url, self.body], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def bill_of(window: Window, bands: Sequence[str]) -> Bill:
    """Return what one request costs by the published formula; bands before SCL and dataMask."""
    height, width = window.shape
    depth = 2 if bands else 1
    size = height * width * (len(bands) + 2) * depth
    return Bill(processing_units(width, height, len(bands) + 1), 1, size)


def config_of(service: Service) -> SHConfig:
    """Return the package's configuration of a deployment; holds no secret."""
    # use_defaults: else the package writes a configuration file, readable by all
    return SHConfig(use_defaults=True, sh_base_url=service.base_url, sh_token_url=service.token_url)


def collection(service: Service) -> DataCollection:
    """Return Sentinel-2 L2A bound to a deployment.

    The package's own definition names the commercial host, and that overrides the configuration:
    the token would go there too.
    """
    known = DataCollection.SENTINEL2_L2A
    if known.service_url == service.base_url:
        return known  # the package refuses a second name for one definition
    tag = hashlib.sha256(service.base_url.encode()).hexdigest()[:12].upper()
    return DataCollection.define_from(known, f"HABITAT_S2L2A_{tag}", service_url=service.base_url)


def order(
    service: Service,
    grid: Grid,
    window: Window,
    bands: Sequence[str],
    time: tuple[datetime, datetime],
    *,
    average: bool = False,
) -> Order:
    """Return the request of one acquisition in one window.

    Parameters
    ----------
    service : Service
        The deployment.
    grid : Grid
        Pixels of the answer.
    window : Window
        At most 2,500 px a side.
    bands : sequence of str
        ESA names; empty for the scene classification alone.
    time : tuple of datetime
        First and last instant of the acquisition, UTC.
    average : bool
        Ask for bilinear interpolation of bands finer than the grid: halfway between the pixels of
        a grid in line that is the mean of the four, as ``folder`` averages 10 m bands at 20 m.
        The mode holds for the scene classification too, so only where its pixels (20 m) are those
        of the grid.
    """
    asked = [*bands, "SCL", "dataMask"]
    script = _EVALSCRIPT.format(
        bands=json.dumps(asked),
        count=len(asked),
        dtype=_UINT16 if bands else _UINT8,
        values=", ".join(f"s.{name}" for name in asked),
    )
    data = SentinelHubRequest.input_data(
        collection(service),
        time_interval=(time[0] - TIME_SLACK, time[1] + TIME_SLACK),
        # the values as delivered: harmonised ones are clamped at 0, which then is "no data" too
        other_args={
            "processing": {
                "harmonizeValues": False,
                "upsampling": "NEAREST",
                "downsampling": "BILINEAR" if average else "NEAREST",
            }
        },
    )
    request = SentinelHubRequest(
        evalscript=script,
        input_data=[data],
        responses=[SentinelHubRequest.output_response("default", MimeType.TIFF)],
        bbox=BBox(grid.bounds(window), CRS(str(grid.epsg))),
        size=(window.width, window.height),
        config=config_of(service),
    )
    sent = request.download_list[0]
    body = json.loads(json.dumps(sent.post_values))
    return Order(str(sent.url), body, window, grid, tuple(bands))


@dataclass(frozen=True, slots=True)
class Search:
    """One search of the catalogue: where it goes and its body, without the page."""

    url: str
    body: dict[str, Any]


def search(service: Service, bounds_wgs84: Bounds, period: Period) -> Search:
    """Return the search of all Sentinel-2 L2A items of a period that touch bounds [degrees]."""
    iterator = _catalogue(service).search(
        collection(service),
        bbox=BBox(bounds_wgs84, CRS.WGS84),
        time=period.bounds_utc,
        fields={
            "include": ["id", "geometry", "properties.datetime", "properties.eo:cloud_cover"],
            "exclude": ["assets", "links"],
        },
        limit=PAGE_SIZE,
    )
    return Search(iterator.url, {k: v for k, v in iterator.params.items() if v is not None})


def _catalogue(service: Service) -> SentinelHubCatalog:
    return SentinelHubCatalog(config=config_of(service))
