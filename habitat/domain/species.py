"""What a species asks of the land, as read from a species data file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Species:
    """Habitat rules of one species.

    Attributes
    ----------
    name, scientific_name : str
        ``tiger``, ``Panthera tigris altaica``.
    habitat_classes : tuple of int
        Land-cover codes that are habitat by themselves.
    conditional_classes : tuple of int
        Codes that are habitat only within ``cover_distance_m`` of a habitat class.
    cover_distance_m : float
        Distance [m] for the conditional classes.
    canopy_killing_severity : int
        Burn severity code from which a forest burn lowers habitat.
    canopy_recovery_years : float
        Years for which a canopy-killing burn lowers habitat.
    recent_burn_years : float
        Years for which any burn is flagged as recent (structural only).
    repeat_burns, repeat_years : int
        This many burns within this many years lower habitat.
    min_patch_km2, core_edge_m : float
        Smallest structural patch [km2]; depth of the edge of a core [m].
    min_change : float
        Smallest change of a cell's habitat share that is called a gain or a loss [1].
    road_distance_m, settlement_distance_m : float or None
        Habitat nearer than this to a road or a settlement is structural only [m]; None where the
        species takes no notice of them.
    """

    name: str
    scientific_name: str
    habitat_classes: tuple[int, ...]
    conditional_classes: tuple[int, ...]
    cover_distance_m: float
    canopy_killing_severity: int
    canopy_recovery_years: float
    recent_burn_years: float
    repeat_burns: int
    repeat_years: int
    min_patch_km2: float
    core_edge_m: float
    min_change: float
    road_distance_m: float | None = None
    settlement_distance_m: float | None = None
