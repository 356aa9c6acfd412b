"""Names of Sentinel-2 products and of their bands."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from habitat.domain.bands import S2_BANDS

#: Key of the scene classification in ``SceneItem.assets``.
SCL = "scl"
#: Key of the cloud probability in ``SceneItem.assets``.
CLOUD_PROBABILITY = "cloud_probability"
#: First baseline whose stored values carry an offset of 1,000.
OFFSET_BASELINE = "04.00"
#: First day of that baseline.
OFFSET_SINCE = date(2022, 1, 25)

#: Common and provider names (lower case) to ESA names and mask keys. The common name ``rededge``
#: is three bands and therefore not here.
BAND_NAMES: dict[str, str] = {
    **{name.lower(): name for name in S2_BANDS},
    **{f"b{int(name[1:])}": name for name in S2_BANDS if name[1:].isdigit()},
    "coastal": "B01",
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "rededge1": "B05",
    "rededge2": "B06",
    "rededge3": "B07",
    "rededge071": "B05",
    "rededge075": "B06",
    "rededge078": "B07",
    "nir": "B08",
    "nir08": "B8A",
    "nir09": "B09",
    "cirrus": "B10",
    "swir16": "B11",
    "swir22": "B12",
    "scl": SCL,
    "cloud_probability": CLOUD_PROBABILITY,
    "cloud": CLOUD_PROBABILITY,
    "cld": CLOUD_PROBABILITY,
    "msk_cldprb": CLOUD_PROBABILITY,
}

_PRODUCT = re.compile(
    r"(?P<mission>S2[A-D])_MSI(?P<level>L1C|L2A)_(?P<time>\d{8}T\d{6})_N(?P<baseline>\d{4})"
    r"_R\d{3}_T(?P<tile>\d{2}[A-Z]{3})(?:_\d{8}T\d{6})?"
)
_RESOLUTION = re.compile(r"[_-][126]0m$")
_TIME = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d{2})-?(?P<m>[01]\d)-?(?P<d>[0-3]\d)"
    r"(?:[T_ ](?P<H>[0-2]\d):?(?P<M>[0-5]\d):?(?P<S>[0-5]\d))?(?!\d)"
)


@dataclass(frozen=True, slots=True)
class ProductName:
    """What the name of an ESA product says.

    Attributes
    ----------
    name : str
        Without ``.SAFE``.
    mission : str
        ``S2B``.
    level : str
        ``L1C`` or ``L2A``.
    datatake : str
        Start of the datatake, ``20240417T021529``: the same in every reprocessing.
    baseline : str
        ``05.10``.
    mgrs_tile : str
        ``52TFN``.
    """

    name: str
    mission: str
    level: str
    datatake: str
    baseline: str
    mgrs_tile: str

    @property
    def acquired(self) -> datetime:
        """Start of the datatake, UTC."""
        return datetime.strptime(self.datatake, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)

    @property
    def has_offset(self) -> bool:
        """Whether the ground segment left an offset of 1,000 in the stored values."""
        return self.baseline >= OFFSET_BASELINE


def find_product(text: str) -> ProductName | None:
    """Return the ESA product named in a text (a path, an id), or None."""
    match = _PRODUCT.search(text)
    if match is None:
        return None
    digits = match["baseline"]
    return ProductName(
        match[0],
        match["mission"],
        match["level"],
        match["time"],
        f"{digits[:2]}.{digits[2:]}",
        match["tile"],
    )


def band_of(name: str) -> str | None:
    """Return the ESA name (or mask key) of ``B04``, ``b4``, ``red``, ``B04_20m``, or None."""
    return BAND_NAMES.get(_RESOLUTION.sub("", name.strip().lower()))


def find_time(text: str) -> datetime | None:
    """Return the first date (with its time of day, if any) in a text, UTC, or None."""
    for match in _TIME.finditer(text):
        year, month, day, hour, minute, second = (int(match[key] or 0) for key in "ymdHMS")
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            continue
    return None
