"""Sun, clouds with shadows, haze and snow of one acquisition."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from habitat.algorithms.landscape.cover import (
    BROADLEAF,
    CONIFER,
    LARCH,
    MIXED,
    SHRUB,
    WATER,
    Cover,
)
from habitat.algorithms.landscape.noise import Fractal, Sampling, chance, key_of
from habitat.algorithms.landscape.phenology import ramp
from habitat.domain.period import date_of_epoch

#: Node spacing of clouds and haze [m]: they are smooth.
SKY_NODE_M = 240
CLOUDS = Fractal(
    80, ((38400, 0.9), (9600, 0.9), (4800, 0.7), (2400, 0.5), (1200, 0.33), (480, 0.2))
)
HAZE = Fractal(81, ((24000, 1.0), (6000, 0.7), (1920, 0.4)))
DETECTION = Fractal(82, ((4800, 1.0), (1440, 0.8), (480, 0.5)))
SNOW_EDGE = Fractal(83, ((1200, 0.8), (360, 0.9), (120, 0.8), (60, 0.5)))
RAIN = Fractal(84, ((9600, 1.0), (2400, 0.8), (600, 0.5)))

#: Detection noise (deviation 1) below which the scene classification misses cloud shadow (about
#: 10 % of the area) and thin cloud (about 45 %).
SHADOW_MISSED_BELOW, HAZE_MISSED_BELOW = -1.28, -0.12
#: Share of snow on the ground that is seen from above, by class [1].
SNOW_SEEN = np.full(13, 1.0, dtype=np.float32)
SNOW_SEEN[[CONIFER, BROADLEAF, MIXED, LARCH, SHRUB, WATER]] = (0.35, 0.62, 0.48, 0.60, 0.85, 0.7)
#: Height above which snow lies [m] by day of year, from the autumn before.
_SNOW_LINE = (
    (-70, 1700.0),
    (-37, 420.0),
    (-24, -400.0),
    (58, -400.0),
    (74, 120.0),
    (92, 620.0),
    (112, 1050.0),
    (126, 1700.0),
)
_LATITUDE_DEG, _HOUR_ANGLE_DEG = 43.0, -18.0
_MONTH_CLOUD = (0.6, 0.6, 0.75, 0.9, 1.1, 1.45, 1.6, 1.4, 0.9, 0.7, 0.75, 0.65)


@dataclass(frozen=True, slots=True)
class Sky:
    """The air and the light of one acquisition.

    Attributes
    ----------
    day, key : int
        Days since 1970-01-01; key of all noise of the day.
    cloud_share : float
        Share of a large area under cloud [1].
    haze : float
        Greatest opacity of haze [1].
    sun_elevation, sun_azimuth : float
        Radians; azimuth from north over east.
    """

    day: int
    key: int
    cloud_share: float
    haze: float
    sun_elevation: float
    sun_azimuth: float


def sky_of(day: int, seed: int, cloudiness: float) -> Sky:
    """Return the sky of a day.

    Parameters
    ----------
    day, seed : int
        Days since 1970-01-01; seed of the landscape.
    cloudiness : float
        Mean share under cloud over the year, 0 (never) to below 1.
    """
    key = key_of(seed, 85, day)
    when = date_of_epoch(day)
    mean = min(cloudiness * _MONTH_CLOUD[when.month - 1], 0.9)
    share = chance(key, 0) ** (1 / mean - 1) if mean > 0 else 0.0
    declination = math.radians(-23.44) * math.cos(
        2 * math.pi * (when.timetuple().tm_yday + 10) / 365
    )
    latitude, hour = math.radians(_LATITUDE_DEG), math.radians(_HOUR_ANGLE_DEG)
    sine = math.sin(latitude) * math.sin(declination)
    sine += math.cos(latitude) * math.cos(declination) * math.cos(hour)
    elevation = math.asin(sine)
    azimuth = math.atan2(
        -math.cos(declination) * math.sin(hour),
        (math.sin(declination) - sine * math.sin(latitude)) / math.cos(latitude),
    )
    return Sky(
        day=day,
        key=key,
        cloud_share=0.0 if share < 0.005 else min(share, 0.995),
        haze=0.3 * chance(key, 1) ** 3 if cloudiness > 0 else 0.0,
        sun_elevation=elevation,
        sun_azimuth=azimuth,
    )


def illumination(cover: Cover, sky: Sky) -> np.ndarray:
    """Return cos i over the cosine of the sun's zenith angle, float32 ``(y, x)``, 0.1..2."""
    t = cover.terrain
    up = math.sin(sky.sun_elevation)
    flat = math.cos(sky.sun_elevation) / up
    east, north = flat * math.sin(sky.sun_azimuth), flat * math.cos(sky.sun_azimuth)
    ratio = t.east * np.float32(east)
    ratio += t.north * np.float32(north)
    ratio += t.up
    return np.clip(ratio, 0.1, 2.0, out=ratio)


def _moved(sampling: Sampling, south_px: int, east_px: int, pixel_m: int) -> Sampling:
    rows, cols = sampling.rows + south_px, sampling.cols + east_px
    return Sampling.of_pixels(rows, cols, pixel_m, SKY_NODE_M)


def _opacity(sampling: Sampling, sky: Sky) -> np.ndarray:
    threshold = NormalDist().inv_cdf(1 - sky.cloud_share)
    field = sampling.fractal(CLOUDS, sky.key)
    field -= np.float32(threshold - 0.1)
    field *= np.float32(1.8)
    return np.clip(field, 0, 1, out=field)


def clouds(sampling: Sampling, sky: Sky, pixel_m: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Return opacity of clouds and depth of their shadow, float32 0..1, or None if clear."""
    if sky.cloud_share == 0.0:
        return None
    here = _moved(sampling, 0, 0, pixel_m)
    distance = (900 + 1600 * chance(sky.key, 2)) / math.tan(sky.sun_elevation)
    north = distance * math.cos(sky.sun_azimuth)
    east = distance * math.sin(sky.sun_azimuth)
    toward_sun = _moved(sampling, round(-north / pixel_m), round(east / pixel_m), pixel_m)
    shadow = _opacity(toward_sun, sky)
    shadow *= np.float32(1.6)
    return _opacity(here, sky), np.minimum(shadow, np.float32(1), out=shadow)


def haze(sampling: Sampling, sky: Sky, pixel_m: int) -> np.ndarray | None:
    """Return the opacity of haze, float32, or None where there is hardly any."""
    if sky.haze < 0.01:
        return None
    field = _moved(sampling, 0, 0, pixel_m).fractal(HAZE, sky.key)
    field *= np.float32(0.35)
    field += np.float32(0.5)
    np.clip(field, 0, 1, out=field)
    field *= np.float32(sky.haze)
    return field


def snow_line(day: int, seed: int) -> float:
    """Return the height above which snow lies on a day [m]."""
    when = date_of_epoch(day)
    doy = when.timetuple().tm_yday
    if doy > 200:
        doy -= 365
    winter = when.year + (when.month > 6)
    doy_shifted = doy + 16 * chance(seed, 86, winter) - 8
    days, heights = zip(*_SNOW_LINE, strict=True)
    return float(np.interp(doy_shifted, days, heights))


def snow(sampling: Sampling, cover: Cover, day: int, seed: int) -> np.ndarray | None:
    """Return the share of snow that is seen, float32 0..1, or None where there cannot be any."""
    line = snow_line(day, seed)
    if line >= 1600:
        return None
    depth = sampling.fractal(SNOW_EDGE, key_of(seed, 87))
    depth *= np.float32(70)
    depth += cover.snow_m
    depth -= np.float32(line)
    depth *= np.float32(1 / 170)
    np.clip(depth, 0, 1, out=depth)
    depth *= SNOW_SEEN[cover.classes]
    return depth


def melting(day: int) -> float:
    """Return how wet the snow of a day is: 0 in midwinter, 1 from mid-March."""
    doy = date_of_epoch(day).timetuple().tm_yday
    return ramp(doy, 45, 75) if doy < 200 else 0.3
