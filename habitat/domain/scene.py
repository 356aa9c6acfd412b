"""The catalogue record of a scene, and which of several records of one view is used."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from habitat.domain.product_name import CLOUD_PROBABILITY, SCL

#: The assets that tell clouds from land.
MASKS = (SCL, CLOUD_PROBABILITY)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of an item, and where in it a band is.

    Attributes
    ----------
    href : str
        Path of the file.
    band_index : int
        1-based band of the file.
    offset_dn : int
        Subtracted from each observed value, so that reflectance × 10,000 remains
        (0, or 1,000 from baseline 04.00 on).
    scale : float
        Reflectance of one stored unit (1e-4 for Sentinel-2; 1.0 for float reflectance).
    nodata : float or None
        Stored value of "no data"; None where the file itself says it, else 0.
    """

    href: str
    band_index: int = 1
    offset_dn: int = 0
    scale: float = 1e-4
    nodata: float | None = None


@dataclass(frozen=True, slots=True)
class SceneItem:
    """One catalogue record: what was seen, when, by which version of the processor.

    Attributes
    ----------
    item_id : str
        Unique id of the record.
    acquired : datetime
        Acquisition time, UTC, timezone-aware.
    mission, datatake, mgrs_tile : str
        Identify one view of one square; empty where unknown.
    baseline : str
        Processing baseline, ``05.10``; empty where unknown.
    bounds : tuple of float
        ``(x_min, y_min, x_max, y_max)`` in the project CRS [m].
    assets : dict of str to Asset
        By band name (``B04``), and ``scl`` or ``cloud_probability`` for the mask.
    checksum : str
        Digest of all pixels (of the files, or of the recipe of a simulated scene).
    orbit : str
        Of radar: direction and relative orbit, ``descending 134``; else empty.
    """

    item_id: str
    acquired: datetime
    mission: str
    datatake: str
    mgrs_tile: str
    baseline: str
    bounds: tuple[float, float, float, float]
    assets: dict[str, Asset] = field(hash=False)
    checksum: str
    orbit: str = ""

    @property
    def view(self) -> tuple[str, str, str]:
        """Key of the view that duplicates share; the item's own id where it is unknown."""
        if not self.datatake:
            return ("", "", self.item_id)
        return (self.mission, self.datatake, self.mgrs_tile)


@dataclass(frozen=True, slots=True)
class RefusedScene:
    """A scene that was found but not used, and why.

    Attributes
    ----------
    item_id : str
        Id of its record, or the name of an item file that cannot be read.
    reason : str
        In words.
    kind : str
        ``fault``: something is wrong with it; ``superseded``: another version is used;
        ``cloudy``: cloudier than asked for; ``outside``: its pixels lie beside the AOI.
    day : date or None
        Of the acquisition (UTC); None where it is not known.
    """

    item_id: str
    reason: str
    kind: Literal["fault", "superseded", "cloudy", "outside"] = "fault"
    day: date | None = None


@dataclass(frozen=True, slots=True)
class SceneNeeds:
    """What a scene must have to be of use.

    Attributes
    ----------
    bands : tuple of str
        ESA names.
    mask : bool
        A scene classification or a cloud probability, without which clouds pass for land.
    """

    bands: tuple[str, ...] = ()
    mask: bool = False

    def fault(self, names: Collection[str]) -> str | None:
        """Return what a scene with assets of these names lacks, or None."""
        missing = [band for band in self.bands if band not in names]
        if missing:
            return (
                f"expected the bands {', '.join(self.bands)}, found no {', '.join(missing)}; "
                "fetch the missing files and index again, or ask for fewer bands"
            )
        if self.mask and not any(name in names for name in MASKS):
            return (
                "expected a scene classification (SCL) or a cloud probability, found neither, so "
                "its clouds would pass for land; add one, or accept that by 'without_mask: use' "
                "in source"
            )
        return None


#: Any scene will do.
NO_NEEDS = SceneNeeds()


def resolve_duplicates(
    items: Iterable[SceneItem],
) -> tuple[list[SceneItem], list[RefusedScene]]:
    """Keep the newest version of each view.

    Two records of one view (same mission, datatake and tile) with **equal** baseline and
    different bounds are the two halves of a split tile and are both kept; otherwise the higher
    baseline wins, then the later id.

    Parameters
    ----------
    items : iterable of SceneItem
        Any order.

    Returns
    -------
    kept : list of SceneItem
        Sorted by acquisition time, then id.
    refused : list of RefusedScene
        The superseded records.
    """
    views: dict[tuple[str, str, str], list[SceneItem]] = {}
    for item in items:
        views.setdefault(item.view, []).append(item)
    kept: list[SceneItem] = []
    refused: list[RefusedScene] = []
    for group in views.values():
        newest = max(item.baseline for item in group)
        by_bounds: dict[tuple[float, float, float, float], SceneItem] = {}
        for item in sorted(group, key=lambda i: (i.baseline, i.item_id)):
            if item.baseline < newest:
                continue
            by_bounds[item.bounds] = item
        winners = {item.item_id for item in by_bounds.values()}
        kept += by_bounds.values()
        refused += [
            RefusedScene(
                item.item_id,
                f"superseded by {sorted(winners)[-1]}",
                "superseded",
                item.acquired.date(),
            )
            for item in group
            if item.item_id not in winners
        ]
    kept.sort(key=lambda item: (item.acquired, item.item_id))
    refused.sort(key=lambda scene: scene.item_id)
    return kept, refused
