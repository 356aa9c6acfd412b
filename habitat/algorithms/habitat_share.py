"""Land cover and burns to habitat of one species, and to what changed it.

A burn is not a loss by itself. A surface fire in litter or grass flags habitat as recently
burned (code 2); only a canopy-killing burn, or repeat burns, make it "not habitat" (code 1), for
as long as the species file says. What lies too near to people is structural only (code 2). The
**habitat share** counts codes 2 and 3 but for what people limit: a recent burn is no loss.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from habitat.algorithms.burn_history import BurnHistory
from habitat.domain.errors import ConfigError
from habitat.domain.legend import NOT_OBSERVED, OUTSIDE, Legend
from habitat.domain.species import Species

NOT_HABITAT, STRUCTURAL, EFFECTIVE = 1, 2, 3

#: Joint codes: what a pixel was before and is after, and why.
JOINT_NO, JOINT_STABLE, GAIN_FOREST, GAIN_RECOVERY, LOSS_FOREST, LOSS_BURN = 1, 2, 3, 4, 5, 6
LOSS_HUMAN = 7
N_JOINT_CODES = 8

#: Codes of a core layer.
NOT_CORE, CORE = 1, 2


def halo_px(species: Species, pixel_m: int) -> int:
    """Return how far :func:`habitat_class` looks past a pixel [px]."""
    return math.ceil(species.cover_distance_m / pixel_m) if species.conditional_classes else 0


def core_halo_px(species: Species, pixel_m: int) -> int:
    """Return how far :func:`core_mask` looks past a pixel [px]."""
    return math.ceil(species.core_edge_m / pixel_m) + 1


def check_species(species: Species, legend: Legend) -> None:
    """Refuse a species whose classes the legend does not have.

    Raises
    ------
    ConfigError
        With the unknown codes.
    """
    unknown = sorted({*species.habitat_classes, *species.conditional_classes} - {*legend.codes})
    if unknown:
        raise ConfigError(
            f"species {species.name!r}: expected codes of legend {legend.name!r}, "
            f"{list(legend.codes)}, got {unknown}; add a crosswalk or correct the species file"
        )


def habitat_class(
    forest_class: np.ndarray,
    burns: BurnHistory,
    species: Species,
    pixel_m: int,
    limited: np.ndarray | None = None,
) -> np.ndarray:
    """Return the habitat of a species from land cover and burns.

    Parameters
    ----------
    forest_class : numpy.ndarray
        uint8 ``(y, x)`` land cover; 0 not observed, 255 outside the AOI.
    burns : BurnHistory
        bool ``(y, x)`` each, of the same shape.
    species : Species
        Its rules.
    pixel_m : int
        Pixel size [m].
    limited : numpy.ndarray, optional
        bool ``(y, x)`` of :func:`habitat.algorithms.people_limits.limited_by_people`; None where
        people are not considered.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``: 1 not habitat, 2 structural only (people, or a recent burn), 3 effective
        potential habitat; 0 and 255 as in ``forest_class``. The outer :func:`halo_px` pixels do
        not know the cover beyond the edge: pass so much more and cut it off.

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    A conditional class is habitat where the centre of a pixel of a habitat class, burned or
    not, lies within ``cover_distance_m`` of its own (exact Euclidean distance).
    """
    if not forest_class.shape == burns.lowered.shape == burns.recent.shape:
        raise ValueError(
            f"habitat_class: expected one shape, got land cover {forest_class.shape} and burns "
            f"{burns.lowered.shape} and {burns.recent.shape}"
        )
    suitable = _has_code(forest_class, species.habitat_classes)
    conditional = _has_code(forest_class, species.conditional_classes)
    if conditional.any():
        reach_px = species.cover_distance_m / pixel_m
        suitable |= conditional & (distance_px(suitable) <= reach_px)
    suitable &= ~burns.lowered
    code = np.where(suitable, np.uint8(EFFECTIVE), np.uint8(NOT_HABITAT))
    code[suitable & burns.recent] = STRUCTURAL
    if limited is not None:
        code[suitable & limited] = STRUCTURAL
    code[forest_class == NOT_OBSERVED] = NOT_OBSERVED
    code[forest_class == OUTSIDE] = OUTSIDE
    return code


def is_habitat(habitat: np.ndarray) -> np.ndarray:
    """Return where a ``habitat_class`` is habitat by its structure, bool: codes 2 and 3."""
    return _has_code(habitat, (STRUCTURAL, EFFECTIVE))


def distance_px(target: np.ndarray) -> np.ndarray:
    """Return the distance of each pixel to the nearest True pixel, float64 ``(y, x)`` [px].

    Between centres, exact; infinite where there is no True pixel.
    """
    if not target.any():
        return np.full(target.shape, np.inf)
    distance: np.ndarray = distance_transform_edt(~target)
    return distance


def core_mask(habitat: np.ndarray, edge_px: float) -> np.ndarray:
    """Return the core of habitat: what lies deeper than the edge.

    Parameters
    ----------
    habitat : numpy.ndarray
        uint8 ``(y, x)`` habitat classes, grown by :func:`core_halo_px`.
    edge_px : float
        Depth of the edge [px].

    Returns
    -------
    numpy.ndarray
        bool ``(y, x)``: habitat whose distance to the centre of the nearest "not habitat" pixel
        is at least ``edge_px + 1``. Missing data and the border of the raster are no edge.

    References
    ----------
    Core of the morphological spatial pattern analysis (Soille and Vogt 2009,
    10.1016/j.patrec.2008.10.015).
    """
    core: np.ndarray = is_habitat(habitat) & (distance_px(habitat == NOT_HABITAT) >= edge_px + 1)
    return core


def core_code(core: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Return core as a code layer for the tables.

    Parameters
    ----------
    core : numpy.ndarray
        bool ``(y, x)``.
    joint : numpy.ndarray
        uint8 ``(y, x)`` of :func:`joint_code`, which says what was observed in both periods.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``: 1 not core, 2 core; 0 and 255 as in ``joint``.
    """
    code = np.where(core, np.uint8(CORE), np.uint8(NOT_CORE))
    missing = (joint == NOT_OBSERVED) | (joint == OUTSIDE)
    code[missing] = joint[missing]
    return code


@dataclass(frozen=True, slots=True, eq=False)
class HabitatState:
    """Habitat of one period, and what made it so.

    Attributes
    ----------
    habitat : numpy.ndarray
        uint8 ``(y, x)`` of :func:`habitat_class`.
    lowered : numpy.ndarray
        bool ``(y, x)``, of :class:`BurnHistory`.
    limited : numpy.ndarray or None
        bool ``(y, x)``, too near to people; None where people are not considered.
    """

    habitat: np.ndarray
    lowered: np.ndarray
    limited: np.ndarray | None = None

    @property
    def limited_habitat(self) -> np.ndarray:
        """Where habitat is only too near to people, bool ``(y, x)``."""
        if self.limited is None:
            return np.zeros(self.habitat.shape, dtype=bool)
        limited: np.ndarray = is_habitat(self.habitat) & self.limited
        return limited

    @property
    def counted(self) -> np.ndarray:
        """Where habitat counts in the habitat share, bool ``(y, x)``."""
        counted: np.ndarray = is_habitat(self.habitat) & ~self.limited_habitat
        return counted


def joint_code(before: HabitatState, after: HabitatState) -> np.ndarray:
    """Return what a pixel was before and is after, and why.

    Parameters
    ----------
    before, after : HabitatState
        Of one shape.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``: 1 in neither, 2 habitat in both, 3 gained by land cover, 4 gained by
        recovery from burns or people, 5 lost by land cover, 6 lost by burns, 7 lost to people;
        0 where either period was not observed, 255 outside.

    Notes
    -----
    A loss is a burn's where burns lower the pixel after, whatever the land cover became
    (a crown fire turns forest to shrub: the fire is the cause), and people's where it would be
    habitat but for them. A gain is a recovery where burns lowered the pixel before, or only people
    limited it. Every other change is one of land cover: forest cut for a road is lost by land
    cover, forest beside it to people.
    """
    was, now = before.counted, after.counted
    code = np.full(was.shape, JOINT_NO, dtype=np.uint8)
    code[was & now] = JOINT_STABLE
    gained, lost = now & ~was, was & ~now
    code[gained] = GAIN_FOREST
    code[gained & (before.lowered | before.limited_habitat)] = GAIN_RECOVERY
    code[lost] = LOSS_FOREST
    code[lost & after.lowered] = LOSS_BURN
    code[lost & after.limited_habitat] = LOSS_HUMAN
    code[(before.habitat == NOT_OBSERVED) | (after.habitat == NOT_OBSERVED)] = NOT_OBSERVED
    code[(before.habitat == OUTSIDE) | (after.habitat == OUTSIDE)] = OUTSIDE
    return code


def observed_code(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return in which of two periods a pixel was observed, for the tables.

    Parameters
    ----------
    before, after : numpy.ndarray
        uint8 ``(y, x)`` class layers.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x)``: 0 neither, 1 before only, 2 after only, 3 both, 255 outside.
    """
    code = np.where(before != NOT_OBSERVED, np.uint8(1), np.uint8(0))
    code[after != NOT_OBSERVED] += 2
    code[(before == OUTSIDE) | (after == OUTSIDE)] = OUTSIDE
    return code


def _has_code(classes: np.ndarray, codes: Sequence[int]) -> np.ndarray:
    table = np.zeros(256, dtype=bool)
    table[list(codes)] = True
    found: np.ndarray = table[classes]
    return found
