"""The services of weather and hotspots in a pipeline file."""

from typing import Literal

from pydantic import Field

from habitat.io.fire.firms import BASE_URL
from habitat.io.weather.weather_service import ARCHIVE_URL, FORECAST_URL
from habitat.pipeline.config_words import Model, RelativePath

_URL = r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s@?#]+$"
FirmsSource = Literal[
    "VIIRS_SNPP_NRT", "VIIRS_NOAA20_NRT", "VIIRS_NOAA21_NRT", "MODIS_NRT",
    "VIIRS_SNPP_SP", "VIIRS_NOAA20_SP", "VIIRS_NOAA21_SP", "MODIS_SP",
]  # fmt: skip


class OpenMeteoConfig(Model):
    """Forecast and archive of Open-Meteo: the public service, or an own one. Needs no key."""

    kind: Literal["open-meteo"] = "open-meteo"
    url: str = Field(default=FORECAST_URL, pattern=_URL, description="of the forecast")
    archive_url: str = Field(default=ARCHIVE_URL, pattern=_URL, description="of the archive")


class Era5Config(Model):
    """A NetCDF file of a reanalysis, for days that have passed."""

    kind: Literal["era5", "era5-land"]
    path: RelativePath = Field(description="NetCDF file with t2m, d2m, u10, v10 and tp")
    wind_factor: float = Field(
        default=1.0, ge=0.5, le=3, description="wind is multiplied by it; too calm on rough coasts"
    )


class GribConfig(Model):
    """GRIB2 files of a forecast model (GFS, ECMWF open data); needs the extra [grib]."""

    kind: Literal["grib2"]
    path: RelativePath = Field(
        description="a file, or a folder of them (.grib2, .grb2, .grib, .grb), old runs too"
    )
    wind_factor: float = Field(
        default=1.0, ge=0.5, le=3, description="wind is multiplied by it; too calm on rough coasts"
    )


class FirmsConfig(Model):
    """Detections of the NASA FIRMS area API; the key is FIRMS_MAP_KEY of the environment."""

    kind: Literal["firms"] = "firms"
    url: str = Field(default=BASE_URL, pattern=_URL, description="of the service")
    sources: list[FirmsSource] = Field(
        default=["VIIRS_SNPP_NRT", "VIIRS_NOAA20_NRT", "VIIRS_NOAA21_NRT"],
        min_length=1,
        description="satellites and processing",
    )


class EarlyFirmsConfig(Model):
    """Geostationary detections of the FIRMS area API (GOES, Himawari, Meteosat as one source)."""

    kind: Literal["firms"] = "firms"
    url: str = Field(default=BASE_URL, pattern=_URL, description="of the service")


class HimawariConfig(Model):
    """A mirror of JAXA's Himawari wildfire product (P-Tree, L2WLF), one file every 10 minutes."""

    kind: Literal["himawari"]
    folder: RelativePath = Field(description="as on the server: YYYYMM/DD/hh/H09_*.csv, or flat")
