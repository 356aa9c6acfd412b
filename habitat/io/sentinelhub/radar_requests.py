"""Requests of Sentinel-1 GRD: terrain-corrected gamma nought from the Process API."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sentinelhub import CRS, BBox, DataCollection, MimeType, SentinelHubCatalog, SentinelHubRequest

from habitat.domain.errors import SceneError
from habitat.domain.grid import Bounds, Grid, Window
from habitat.domain.period import Period
from habitat.domain.processing_units import Bill, processing_units
from habitat.domain.radar import RADAR_BANDS
from habitat.io.sentinelhub.sentinelhub_image import stored_bands
from habitat.io.sentinelhub.sentinelhub_requests import (
    PAGE_SIZE,
    TIME_SLACK,
    Order,
    Search,
    Service,
    config_of,
)

#: What a request costs more for radiometric terrain correction; orthorectification is part of it
#: (Copernicus Data Space, "Processing Unit definition", Sentinel-1 data processing).
TERRAIN_FACTOR = 2.5
_BITS, _VALUE_BYTES = 32, 4
_EVALSCRIPT = """//VERSION=3
function setup() {
  return {
    input: [{bands: ["VV", "VH", "dataMask"], units: "LINEAR_POWER"}],
    output: {id: "default", bands: 3, sampleType: "FLOAT32"},
    mosaicking: "SIMPLE"
  };
}
function evaluatePixel(s) {
  return [s.VV, s.VH, s.dataMask];
}
"""
#: Area integration (Small 2011, doi:10.1109/TGRS.2011.2120616) over the Copernicus terrain.
_PROCESSING = {
    "backCoeff": "GAMMA0_TERRAIN",
    "orthorectify": True,
    "demInstance": "COPERNICUS",
    "upsampling": "NEAREST",
}
_BY_STATE = {
    "ascending": DataCollection.SENTINEL1_IW_ASC,
    "descending": DataCollection.SENTINEL1_IW_DES,
}


@dataclass(frozen=True, slots=True)
class RadarOrder(Order):
    """One request of VV, VH and the data mask."""

    @property
    def dtype(self) -> str:
        """NumPy dtype of the answer."""
        return "float32"

    @property
    def channels(self) -> int:
        """Bands of the answer: both polarisations and the data mask."""
        return len(RADAR_BANDS) + 1

    @property
    def bill(self) -> Bill:
        """What it costs by the published formula."""
        return radar_bill(self.window)


def radar_bill(window: Window) -> Bill:
    """Return what one request costs by the published formula; the data mask is free."""
    height, width = window.shape
    units = processing_units(width, height, len(RADAR_BANDS), bits=_BITS) * TERRAIN_FACTOR
    return Bill(units, 1, height * width * (len(RADAR_BANDS) + 1) * _VALUE_BYTES)


def radar_order(
    service: Service, grid: Grid, window: Window, time: tuple[datetime, datetime], state: str
) -> RadarOrder:
    """Return the request of one pass in one window, at most 2,500 px a side.

    Parameters
    ----------
    service : Service
        The deployment.
    grid : Grid
        Pixels of the answer.
    window : Window
        Of the grid.
    time : tuple of datetime
        First and last instant of the pass, UTC.
    state : str
        ``ascending`` or ``descending``.
    """
    data = SentinelHubRequest.input_data(
        _bound(_BY_STATE[state], service),
        time_interval=(time[0] - TIME_SLACK, time[1] + TIME_SLACK),
        other_args={"processing": _PROCESSING},
    )
    request = SentinelHubRequest(
        evalscript=_EVALSCRIPT,
        input_data=[data],
        responses=[SentinelHubRequest.output_response("default", MimeType.TIFF)],
        bbox=BBox(grid.bounds(window), CRS(str(grid.epsg))),
        size=(window.width, window.height),
        config=config_of(service),
    )
    sent = request.download_list[0]
    body = json.loads(json.dumps(sent.post_values))
    return RadarOrder(str(sent.url), body, window, grid, RADAR_BANDS)


def _bound(known: DataCollection, service: Service) -> DataCollection:
    """Return a collection bound to a deployment: the package's names the commercial host."""
    if known.service_url == service.base_url:
        return known
    tag = hashlib.sha256(service.base_url.encode()).hexdigest()[:12].upper()
    return DataCollection.define_from(
        known, f"HABITAT_{known.name}_{tag}", service_url=service.base_url
    )


def radar_search(service: Service, bounds_wgs84: Bounds, period: Period) -> Search:
    """Return the search of all IW products of a period that touch bounds [degrees]."""
    iterator = SentinelHubCatalog(config=config_of(service)).search(
        _bound(DataCollection.SENTINEL1_IW, service),
        bbox=BBox(bounds_wgs84, CRS.WGS84),
        time=period.bounds_utc,
        fields={
            "include": ["id", "geometry", "properties.datetime", "properties.sat:orbit_state"],
            "exclude": ["assets", "links"],
        },
        limit=PAGE_SIZE,
    )
    return Search(iterator.url, {k: v for k, v in iterator.params.items() if v is not None})


def decode_radar(content: bytes, order: Order) -> dict[str, np.ndarray]:
    """Return VV and VH of an answer, float32 ``(y, x)`` linear power [1], NaN = no data.

    Raises
    ------
    SceneError
        If it is no complete GeoTIFF of the asked size, place, bands and type, or its mask is none.
    """
    *power, mask = stored_bands(content, order)
    if not np.isin(mask, (0, 1)).all():
        raise SceneError(
            "answer of the service: expected a data mask of 0 and 1, got other values; it is not "
            "kept"
        )
    # an observed 0 lies below the noise, which is no number either
    return {
        band: np.where((mask == 1) & np.isfinite(values) & (values != 0), values, np.float32("nan"))
        for band, values in zip(RADAR_BANDS, power, strict=True)
    }
