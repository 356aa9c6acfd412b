"""The samples that a classifier is trained on, and how to train it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from habitat.algorithms.sampling import block_id
from habitat.domain.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class TrainingTable:
    """Labelled pixels and their features, one per row.

    Attributes
    ----------
    names : tuple of str
        Of the features.
    features : numpy.ndarray
        float32 ``(n, feature)``, NaN where not observed.
    code : numpy.ndarray
        uint8 ``(n,)``, class code.
    x_m, y_m : numpy.ndarray
        float64 ``(n,)``, centre of the pixel in the project CRS [m].
    block : numpy.ndarray
        int64 ``(n,)``, spatial block, see :func:`~habitat.algorithms.sampling.block_id`.
    """

    names: tuple[str, ...]
    features: np.ndarray
    code: np.ndarray
    x_m: np.ndarray
    y_m: np.ndarray
    block: np.ndarray

    def __post_init__(self) -> None:
        """Refuse columns that do not fit together."""
        n = self.code.size
        if self.features.shape != (n, len(self.names)):
            raise InputError(
                f"training table: expected features of shape {(n, len(self.names))} for {n} codes "
                f"and {len(self.names)} names, got {self.features.shape}"
            )
        sizes = (self.x_m.size, self.y_m.size, self.block.size)
        if sizes != (n, n, n):
            raise InputError(f"training table: expected {n} x_m, y_m and blocks, got {sizes}")

    def take(self, index: np.ndarray) -> "TrainingTable":
        """Return some rows, in the order asked."""
        return TrainingTable(
            self.names,
            self.features[index],
            self.code[index],
            self.x_m[index],
            self.y_m[index],
            self.block[index],
        )


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Attributes
    ----------
    description : str
        Where the samples come from, as the model will say.
    simulated : bool
        The samples are of a simulated landscape.
    candidates : tuple of str
        ``mlp``, ``forest`` or both.
    seed : int
        0 to 2**32 - 1.
    block_m : int
        Edge of the blocks of the cross-validation [m].
    folds : int
        Parts of the cross-validation.
    min_per_class : int
        A class with fewer samples is refused.
    left_out : tuple of (int, int)
        Codes that were left out of the samples, and how many pixels of them there were.
    """

    description: str
    simulated: bool
    candidates: tuple[str, ...] = ("mlp", "forest")
    seed: int = 0
    block_m: int = 5_000
    folds: int = 4
    min_per_class: int = 20
    left_out: tuple[tuple[int, int], ...] = ()


def training_table(
    names: Sequence[str],
    features: np.ndarray,
    code: np.ndarray,
    *,
    x_m: np.ndarray,
    y_m: np.ndarray,
    block_m: int,
) -> TrainingTable:
    """Return the table of samples with the block of each."""
    block = block_id(x_m, y_m, block_m=block_m)
    return TrainingTable(tuple(names), features, code, x_m, y_m, block)
