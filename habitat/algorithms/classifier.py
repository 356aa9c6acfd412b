"""Classes and probabilities of pixels by a stored classifier, the same at every position."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from habitat.algorithms.features import compute
from habitat.algorithms.kernels.forest import forest_probabilities
from habitat.algorithms.kernels.mlp import mlp_scores, softmax
from habitat.domain.legend import NOT_OBSERVED
from habitat.domain.model import (
    PROBABILITY_FLOOR,
    Classifier,
    ForestModel,
    MlpModel,
    ModelSet,
    Variant,
)

#: Per cent where there is no class.
NO_PERCENT = 255
#: Pixels whose features are held at once.
_CHUNK_PX = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class ClassMaps:
    """What a classifier says of each pixel.

    Attributes
    ----------
    class_code : numpy.ndarray
        uint8 ``(y, x)``, 0 = not observed.
    confidence : numpy.ndarray
        uint8 ``(y, x)``, calibrated probability of the class shown [%], 255 = not observed.
    forest_probability : numpy.ndarray
        uint8 ``(y, x)``, calibrated probability of the forest classes together [%], 255 = not
        observed.
    """

    class_code: np.ndarray
    confidence: np.ndarray
    forest_probability: np.ndarray

    @classmethod
    def blank(cls, shape: tuple[int, ...]) -> "ClassMaps":
        """Return maps in which nothing is observed."""
        return cls(
            np.full(shape, NOT_OBSERVED, dtype=np.uint8),
            np.full(shape, NO_PERCENT, dtype=np.uint8),
            np.full(shape, NO_PERCENT, dtype=np.uint8),
        )

    def ravel(self) -> "ClassMaps":
        """Return flat views of the (contiguous) maps."""
        return ClassMaps(
            self.class_code.reshape(-1),
            self.confidence.reshape(-1),
            self.forest_probability.reshape(-1),
        )


def predict_raw(classifier: Classifier, features: np.ndarray) -> np.ndarray:
    """Return probabilities as the algorithm gives them, not calibrated.

    Parameters
    ----------
    classifier : ForestModel or MlpModel
        A trained classifier.
    features : numpy.ndarray
        float32 ``(feature, n)``, finite.

    Returns
    -------
    numpy.ndarray
        ``(class, n)`` by ``classifier.codes``: float64 of a forest, equal to scikit-learn's;
        float32 of a perceptron.

    Raises
    ------
    ValueError
        If the number of features is not the classifier's.
    """
    checked = _checked(classifier, features)
    if isinstance(classifier, ForestModel):
        return _forest(classifier, checked)
    return np.asarray(softmax(_mlp(classifier, checked), np.float32(1)))


def predict_proba(classifier: Classifier, features: np.ndarray) -> np.ndarray:
    """Return calibrated probabilities.

    They are the softmax of the scores over the classifier's temperature (Guo et al. 2017, On
    calibration of modern neural networks, PMLR 70); a score is the network's output, or the log
    of the forest's probability, at least :data:`~habitat.domain.model.PROBABILITY_FLOOR`.

    Parameters
    ----------
    classifier, features
        As in :func:`predict_raw`.

    Returns
    -------
    numpy.ndarray
        float32 ``(n, class)`` by ``classifier.codes``.
    """
    return _predict(classifier, _checked(classifier, features))[1].T


def classify(
    classifier: Classifier, features: np.ndarray, *, forest_codes: Collection[int]
) -> ClassMaps:
    """Return the class, its probability and that of forest, of each pixel.

    Parameters
    ----------
    classifier : ForestModel or MlpModel
        A trained classifier.
    features : numpy.ndarray
        float32 ``(feature, y, x)``; a pixel with a NaN is not observed.
    forest_codes : collection of int
        Codes that are forest.

    Returns
    -------
    ClassMaps
        Per cent is rounded half up.

    Raises
    ------
    ValueError
        If the number of features is not the classifier's.
    """
    maps = ClassMaps.blank(features.shape[1:])
    flat = features.reshape(features.shape[0], -1)
    _classify_into(maps.ravel(), classifier, flat, _complete(flat), forest_codes)
    return maps


def classify_composites(
    model: ModelSet,
    composites: Mapping[str, Mapping[str, np.ndarray]],
    *,
    forest_codes: Collection[int],
) -> ClassMaps:
    """Return the maps of a model from seasonal composites.

    Each pixel goes to the first variant of the model whose features are all there, and is not
    observed where there is none.

    Parameters
    ----------
    model : ModelSet
        A trained model.
    composites : mapping of str to mapping of str to numpy.ndarray
        By season and band, uint16 ``(y, x)`` digital numbers, 0 = not observed.
    forest_codes : collection of int
        Codes that are forest.

    Returns
    -------
    ClassMaps
        As from :func:`classify`.

    Raises
    ------
    ValueError
        If there is no composite, a band is missing, or the shapes differ.
    """
    shapes = {band.shape for bands in composites.values() for band in bands.values()}
    if len(shapes) != 1:
        raise ValueError(f"composites: expected one shape, got {sorted(shapes)}")
    height, width = shapes.pop()
    variants = [v for v in model.variants if set(v.features.seasons) <= set(composites)]
    maps = ClassMaps.blank((height, width))
    rows = max(1, _CHUNK_PX // max(1, width))
    for top in range(0, height, rows):
        part = slice(top, top + rows)
        chunk = {s: {b: a[part] for b, a in bands.items()} for s, bands in composites.items()}
        view = ClassMaps(
            maps.class_code[part], maps.confidence[part], maps.forest_probability[part]
        ).ravel()
        _classify_chunk(view, variants, chunk, forest_codes)
    return maps


def _classify_chunk(
    maps: ClassMaps,
    variants: list[Variant],
    composites: Mapping[str, Mapping[str, np.ndarray]],
    forest_codes: Collection[int],
) -> None:
    todo = np.ones(maps.class_code.size, dtype=bool)
    for variant in variants:
        if not todo.any():
            return
        features = compute(variant.features, composites)
        flat = features.reshape(features.shape[0], -1)
        now = todo & _complete(flat)
        _classify_into(maps, variant.classifier, flat, now, forest_codes)
        todo &= ~now


def _classify_into(
    maps: ClassMaps,
    classifier: Classifier,
    features: np.ndarray,
    wanted: np.ndarray,
    forest_codes: Collection[int],
) -> None:
    codes = np.array(classifier.codes, dtype=np.uint8)
    for start in range(0, wanted.size, _CHUNK_PX):
        part = slice(start, start + _CHUNK_PX)
        at = np.flatnonzero(wanted[part])
        if not at.size:
            continue
        chunk = features[:, part]
        chunk = chunk if at.size == chunk.shape[1] else chunk[:, at]
        best, shown = _predict(classifier, _checked(classifier, chunk))
        maps.class_code[part][at] = codes[best]
        maps.confidence[part][at] = _percent(np.take_along_axis(shown, best[None], axis=0)[0])
        maps.forest_probability[part][at] = _percent(_sum_of(shown, classifier, forest_codes))


def _predict(classifier: Classifier, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the row of the class and the calibrated probabilities ``(class, n)``."""
    if isinstance(classifier, ForestModel):
        decided = _forest(classifier, features)
        scores = _log_floored(decided)
    else:
        decided = scores = _mlp(classifier, features)
    return _first_largest(decided), softmax(scores, np.float32(1 / classifier.temperature))


def _mlp(mlp: MlpModel, features: np.ndarray) -> np.ndarray:
    return np.asarray(mlp_scores(features, mlp.w1, mlp.b1, mlp.w2, mlp.b2))


def _forest(forest: ForestModel, features: np.ndarray) -> np.ndarray:
    probability: np.ndarray = forest_probabilities(
        features,
        forest.feature,
        forest.threshold,
        forest.child,
        forest.roots,
        forest.leaf_probability,
    )
    return probability


def _log_floored(probability: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.maximum(probability, PROBABILITY_FLOOR)), dtype=np.float32)


def _checked(classifier: Classifier, features: np.ndarray) -> np.ndarray:
    if features.dtype != np.float32 or features.shape[0] != classifier.n_features:
        raise ValueError(
            f"features: expected {classifier.n_features} of float32, got {features.shape[0]} of "
            f"{features.dtype}"
        )
    return np.ascontiguousarray(features)


def _complete(features: np.ndarray) -> np.ndarray:
    complete = np.ones(features.shape[1], dtype=bool)
    for feature in features:
        complete &= feature == feature  # noqa: PLR0124  # false for NaN, without a temporary
    return complete


def _first_largest(rows: np.ndarray) -> np.ndarray:
    """Return the index of the largest row of each column; the first of equals."""
    best = np.zeros(rows.shape[1], dtype=np.intp)
    top = rows[0].copy()
    for k in range(1, rows.shape[0]):
        above = rows[k] > top
        best[above] = k
        np.copyto(top, rows[k], where=above)
    return best


def _sum_of(probability: np.ndarray, classifier: Classifier, codes: Collection[int]) -> np.ndarray:
    total = np.zeros(probability.shape[1], dtype=np.float32)
    for row, code in zip(probability, classifier.codes, strict=True):
        if code in codes:
            total += row
    return total


def _percent(probability: np.ndarray) -> np.ndarray:
    return np.minimum(np.floor(probability * 100.0 + 0.5), 100.0).astype(np.uint8)
