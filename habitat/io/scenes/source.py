"""What every source of imagery gives: items of a period, and their pixels on our grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from habitat.domain.grid import Window
from habitat.domain.period import Period
from habitat.domain.scene import NO_NEEDS, RefusedScene, SceneItem, SceneNeeds

#: ``ScenePixels.mask_kind``: Sentinel-2 scene classification codes 0..11.
MASK_SCL = "scl"
#: ``ScenePixels.mask_kind``: cloud probability in per cent, 255 = no data.
MASK_CLOUD_PROBABILITY = "cloud_probability"
#: ``ScenePixels.mask_kind``: nothing is known but the zeros of the bands.
MASK_NONE = "none"


@dataclass(frozen=True, slots=True)
class ScenePixels:
    """The pixels of one scene in one window of the grid.

    Attributes
    ----------
    bands : dict of str to numpy.ndarray
        uint16 ``(y, x)`` by ESA band name: reflectance × 10,000 with the offset off,
        an observed value <= 0 is 1, 0 = no data.
    mask : numpy.ndarray
        uint8 ``(y, x)``: scene classification codes, or cloud probability in per cent
        (255 = no data), or zeros; see ``mask_kind``.
    mask_kind : str
        ``scl``, ``cloud_probability`` or ``none`` (the mask is all 0 and only the zeros of the
        bands are known to be no data).
    """

    bands: dict[str, np.ndarray]
    mask: np.ndarray
    mask_kind: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    what : str
        In words.
    text : str
        What was found; of a fault also how to mend it.
    exit_code : int
        As in :mod:`habitat.domain.errors`; 0 for none.
    """

    what: str
    text: str
    exit_code: int = 0


@runtime_checkable
class Examinable(Protocol):
    """A source that depends on a service."""

    def examine(self) -> list[Finding]:
        """Ask the service for little, and say what is reachable and allowed; never raises."""
        ...


class SceneSource(Protocol):
    """Where scenes come from. Implementations can be pickled: they go to worker processes."""

    @property
    def simulated(self) -> bool:
        """Whether every product must carry the word SIMULATED."""
        ...

    def search(
        self, period: Period, window: Window, needs: SceneNeeds = NO_NEEDS
    ) -> tuple[list[SceneItem], list[RefusedScene]]:
        """Return the items acquired in a period whose bounds touch a window.

        Those that lack what is needed are refused. Duplicates among the others are resolved by
        :func:`habitat.domain.scene.resolve_duplicates`.

        Returns
        -------
        items : list of SceneItem
            Sorted by acquisition time, then id.
        refused : list of RefusedScene
            What was found and not used, and why, sorted by id; also what lies beside the window.
        """
        ...

    def read(self, item: SceneItem, bands: Sequence[str], window: Window) -> ScenePixels:
        """Return the bands and the mask of an item in a window.

        The window may reach beyond the item: outside is no data.

        Raises
        ------
        SceneError
            If the item cannot be read; names item, file and fault.
        """
        ...

    def available_bands(self) -> tuple[str, ...]:
        """Return the ESA names of the bands that the source has, in spectral order."""
        ...
