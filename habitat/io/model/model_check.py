"""Checks of a model's numbers: what the kernels read without looking twice."""

import numpy as np

from habitat.domain.errors import ModelError
from habitat.domain.legend import NOT_OBSERVED, OUTSIDE
from habitat.domain.model import Classifier, ForestModel, MlpModel, ModelSet, Variant

_TEMPERATURES = (0.01, 100.0)
_MIN_CLASSES = 2


def check_model(model: ModelSet) -> None:
    """Refuse a model whose parts do not fit together.

    Raises
    ------
    ModelError
        If codes, features and variants contradict each other.
    """
    if not model.variants:
        raise ModelError("expected at least one variant, got none")
    for number, variant in enumerate(model.variants):
        _check_variant(variant, model, f"variant {number}")
    names = [report.algorithm for report in model.cross_validation.candidates]
    if model.cross_validation.chosen not in names:
        raise ModelError(
            f"cross_validation: expected the chosen of {names}, got "
            f"{model.cross_validation.chosen!r}"
        )


def _check_variant(variant: Variant, model: ModelSet, where: str) -> None:
    features, classifier = variant.features, variant.classifier
    if isinstance(classifier, ForestModel):
        check_forest(classifier)
    else:
        check_mlp(classifier)
    if not features.names or len(set(features.names)) != len(features.names):
        raise ModelError(f"{where}: expected distinct feature names, got {features.names}")
    if len(features.names) != classifier.n_features:
        raise ModelError(
            f"{where}: expected {classifier.n_features} feature names, got {len(features.names)}"
        )
    if not set(features.bands) <= set(model.bands):
        raise ModelError(
            f"{where}: expected bands of {list(model.bands)}, got {list(features.bands)}"
        )
    if not set(classifier.codes) <= set(model.legend_codes):
        raise ModelError(
            f"{where}: expected codes of {list(model.legend_codes)}, got {list(classifier.codes)}"
        )


def check_mlp(mlp: MlpModel) -> None:
    """Refuse a perceptron with wrong shapes or numbers that are not finite.

    Raises
    ------
    ModelError
        Names the array.
    """
    _check_common(mlp)
    n_hidden, n_class = mlp.b1.size, len(mlp.codes)
    expected = {
        "w1": (mlp.w1.shape[0], n_hidden),
        "b1": (n_hidden,),
        "w2": (n_hidden, n_class),
        "b2": (n_class,),
    }
    for name, shape in expected.items():
        array = getattr(mlp, name)
        if array.shape != shape or 0 in shape:
            raise ModelError(f"{name}: expected shape {shape}, got {array.shape}")
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise ModelError(f"{name}: expected finite float32, got {array.dtype} or not finite")


def check_forest(forest: ForestModel) -> None:
    """Refuse a forest on which a walk could leave the arrays or never end.

    Raises
    ------
    ModelError
        Names the array and the first offending node.
    """
    _check_common(forest)
    n_nodes = forest.feature.size
    for name in ("threshold", "child"):
        if getattr(forest, name).shape != (n_nodes,):
            raise ModelError(
                f"{name}: expected one number for each of {n_nodes} nodes, got "
                f"{getattr(forest, name).shape}"
            )
    if forest.leaf_counts.shape[1:] != (len(forest.codes),) or not forest.leaf_counts.size:
        raise ModelError(
            f"leaf_counts: expected a column for each of {len(forest.codes)} classes, got "
            f"{forest.leaf_counts.shape}"
        )
    _check_roots(forest.roots, n_nodes)
    _check_nodes(forest)


def _check_common(classifier: Classifier) -> None:
    codes = classifier.codes
    reserved = not codes or codes[0] <= NOT_OBSERVED or codes[-1] >= OUTSIDE
    if reserved or len(codes) < _MIN_CLASSES or list(codes) != sorted(set(codes)):
        raise ModelError(f"codes: expected two or more rising codes 1 to 254, got {list(codes)}")
    lo, hi = _TEMPERATURES
    if not lo <= classifier.temperature <= hi:
        raise ModelError(f"temperature: expected {lo} to {hi}, got {classifier.temperature}")


def _check_roots(roots: np.ndarray, n_nodes: int) -> None:
    if not roots.size or roots[0] != 0 or (np.diff(roots) <= 0).any() or roots[-1] >= n_nodes:
        raise ModelError(
            f"roots: expected rising nodes from 0 and below {n_nodes}, got {roots[:8].tolist()} …"
        )


def _check_nodes(forest: ForestModel) -> None:
    node = np.arange(forest.feature.size)
    leaf = forest.feature == -1
    ends = np.append(forest.roots[1:], forest.feature.size)
    end = np.repeat(ends, np.diff(np.append(forest.roots, forest.feature.size)))
    child = forest.child.astype(np.int64)
    faults = {
        "feature: out of range": ~leaf
        & ((forest.feature < 0) | (forest.feature >= forest.n_features)),
        "threshold: not finite": ~np.isfinite(forest.threshold),
        "child: not after its parent and within the tree": ~leaf
        & ((child <= node) | (child + 1 >= end)),
        "child: no such leaf": leaf & ((child < 0) | (child >= forest.leaf_counts.shape[0])),
    }
    for fault, at in faults.items():
        if at.any():
            raise ModelError(f"{fault}, at node {int(np.flatnonzero(at)[0])}")
