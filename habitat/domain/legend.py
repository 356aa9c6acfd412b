"""Legends: the codes, names and colours of class layers, and what each class means to a step."""

from dataclasses import dataclass

from habitat.domain.errors import ConfigError

#: Code of "not observed" in every class layer: a state of its own, never a class.
NOT_OBSERVED = 0
#: Code of "outside the AOI" in every class layer.
OUTSIDE = 255
NOT_OBSERVED_COLOUR = "#b0b0b0"


@dataclass(frozen=True, slots=True)
class LegendClass:
    """One class.

    Attributes
    ----------
    code : int
        1..254.
    name : str
        As maps and tables show it.
    colour : str
        ``#rrggbb``.
    kind : str
        What a step may ask of it: ``forest``, ``shrub``, ``grass``, ``crop``, ``water``,
        ``built``, ``bare``, or ``""`` for classes that are not land cover.
    """

    code: int
    name: str
    colour: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Legend:
    """A named table of classes, ordered by code."""

    name: str
    classes: tuple[LegendClass, ...]

    def __post_init__(self) -> None:
        """Refuse duplicate and reserved codes."""
        codes = [c.code for c in self.classes]
        if len(set(codes)) != len(codes) or any(not 0 < code < OUTSIDE for code in codes):
            raise ConfigError(
                f"legend {self.name!r}: expected distinct codes from 1 to 254, got {codes}"
            )

    @property
    def codes(self) -> tuple[int, ...]:
        """Class codes in order, without "not observed"."""
        return tuple(c.code for c in self.classes)

    def __getitem__(self, code: int) -> LegendClass:
        """Return the class of a code."""
        for entry in self.classes:
            if entry.code == code:
                return entry
        raise KeyError(f"legend {self.name!r} has no code {code}; it has {list(self.codes)}")

    def codes_of_kind(self, *kinds: str) -> tuple[int, ...]:
        """Return the codes whose kind is one of ``kinds``."""
        return tuple(c.code for c in self.classes if c.kind in kinds)


FOREST_CHANGE = Legend(
    "forest_change",
    (
        LegendClass(1, "stable forest", "#1b6b2f"),
        LegendClass(2, "stable non-forest", "#e8e2cc"),
        LegendClass(3, "forest loss", "#d7191c"),
        LegendClass(4, "forest gain", "#2c7fb8"),
        LegendClass(5, "forest type change", "#f4a820"),
    ),
)
BURN_SCAR = Legend(
    "burn_scar",
    (
        LegendClass(1, "unburned", "#e8efe2"),
        LegendClass(2, "burned", "#7a0403"),
        LegendClass(3, "possibly burned (one look only)", "#f28e2b"),
        LegendClass(4, "gap too long to exclude a burn", "#c9b8d8"),
    ),
)
BURN_SEVERITY = Legend(
    "burn_severity",
    (
        LegendClass(1, "burned without detectable canopy effect", "#fee5a0"),
        LegendClass(2, "low", "#fdbb57"),
        LegendClass(3, "moderate-low", "#f67d3a"),
        LegendClass(4, "moderate-high", "#d7301f"),
        LegendClass(5, "high", "#7f0000"),
        LegendClass(8, "unburned", "#e8efe2"),
        LegendClass(9, "burned without severity (grass, crop)", "#a0522d"),
    ),
)
HABITAT_CLASS = Legend(
    "habitat_class",
    (
        LegendClass(1, "not habitat", "#ece7d9"),
        LegendClass(2, "structural only (limited by people or a recent burn)", "#c7d36f"),
        LegendClass(3, "effective potential habitat", "#1a7f4b"),
    ),
)
FIRE_INTENSITY = Legend(
    "fire_intensity",
    (
        LegendClass(1, "level 1: below 500 kW/m, or nothing to burn", "#2b83ba"),
        LegendClass(2, "level 2: 500 to 2000 kW/m", "#abdda4"),
        LegendClass(3, "level 3: 2000 to 4000 kW/m", "#fee08b"),
        LegendClass(4, "level 4: 4000 to 10000 kW/m", "#f46d43"),
        LegendClass(5, "level 5: 10000 kW/m or more", "#9e0142"),
    ),
)


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """Codes of one legend as codes of another.

    Attributes
    ----------
    source, target : str
        Names of the legends.
    codes : dict of int to int
        Target code of each source code; 0 (not observed) where the target has no such class.
    """

    source: str
    target: str
    codes: dict[int, int]
