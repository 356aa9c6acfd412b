"""Draw one acquisition: digital numbers of each band and the scene classification (SCL)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from habitat.algorithms.kernels.look import BandLook, finish_band
from habitat.algorithms.landscape.cover import BARE, BUILT, Cover
from habitat.algorithms.landscape.noise import Sampling, hash_grid, key_of, uniform
from habitat.algorithms.landscape.phenology import DayTables, day_tables
from habitat.algorithms.landscape.scene import Ground, Overlay
from habitat.algorithms.landscape.sky import (
    DETECTION,
    HAZE_MISSED_BELOW,
    RAIN,
    SHADOW_MISSED_BELOW,
    SKY_NODE_M,
    Sky,
    clouds,
    haze,
    illumination,
    melting,
    snow,
)
from habitat.algorithms.landscape.spectra import (
    BANDS,
    DIRECT_BY_BAND,
    HAZE_BY_BAND,
    TEXTURE_BY_BAND,
    spectrum,
)
from habitat.domain.bands import DN_SCALE

#: Share of a pixel's signal that comes from the next pixel on each side, in each axis [1].
SPREAD = 0.14
#: Share of the terrain's effect that the atmospheric correction leaves [1].
TERRAIN_LEFT = 0.45
#: Noise of one look: absolute, and relative to the signal [1].
NOISE, NOISE_RELATIVE = 0.0022, 0.022
#: Effect of one deviation of the day's wetness on the moisture texture [1].
RAIN_EFFECT = 0.085
#: Pixels that are worked on at once, so that they stay in the processor's cache.
STRIP_PX = 24_576
_NDVI = len(BANDS)
_TRIANGLE_SD = 26_754.7  # of the sum of two uniform 16-bit numbers


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """All of one acquisition that is the same for every band.

    ``tilt``, ``moisture`` and ``snow`` are of the padded window, ``cloud`` and ``shadow`` of the
    window; float32 or None.
    """

    ground: Ground
    sky: Sky
    tables: DayTables
    overlays: Sequence[Overlay]
    tilt: np.ndarray
    moisture: np.ndarray
    snow: np.ndarray | None
    cloud: np.ndarray | None
    shadow: np.ndarray | None


def _add(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    """Return the opacity of two layers of air."""
    if one is None or other is None:
        return other if one is None else one
    thicker: np.ndarray = np.maximum(one, other)
    return thicker


def _look(ground: Ground, sky: Sky, overlays: Sequence[Overlay], seed: int) -> _Look:
    cover, padded = ground.cover, ground.sampling
    inner = Sampling.of(ground.window, ground.pixel_m)
    tilt = illumination(cover, sky)
    tilt -= np.float32(1)
    tilt *= np.float32(TERRAIN_LEFT)
    coarse = Sampling.of_pixels(padded.rows, padded.cols, ground.pixel_m, SKY_NODE_M)
    moisture = coarse.fractal(RAIN, sky.key)
    moisture *= np.float32(RAIN_EFFECT)
    moisture += cover.textures[2]
    veil = clouds(inner, sky, ground.pixel_m)
    return _Look(
        ground=ground,
        sky=sky,
        tables=day_tables(sky.day, seed),
        overlays=overlays,
        tilt=tilt,
        moisture=moisture,
        snow=snow(padded, cover, sky.day, seed),
        cloud=_add(veil[0] if veil else None, haze(inner, sky, ground.pixel_m)),
        shadow=veil[1] if veil else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Strip:
    """Some rows of the window: ``rows`` of the window, ``padded`` with one more on each side."""

    rows: slice
    padded: slice
    first: np.ndarray
    second: np.ndarray
    share: np.ndarray
    base: np.ndarray

    @property
    def first_px(self) -> int:
        """Flat padded index of the strip's first pixel."""
        return int(self.padded.start * self.first.shape[1])


def _strips(ground: Ground) -> Iterator[_Strip]:
    cover, (height, width) = ground.cover, ground.window.shape
    step = max(4, STRIP_PX // (width + 2))
    for top in range(0, height, step):
        bottom = min(top + step, height)
        padded = slice(top, bottom + 2)
        yield _Strip(
            rows=slice(top, bottom),
            padded=padded,
            first=cover.first[padded].astype(np.intp),
            second=cover.second[padded].astype(np.intp),
            share=cover.share[padded],
            base=hash_grid(
                ground.sampling.rows[top + 1 : bottom + 1], ground.sampling.cols[1:-1], 0
            ),
        )


def _mixed(strip: _Strip, table: np.ndarray) -> np.ndarray:
    """Return the mixture of the two kinds of each pixel, float32, padded."""
    values = np.take(table, strip.first, mode="clip")
    other = np.take(table, strip.second, mode="clip")
    other -= values
    other *= strip.share
    values += other
    return values


def _departure(look: _Look, strip: _Strip, band: int) -> np.ndarray:
    """Return the factor of stand texture, moisture and slope for a band, float32, padded."""
    bright, green = (texture[strip.padded] for texture in look.ground.cover.textures[:2])
    by_band = TEXTURE_BY_BAND[:, band].astype(np.float32)
    factor: np.ndarray = bright * by_band[0]
    part = green * by_band[1]
    factor += part
    np.multiply(look.moisture[strip.padded], by_band[2], out=part)
    factor += part
    np.multiply(look.tilt[strip.padded], np.float32(DIRECT_BY_BAND[band]), out=part)
    factor += part
    factor += np.float32(1)
    np.maximum(factor, np.float32(0.12), out=factor)
    return factor


def _ground_band(look: _Look, strip: _Strip, band: int) -> np.ndarray:
    """Return the reflectance below the air, float32, padded."""
    values = _mixed(strip, look.tables.cover[band])
    for overlay in look.overlays:
        overlay.apply(values, band, strip.first_px)
    values *= _departure(look, strip, band)
    if look.snow is not None:
        wet = melting(look.sky.day) * 0.5
        white = spectrum("snow")[band] * (1 - wet) + spectrum("slush")[band] * wet
        values += (np.float32(white) - values) * look.snow[strip.padded]
    return values


def _band_look(sky: Sky, band: int) -> BandLook:
    """Return what the air and the sensor do to a band on a day."""
    return BandLook(
        side=np.float32(SPREAD),
        middle=np.float32(1 - 2 * SPREAD),
        shade=np.float32(-0.80 * DIRECT_BY_BAND[band]),
        haze=np.float32(HAZE_BY_BAND[band]),
        white=np.float32(spectrum("cloud")[band]),
        thick=bool(sky.cloud_share),
        noise=np.float32(NOISE),
        relative=np.float32(NOISE_RELATIVE),
        scale=np.float32(1 / _TRIANGLE_SD),
        key=np.uint32(key_of(sky.key, 90, band)),
        dn=np.float32(DN_SCALE),
    )


def _rows_of(layer: np.ndarray | None, strip: _Strip) -> np.ndarray:
    """Return the strip of a layer of the air, no rows where there is none."""
    if layer is None:
        return np.empty((0, strip.base.shape[1]), np.float32)
    return np.ascontiguousarray(layer[strip.rows], dtype=np.float32)


def _classify_ground(look: _Look, strip: _Strip) -> np.ndarray:
    """Return SCL below the air: 4 vegetation, 5 not vegetated, 6 water, 2 dark, 11 snow."""
    ndvi = _mixed(strip, look.tables.ndvi)
    for overlay in look.overlays:
        overlay.apply(ndvi, _NDVI, strip.first_px)
    inner = (slice(1, -1), slice(1, -1))
    scl = np.where(ndvi[inner] > 0.38, np.uint8(4), np.uint8(5))
    scl[look.tables.wet[strip.first[inner]]] = 6
    scl[look.tilt[strip.padded][inner] < (0.30 - 1) * TERRAIN_LEFT] = 2
    if look.snow is not None:
        lies = look.snow[strip.padded][inner]
        scl[lies > 0.28 + 0.22 * melting(look.sky.day)] = 11
    return scl


def _false_cloud(cover: Cover, strip: _Strip, sky: Sky) -> np.ndarray:
    """Bright roofs and bare ground that the classification takes for cloud."""
    inner = (strip.padded, slice(None))
    classes = cover.classes[inner][1:-1, 1:-1]
    bright = cover.textures[0][inner][1:-1, 1:-1] > 0.26
    odd = uniform(strip.base ^ np.uint32(key_of(sky.key, 91))) < 0.5
    false: np.ndarray = bright & odd & ((classes == BUILT) | (classes == BARE))
    return false


def _classify(look: _Look, strip: _Strip, detection: np.ndarray) -> np.ndarray:
    """Return the SCL of a strip, uint8, with the faults of the real one."""
    scl = _classify_ground(look, strip)
    scl[_false_cloud(look.ground.cover, strip, look.sky)] = 8
    seen = detection[strip.rows]
    if look.shadow is not None:
        scl[(look.shadow[strip.rows] > 0.25) & (seen > SHADOW_MISSED_BELOW)] = 3
    if look.cloud is not None:
        opacity = look.cloud[strip.rows]
        scl[(opacity > 0.10) & (seen > HAZE_MISSED_BELOW)] = 10
        scl[opacity > 0.28] = 8
        scl[opacity > 0.60] = 9
    odd = uniform(strip.base ^ np.uint32(key_of(look.sky.key, 92))) < 0.002
    scl[odd & (scl < 8) & (scl > 3)] = 7
    return scl


def render(
    ground: Ground, sky: Sky, overlays: Sequence[Overlay], bands: Sequence[str], seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return one acquisition of a window.

    Parameters
    ----------
    ground : Ground
        The window.
    sky : Sky
        Day, light and air.
    overlays : sequence of Overlay
        Fires and felling as they look on that day.
    bands : sequence of str
        ESA band names out of :data:`BANDS`.
    seed : int
        Seed of the landscape.

    Returns
    -------
    bands : dict of str to numpy.ndarray
        uint16 ``(y, x)``, reflectance × 10,000, at least 1: all is observed.
    scl : numpy.ndarray
        uint8 ``(y, x)``, Sen2Cor scene classification 2..11.
    """
    look = _look(ground, sky, overlays, seed)
    shape = ground.window.shape
    out = {name: np.empty(shape, dtype=np.uint16) for name in bands}
    scl = np.empty(shape, dtype=np.uint8)
    inner = Sampling.of(ground.window, ground.pixel_m)
    coarse = Sampling.of_pixels(inner.rows, inner.cols, ground.pixel_m, SKY_NODE_M)
    detection = coarse.fractal(DETECTION, sky.key)
    band_looks = {name: _band_look(sky, BANDS.index(name)) for name in bands}
    for strip in _strips(ground):
        air = _rows_of(look.shadow, strip), _rows_of(look.cloud, strip)
        for name in bands:
            band = BANDS.index(name)
            values = _ground_band(look, strip, band)
            finish_band(values, air, strip.base, band_looks[name], out[name][strip.rows])
        scl[strip.rows] = _classify(look, strip, detection)
    return out, scl
