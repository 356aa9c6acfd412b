"""The data dictionary: every raster layer, and the check that a layer keeps its entry.

This table drives the check after each step, the GeoTIFF encoding, the QGIS style, the table of
``outputs/README.md`` and ``habitat show layers``.
"""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from habitat.domain.errors import LayerError
from habitat.domain.legend import (
    BURN_SCAR,
    BURN_SEVERITY,
    FIRE_INTENSITY,
    FOREST_CHANGE,
    HABITAT_CLASS,
    NOT_OBSERVED,
    OUTSIDE,
    Legend,
)
from habitat.domain.radar import DB_NODATA, DB_SCALE


@dataclass(frozen=True, slots=True)
class Layer:
    """One entry of the data dictionary.

    Attributes
    ----------
    name : str
        File and variable name; species layers end in ``_<species>``.
    dtype : str
        NumPy dtype in memory and on disk.
    nodata : int or float
        Outside the AOI, transparent in maps.
    not_observed : int or float or None
        Inside the AOI and not observed; None where ``nodata`` says both.
    title, meaning : str
        Name in legends; one sentence for tables.
    unit : str
        UDUNITS text of a stored number; empty for classes.
    scale : float
        Physical value of one stored unit.
    valid_range : tuple or None
        Smallest and largest valid stored value of a quantity.
    states : tuple
        Stored values outside that range which have a meaning of their own.
    legend : Legend or None
        Classes; None for quantities and for land cover, whose legend is a data file.
    is_class : bool
        A class layer: 0 is "not observed", 255 outside.
    ramp : tuple of (value, colour, label)
        Colour stops for quantities.
    """

    name: str
    dtype: str
    nodata: float
    not_observed: float | None
    title: str
    meaning: str
    unit: str = ""
    scale: float = 1.0
    valid_range: tuple[float, float] | None = None
    states: tuple[float, ...] = ()
    legend: Legend | None = None
    is_class: bool = False
    ramp: tuple[tuple[float, str, str], ...] = ()

    def with_legend(self, legend: Legend) -> "Layer":
        """Return the entry bound to a land-cover legend."""
        return replace(self, legend=legend)

    def for_species(self, species: str) -> "Layer":
        """Return the entry of one species."""
        return replace(self, name=f"{self.name}_{species}", title=f"{self.title}: {species}")


def _classes(name: str, title: str, meaning: str, legend: Legend | None) -> Layer:
    return Layer(name, "uint8", OUTSIDE, NOT_OBSERVED, title, meaning, legend=legend, is_class=True)


_PERCENT_RAMP = (
    (0, "#f7fcf5", "0 %"),
    (25, "#c7e9c0", "25 %"),
    (50, "#74c476", "50 %"),
    (75, "#238b45", "75 %"),
    (100, "#00441b", "100 %"),
)

N_VALID = Layer(
    "n_valid",
    "uint16",
    65535,
    None,
    "Valid observations",
    "valid observations in the period; 0 is a true count: nothing was seen",
    unit="1",
    valid_range=(0, 65534),
    ramp=(
        (0, "#d73027", "0"),
        (1, "#fc8d59", "1"),
        (3, "#fee08b", "3"),
        (6, "#d9ef8b", "6"),
        (10, "#66bd63", "10"),
        (20, "#1a9850", "20 or more"),
    ),
)
MAX_GAP_DAYS = Layer(
    "max_gap_days",
    "uint16",
    65535,
    None,
    "Longest gap",
    "longest snow-free gap between valid observations, the ends of the period counted",
    unit="days",
    valid_range=(0, 65534),
    ramp=(
        (0, "#1a9850", "0 days"),
        (10, "#91cf60", "10 days"),
        (20, "#fee08b", "20 days"),
        (60, "#fc8d59", "60 days"),
        (120, "#d73027", "120 days or more"),
    ),
)
COMPOSITE = Layer(
    "composite",
    "uint16",
    0,
    None,
    "Seasonal composite",
    "seasonal median reflectance, one band per Sentinel-2 band; 0 is outside or not observed",
    unit="1",
    scale=1e-4,
    valid_range=(1, 65535),
)
RADAR_COMPOSITE = Layer(
    "radar_composite",
    "int16",
    DB_NODATA,
    None,
    "Radar composite",
    "seasonal median of terrain-corrected backscatter (gamma nought): VV, VH and VH/VV in "
    "hundredths of a decibel; -32768 is outside or not observed",
    unit="dB",
    scale=DB_SCALE,
    valid_range=(DB_NODATA + 1, 32767),
)
FOREST_CLASS = _classes(
    "forest_class", "Forest and land cover", "land cover by the legend of the pipeline", None
)
FOREST_PROBABILITY = Layer(
    "forest_probability",
    "uint8",
    255,
    None,
    "Forest probability",
    "probability of the forest classes together; 255 is outside or not observed",
    unit="%",
    scale=1.0,
    valid_range=(0, 100),
    ramp=_PERCENT_RAMP,
)
CLASS_CONFIDENCE = Layer(
    "class_confidence",
    "uint8",
    255,
    None,
    "Class confidence",
    "probability of the class shown; 255 is outside or not observed",
    unit="%",
    scale=1.0,
    valid_range=(0, 100),
    ramp=_PERCENT_RAMP,
)
FOREST_CHANGE_LAYER = _classes(
    "forest_change", "Forest change", "forest before against forest after", FOREST_CHANGE
)
BURN_SCAR_LAYER = _classes(
    "burn_scar", "Burn scars", "what is known of burning in the fire year", BURN_SCAR
)
_DATE_RAMP: tuple[tuple[float, str, str], ...] = ()
BURN_DATE = Layer(
    "burn_date",
    "uint32",
    4294967295,
    0,
    "Burn date",
    "YYYYMMDD of the last burn in the period; 1 observed and unburned; 0 not observed, or too "
    "seldom to tell",
    unit="",
    valid_range=(20150101, 21001231),
    states=(1,),
)
BURN_DATE_LO = replace(
    BURN_DATE,
    name="burn_date_lo",
    title="Burn date, earliest",
    meaning="YYYYMMDD of the last clear unburned look before the burn; 1 unburned",
)
BURN_DATE_HI = replace(
    BURN_DATE,
    name="burn_date_hi",
    title="Burn date, latest",
    meaning="YYYYMMDD of the first clear burned look; 1 unburned",
)
TIMES_BURNED = Layer(
    "times_burned",
    "uint8",
    255,
    None,
    "Times burned",
    "burns in the period; 255 is outside, not observed, or seen too seldom to tell",
    unit="1",
    valid_range=(0, 254),
    ramp=((0, "#e8efe2", "0"), (1, "#fdae61", "1"), (2, "#d7191c", "2"), (3, "#67000d", "3 +")),
)
BURN_SEVERITY_LAYER = _classes(
    "burn_severity",
    "Burn severity",
    "canopy effect of the burn in forest, cut on dNBR in leaf",
    BURN_SEVERITY,
)
HABITAT_CLASS_LAYER = _classes("habitat_class", "Habitat", "habitat of one species", HABITAT_CLASS)
FIRE_INTENSITY_LEVEL = _classes(
    "fire_intensity_level",
    "Fire danger level",
    "highest level 1-5 of the days by fireline intensity in kW/m, not the Nesterov or Chinese "
    "class",
    FIRE_INTENSITY,
)

WATER_OCCURRENCE = Layer(
    "water_occurrence",
    "uint8",
    255,
    None,
    "Water occurrence",
    "how often there was water when it was looked at, of the decades in the name; 255 is outside "
    "or no data",
    unit="%",
    valid_range=(0, 100),
    ramp=(
        (0, "#ffffff", "0 %"),
        (25, "#deebf7", "25 %"),
        (50, "#9ecae1", "50 %"),
        (75, "#4292c6", "75 %"),
        (100, "#08306b", "100 %"),
    ),
)

#: Every layer of the dictionary, by name.
LAYERS: dict[str, Layer] = {
    layer.name: layer
    for layer in (
        N_VALID,
        MAX_GAP_DAYS,
        COMPOSITE,
        RADAR_COMPOSITE,
        FOREST_CLASS,
        FOREST_PROBABILITY,
        CLASS_CONFIDENCE,
        FOREST_CHANGE_LAYER,
        BURN_SCAR_LAYER,
        BURN_DATE,
        BURN_DATE_LO,
        BURN_DATE_HI,
        TIMES_BURNED,
        BURN_SEVERITY_LAYER,
        HABITAT_CLASS_LAYER,
        FIRE_INTENSITY_LEVEL,
        WATER_OCCURRENCE,
    )
}


def conform(values: xr.DataArray, layer: Layer) -> xr.DataArray:
    """Check an array against its entry, and give it the entry's attributes and no others.

    Parameters
    ----------
    values : xr.DataArray
        Dims end in ``("y", "x")``.
    layer : Layer
        The entry; a land-cover entry must be bound to a legend.

    Returns
    -------
    xr.DataArray
        The same values; attributes of operands (``_FillValue``, ``scale_factor``) are gone.

    Raises
    ------
    LayerError
        If the dtype, the dims, a class code or a value breaks the entry.
    """
    where = f"layer {layer.name!r}"
    if values.dims[-2:] != ("y", "x"):
        raise LayerError(f"{where}: expected dims ending in ('y', 'x'), got {values.dims}")
    if values.dtype != np.dtype(layer.dtype):
        raise LayerError(
            f"{where}: expected dtype {layer.dtype}, got {values.dtype}. "
            "Cast once, where the value is made."
        )
    check_values(values.to_numpy(), layer)
    out = values.copy(deep=False)
    out.attrs = {"long_name": layer.title}
    out.encoding = {}
    if layer.unit:
        out.attrs["units"] = layer.unit
    if layer.legend is not None:
        out.attrs["flag_values"] = [NOT_OBSERVED, *layer.legend.codes]
        out.attrs["flag_meanings"] = " ".join(
            ["not_observed", *(c.name.replace(" ", "_") for c in layer.legend.classes)]
        )
    out.name = layer.name
    return out


def check_values(values: np.ndarray, layer: Layer) -> None:
    """Refuse values that the entry does not allow.

    Raises
    ------
    LayerError
        With the first offending values.
    """
    if layer.is_class:
        if layer.legend is None:
            raise LayerError(f"layer {layer.name!r}: expected a legend bound to it, got none")
        known = np.zeros(256, dtype=bool)
        known[[NOT_OBSERVED, OUTSIDE, *layer.legend.codes]] = True
        bad = np.unique(values[~known[values]])
        if bad.size:
            raise LayerError(
                f"layer {layer.name!r}: expected codes {[0, *layer.legend.codes, 255]}, "
                f"got {bad[:8].tolist()}"
            )
    elif layer.valid_range is not None:
        lo, hi = layer.valid_range
        inside = (values >= lo) & (values <= hi)
        for state in (layer.nodata, layer.not_observed, *layer.states):
            if state is not None:
                inside |= values == state
        if not inside.all():
            bad = np.unique(values[~inside])
            raise LayerError(
                f"layer {layer.name!r}: expected {lo:g}..{hi:g} or nodata {layer.nodata:g}, "
                f"got {bad[:8].tolist()}"
            )
