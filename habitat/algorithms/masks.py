"""What one observation of each pixel is: clear, cloud, shadow, snow or no data."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from habitat.algorithms.kernels.states import settle_states
from habitat.domain.bands import DN_NODATA, DN_SCALE, SCL_TO_STATE, State

#: Kinds of mask that a scene can come with.
MASK_KINDS = ("scl", "cloud_probability", "none")
#: Pixels by which clouds and shadows grow by default.
DILATE_PX = 3
#: How far :func:`observation_state` looks past a pixel by default.
HALO_PX = DILATE_PX

_SCL_DARK = 2
_MASK_NODATA = 255
#: State of each mask byte; codes above 11 are refused before it is used, but for 255.
_LUT = np.zeros(256, dtype=np.uint8)
_LUT[: len(SCL_TO_STATE)] = SCL_TO_STATE


@dataclass(frozen=True, slots=True)
class MaskRules:
    """Thresholds of the observation mask.

    Attributes
    ----------
    dilate_px : int
        Clouds and shadows grow by this many pixels in every direction (a square, so that a
        corner counts like a side: the cautious choice, and separable) [px].
    cloud_percent : int
        Cloud probability from which a pixel is cloud [%].
    snow_ndsi, snow_green : float
        Snow where NDSI and green reflectance are above these [1].
    shadow_nir, shadow_swir1 : float
        Dark where the near infrared and SWIR1 reflectance are below these [1].
    """

    dilate_px: int = DILATE_PX
    cloud_percent: int = 40
    snow_ndsi: float = 0.4
    snow_green: float = 0.15
    shadow_nir: float = 0.12
    shadow_swir1: float = 0.08

    @property
    def halo_px(self) -> int:
        """How far the mask looks past a pixel [px]."""
        return self.dilate_px


DEFAULT_RULES = MaskRules()


def observation_state(
    mask: np.ndarray,
    mask_kind: str,
    bands: Mapping[str, np.ndarray],
    rules: MaskRules = DEFAULT_RULES,
) -> np.ndarray:
    """Return what the observation of each pixel is.

    Parameters
    ----------
    mask : numpy.ndarray
        uint8 ``(y, x)``: scene classification codes 0..11 (255 read as no data), or cloud
        probability in per cent (255 = no data), or anything where ``mask_kind`` is ``none``.
    mask_kind : str
        ``scl``, ``cloud_probability`` or ``none``.
    bands : mapping of str to numpy.ndarray
        uint16 ``(y, x)`` digital numbers by ESA name, 0 = no data.
    rules : MaskRules
        Thresholds.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)`` of :class:`habitat.domain.bands.State`. The outer ``rules.halo_px``
        pixels do not know the clouds beyond the edge: read so much more and cut it off.

    Raises
    ------
    ValueError
        For an unknown kind of mask, or a code that the kind does not have.

    Notes
    -----
    From strongest to weakest: no data (any of ``bands`` is 0, whatever the mask says; a dark
    value that was clamped to 1 is an observation), cloud, shadow, what lies within
    ``dilate_px`` of either, snow, clear. Snow does not grow. It is what the mask calls snow or
    NDSI > 0.4 with green > 0.15 (Hall et al. 1995, 10.1016/0034-4257(95)00137-P; the green
    limit keeps water out), where both bands are given.

    Without a scene classification, dark pixels are shadow: near infrared and SWIR1 low, not
    water (green below the near infrared), not char (SWIR2 below the near infrared: char is the
    other way round). With one, the same rule decides only what the classification calls a dark
    area (code 2), and that shade of the terrain does not grow. Thresholds are project choices.

    With no mask at all (``none``) no cloud is found; shadow and snow are, as far as ``bands``
    allow.
    """
    _check_mask(mask, mask_kind)
    no_data = _any_no_data(mask.shape, bands)
    dark = np.zeros(mask.shape, dtype=bool)
    if mask_kind == "scl":
        seen: np.ndarray = _LUT[mask]
        dark = _shadowed(bands, mask == _SCL_DARK, rules)
    elif mask_kind == "none":
        seen = _probability_state(np.zeros_like(mask), bands, rules)
    else:
        seen = _probability_state(mask, bands, rules)
    state = np.empty_like(seen)
    snow = _snow(bands, mask.shape, rules)
    settle_states(seen, (dark, snow, no_data), max(rules.dilate_px, 0), state)
    return state


def _probability_state(
    mask: np.ndarray, bands: Mapping[str, np.ndarray], rules: MaskRules
) -> np.ndarray:
    state = np.full(mask.shape, State.CLEAR, dtype=np.uint8)
    state[_shadowed(bands, np.ones(mask.shape, dtype=bool), rules)] = State.SHADOW
    state[mask >= rules.cloud_percent] = State.CLOUD
    state[mask == _MASK_NODATA] = State.NO_DATA
    return state


def _check_mask(mask: np.ndarray, mask_kind: str) -> None:
    if mask_kind not in MASK_KINDS:
        raise ValueError(f"mask_kind: expected one of {list(MASK_KINDS)}, got {mask_kind!r}")
    largest = {"scl": len(SCL_TO_STATE) - 1, "cloud_probability": 100, "none": _MASK_NODATA}
    limit = largest[mask_kind]
    if mask.size and int(mask.max()) <= limit:
        return
    wrong = (mask > limit) & (mask != _MASK_NODATA)
    if wrong.any():
        raise ValueError(
            f"{mask_kind} mask: expected 0..{limit} or {_MASK_NODATA} (no data), "
            f"got {np.unique(mask[wrong])[:8].tolist()}"
        )


def _any_no_data(shape: tuple[int, ...], bands: Mapping[str, np.ndarray]) -> np.ndarray:
    no_data = np.zeros(shape, dtype=bool)
    for values in bands.values():
        no_data |= values == DN_NODATA
    return no_data


def _snow(bands: Mapping[str, np.ndarray], shape: tuple[int, ...], rules: MaskRules) -> np.ndarray:
    if "B03" not in bands or "B11" not in bands:
        return np.zeros(shape, dtype=bool)
    snow: np.ndarray = bands["B03"] > np.float32(rules.snow_green * DN_SCALE)
    # Few pixels are bright: only these are worth the floats.
    green, swir1 = (bands[name][snow].astype(np.float32) for name in ("B03", "B11"))
    snow[snow] = green - swir1 > rules.snow_ndsi * (green + swir1)
    return snow


def _shadowed(bands: Mapping[str, np.ndarray], where: np.ndarray, rules: MaskRules) -> np.ndarray:
    """Return the dark pixels of ``where`` that are neither water nor char, bool ``(y, x)``."""
    nir_name = "B8A" if "B8A" in bands else "B08"
    if nir_name not in bands or "B11" not in bands or not where.any():
        return np.zeros(where.shape, dtype=bool)
    nir, swir1 = bands[nir_name], bands["B11"]
    shadow = where & (nir < rules.shadow_nir * DN_SCALE) & (swir1 < rules.shadow_swir1 * DN_SCALE)
    shadow &= bands.get("B12", swir1) < nir
    if "B03" in bands:
        shadow &= bands["B03"] < nir
    return shadow
