"""Features of a pixel: reflectance and normalised differences of its seasonal composites."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from habitat.algorithms import indices
from habitat.domain.bands import DN_NODATA, DN_SCALE
from habitat.domain.model import FeatureSet
from habitat.domain.radar import DB_NODATA, DB_SCALE, RADAR_BANDS

#: Ratio of two bands, by name: the function of :mod:`habitat.algorithms.indices` and its bands;
#: decibels are subtracted.
FEATURE_INDICES: dict[str, tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], str, str]] = {
    "ndvi": (indices.ndvi, "B8A", "B04"),
    "ndmi": (indices.ndmi, "B8A", "B11"),
    "nbr": (indices.nbr, "B8A", "B12"),
    "nbr2": (indices.nbr2, "B11", "B12"),
    "mndwi": (indices.mndwi, "B03", "B11"),
    "vh_vv": (np.subtract, "VH", "VV"),
}


def feature_set(seasons: Sequence[str], bands: Sequence[str]) -> FeatureSet:
    """Return the features that these seasons and bands allow.

    Parameters
    ----------
    seasons, bands : sequence of str
        Season and band names, in the order of the features.

    Returns
    -------
    FeatureSet
        Of each season: every band as reflectance, then each index whose two bands are there.

    Raises
    ------
    ValueError
        If a list is empty or names something twice.
    """
    for label, names in (("seasons", seasons), ("bands", bands)):
        if not names or len(set(names)) != len(names):
            raise ValueError(f"{label}: expected distinct names, at least one, got {list(names)}")
    ratios = tuple(name for name, (_, a, b) in FEATURE_INDICES.items() if a in bands and b in bands)
    names = tuple(f"{season}_{part}" for season in seasons for part in (*bands, *ratios))
    return FeatureSet(names, tuple(seasons), tuple(bands), ratios)


def compute(features: FeatureSet, composites: Mapping[str, Mapping[str, np.ndarray]]) -> np.ndarray:
    """Return the features of each pixel.

    Parameters
    ----------
    features : FeatureSet
        What to compute.
    composites : mapping of str to mapping of str to numpy.ndarray
        By season and band: uint16 ``(y, x)`` digital numbers, 0 = not observed; ``VV`` and ``VH``
        int16 hundredths of a decibel, -32768 = not observed. A season of
        ``features`` that is missing here was not observed anywhere.

    Returns
    -------
    numpy.ndarray
        float32 ``(feature, y, x)``: reflectance and indices [1], backscatter [dB]; NaN in all
        features of a season where any of its bands was not observed.

    Raises
    ------
    ValueError
        If no season of ``features`` is there, a band is missing, or the shapes differ.
    """
    shape = _common_shape(features, composites)
    width = len(features.bands) + len(features.indices)
    out = np.full((len(features.names), *shape), np.nan, dtype=np.float32)
    for number, season in enumerate(features.seasons):
        if season in composites:
            _fill_season(out[number * width : (number + 1) * width], features, composites[season])
    return out


def _common_shape(
    features: FeatureSet, composites: Mapping[str, Mapping[str, np.ndarray]]
) -> tuple[int, ...]:
    shapes: set[tuple[int, ...]] = set()
    for season in features.seasons:
        if season not in composites:
            continue
        missing = [band for band in features.bands if band not in composites[season]]
        if missing:
            raise ValueError(
                f"composite {season!r}: expected bands {list(features.bands)}, got "
                f"{sorted(composites[season])}; {missing} missing"
            )
        shapes |= {composites[season][band].shape for band in features.bands}
    if len(shapes) != 1:
        raise ValueError(
            f"composites: expected one shape in seasons {list(features.seasons)}, got "
            f"{sorted(shapes)} in {sorted(composites)}"
        )
    return shapes.pop()


def _fill_season(
    out: np.ndarray, features: FeatureSet, composite: Mapping[str, np.ndarray]
) -> None:
    reflectance = dict(zip(features.bands, out, strict=False))
    missing = np.zeros(out.shape[1:], dtype=bool)
    for band in features.bands:
        radar = band in RADAR_BANDS
        missing |= composite[band] == (DB_NODATA if radar else DN_NODATA)
        scale = 1 / DB_SCALE if radar else float(DN_SCALE)
        np.divide(composite[band].astype(np.float32), scale, out=reflectance[band])
    out[: len(features.bands), missing] = np.nan
    for row, name in enumerate(features.indices, start=len(features.bands)):
        ratio, a, b = FEATURE_INDICES[name]
        out[row] = ratio(reflectance[a], reflectance[b])
