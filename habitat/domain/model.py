"""A trained classifier as data: what it sees, its numbers, how it was trained and how well."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from habitat.domain.legend import Legend

#: Share that a forest gives at least to each class before calibration: a class without a vote
#: in 200 trees is rare, not impossible.
PROBABILITY_FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The inputs of a classifier, in order.

    Attributes
    ----------
    names : tuple of str
        ``leaf_on_B8A``, ``leaf_on_ndvi``, …: by season, bands first, then indices.
    seasons, bands, indices : tuple of str
        What the names are made of; each season has all of the bands and indices.
    """

    names: tuple[str, ...]
    seasons: tuple[str, ...]
    bands: tuple[str, ...]
    indices: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ForestModel:
    """Decision trees in one set of flat arrays; the two children of a node stand side by side.

    Attributes
    ----------
    codes : tuple of int
        Class code of each column of ``leaf_counts``, rising.
    n_features : int
        Number of features it was trained on.
    feature : numpy.ndarray
        int16 ``(node,)``: feature that the node tests, -1 in a leaf.
    threshold : numpy.ndarray
        float32 ``(node,)``: a pixel goes to the first child where its feature is <= this.
    child : numpy.ndarray
        int32 ``(node,)``: index of the first child (the second follows it); the row of
        ``leaf_counts`` in a leaf.
    roots : numpy.ndarray
        int32 ``(tree,)``: first node of each tree, rising from 0.
    leaf_counts : numpy.ndarray
        uint32 ``(leaf, class)``: training samples in each leaf.
    temperature : float
        Divides the log of the probabilities (calibration).
    leaf_probability : numpy.ndarray
        float64 ``(leaf, class)``: made from ``leaf_counts``.
    """

    codes: tuple[int, ...]
    n_features: int
    feature: np.ndarray
    threshold: np.ndarray
    child: np.ndarray
    roots: np.ndarray
    leaf_counts: np.ndarray
    temperature: float = 1.0
    leaf_probability: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        """Make the leaf probabilities."""
        counts = self.leaf_counts.astype(np.float64)
        total = counts.sum(axis=1, keepdims=True)
        object.__setattr__(self, "leaf_probability", counts / total)


@dataclass(frozen=True, slots=True, eq=False)
class MlpModel:
    """A multilayer perceptron with one hidden layer of rectified linear units.

    The standardisation of the inputs is folded into the first layer.

    Attributes
    ----------
    codes : tuple of int
        Class code of each output, rising.
    w1, b1 : numpy.ndarray
        float32 ``(feature, hidden)`` and ``(hidden,)``.
    w2, b2 : numpy.ndarray
        float32 ``(hidden, class)`` and ``(class,)``.
    temperature : float
        Divides the outputs before the softmax (calibration).
    """

    codes: tuple[int, ...]
    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray
    temperature: float = 1.0

    @property
    def n_features(self) -> int:
        """Number of features it was trained on."""
        return int(self.w1.shape[0])


Classifier = ForestModel | MlpModel


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One classifier and the features it needs; used where the variants before it cannot be."""

    features: FeatureSet
    classifier: Classifier
    n_samples: int


@dataclass(frozen=True, slots=True)
class ClassReport:
    """How one class fared in the cross-validation.

    Attributes
    ----------
    code, n : int
        Class code; samples of it.
    precision, recall, f1 : float or None
        Share in [0, 1]; None where its denominator is zero.
    """

    code: int
    n: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class CandidateReport:
    """Cross-validation of one algorithm.

    Attributes
    ----------
    algorithm : str
        ``mlp`` or ``forest``.
    accuracy, accuracy_lo, accuracy_hi : float
        Overall accuracy on held-out blocks and its 95 % interval, share in [0, 1].
    classes : tuple of ClassReport
        By code.
    temperature : float
        Fitted to the held-out predictions; 1 where that does not lower the calibration error.
    calibration_error_before, calibration_error_after : float
        Expected calibration error of the class shown, without and with the temperature.
    """

    algorithm: str
    accuracy: float
    accuracy_lo: float
    accuracy_hi: float
    classes: tuple[ClassReport, ...]
    temperature: float
    calibration_error_before: float
    calibration_error_after: float


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """Spatial cross-validation of the candidates, and the choice.

    Attributes
    ----------
    candidates : tuple of CandidateReport
        In the order asked.
    chosen, reason : str
        Algorithm and one sentence why.
    interval : str
        How the interval of the accuracy was made, and what it does not say.
    folds, n_blocks, block_m, n_samples : int
        Its design.
    left_out : tuple of (int, int)
        Class codes of the legend that had too few samples, and how many pixels there were: the
        classifier does not know them, and the figures say nothing about them.
    """

    candidates: tuple[CandidateReport, ...]
    chosen: str
    reason: str
    interval: str
    folds: int
    n_blocks: int
    block_m: int
    n_samples: int
    left_out: tuple[tuple[int, int], ...] = ()

    def of_chosen(self) -> CandidateReport:
        """Return the report of the algorithm chosen."""
        return next(c for c in self.candidates if c.algorithm == self.chosen)


@dataclass(frozen=True, slots=True, eq=False)
class ModelSet:
    """Everything needed to classify, and to know whether one may.

    Attributes
    ----------
    legend_name : str
        Legend of the codes.
    legend_codes : tuple of int
        All its codes; a classifier may know fewer.
    legend_sha256 : str
        :func:`legend_sha256` of it.
    bands : tuple of str
        Bands of the composites.
    dn_scale : int
        Digital number of reflectance 1.
    variants : tuple of Variant
        In order of preference.
    description : str
        Where the samples come from.
    simulated : bool
        Trained on a simulated landscape: every product carries the word SIMULATED.
    seed : int
        Of the training.
    versions : tuple of (str, str)
        Library and version, by name.
    cross_validation : CrossValidation
        Of the first variant.
    """

    legend_name: str
    legend_codes: tuple[int, ...]
    legend_sha256: str
    bands: tuple[str, ...]
    dn_scale: int
    variants: tuple[Variant, ...]
    description: str
    simulated: bool
    seed: int
    versions: tuple[tuple[str, str], ...]
    cross_validation: CrossValidation


def legend_sha256(legend: Legend) -> str:
    """Return a digest of a legend's codes and names (not of its colours)."""
    lines = "".join(f"{c.code}\t{c.name}\n" for c in legend.classes)
    return hashlib.sha256(lines.encode()).hexdigest()
