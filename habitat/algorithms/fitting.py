"""Fit a classifier with scikit-learn and take its numbers out."""

import logging
import warnings

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

from habitat.domain.model import Classifier, ForestModel, MlpModel

#: Trees of a forest; fewer in cross-validation, where the accuracy is all that is asked.
N_TREES = 200
N_TREES_CROSS_VALIDATION = 100
#: Samples in a leaf, at least: a smaller forest, better probabilities, the same accuracy.
MIN_LEAF = 3
#: Units of the perceptron's hidden layer.
N_HIDDEN = 48
_VALIDATION_SHARE = 0.1
_MAX_EPOCHS = 300
_LOG = logging.getLogger(__name__)


def fit(
    algorithm: str,
    features: np.ndarray,
    code: np.ndarray,
    *,
    seed: int,
    n_trees: int = N_TREES,
) -> Classifier:
    """Return a classifier trained on these samples; the same to the byte for the same input.

    Parameters
    ----------
    algorithm : str
        ``mlp`` or ``forest``.
    features : numpy.ndarray
        float32 ``(n, feature)``, finite.
    code : numpy.ndarray
        uint8 ``(n,)``, class codes, at least two different.
    seed : int
        0 to 2**32 - 1.
    n_trees : int
        Of a forest.

    Returns
    -------
    ForestModel or MlpModel
        With temperature 1.

    Raises
    ------
    ValueError
        If the algorithm is unknown or there is one class only.
    """
    if np.unique(code).size < 2:
        raise ValueError(f"training: expected two classes or more, got {np.unique(code).tolist()}")
    # One BLAS thread: with more, the order of its sums is not the same each time.
    with threadpool_limits(limits=1, user_api="blas"):
        if algorithm == "mlp":
            return mlp_model(*sklearn_mlp(features, code, seed=seed))
        if algorithm == "forest":
            return forest_model(sklearn_forest(features, code, seed=seed, n_trees=n_trees))
    raise ValueError(f"algorithm: expected mlp or forest, got {algorithm!r}")


def sklearn_forest(
    features: np.ndarray, code: np.ndarray, *, seed: int, n_trees: int = N_TREES
) -> RandomForestClassifier:
    """Return a fitted random forest (Breiman 2001, doi:10.1023/A:1010933404324)."""
    forest = RandomForestClassifier(
        n_estimators=n_trees, min_samples_leaf=MIN_LEAF, random_state=seed, n_jobs=1
    )
    return forest.fit(features, code)


def sklearn_mlp(
    features: np.ndarray, code: np.ndarray, *, seed: int
) -> tuple[StandardScaler, MLPClassifier]:
    """Return a fitted scaler and perceptron.

    Early stopping holds out a tenth of the samples; too few for that, and it trains to the end.
    """
    counts = np.unique(code, return_counts=True)[1]
    enough = counts.min() >= 2 and int(_VALIDATION_SHARE * code.size) >= counts.size
    scaler = StandardScaler().fit(features.astype(np.float64))
    mlp = MLPClassifier(
        hidden_layer_sizes=(N_HIDDEN,),
        alpha=1e-3,
        early_stopping=bool(enough),
        validation_fraction=_VALIDATION_SHARE,
        max_iter=_MAX_EPOCHS,
        random_state=seed,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        mlp.fit(scaler.transform(features), code)
    if caught:
        _LOG.warning("the perceptron stopped after %d passes, still improving", mlp.n_iter_)
    return scaler, mlp


def mlp_model(scaler: StandardScaler, mlp: MLPClassifier) -> MlpModel:
    """Return the numbers of a fitted perceptron, the scaler folded into the first layer."""
    w1, w2 = (w.astype(np.float64) for w in mlp.coefs_)
    b1, b2 = (b.astype(np.float64) for b in mlp.intercepts_)
    w1 = w1 / scaler.scale_[:, None]
    b1 = b1 - (scaler.mean_[:, None] * w1).sum(axis=0)
    if w2.shape[1] == 1:  # two classes: one logistic output is the softmax of (0, output)
        w2 = np.hstack([np.zeros_like(w2), w2])
        b2 = np.concatenate([np.zeros_like(b2), b2])
    w1, b1, w2, b2 = (np.ascontiguousarray(a, dtype=np.float32) for a in (w1, b1, w2, b2))
    return MlpModel(tuple(int(c) for c in mlp.classes_), w1, b1, w2, b2)


def forest_model(forest: RandomForestClassifier) -> ForestModel:
    """Return the trees of a fitted forest as flat arrays."""
    trees = [_flat_tree(tree.tree_) for tree in forest.estimators_]
    n_nodes = np.cumsum([0, *(feature.size for feature, *_ in trees)])
    n_leaves = np.cumsum([0, *(counts.shape[0] for *_, counts in trees)])
    child = [
        np.where(feature < 0, first + n_leaves[t], first + n_nodes[t])
        for t, (feature, _, first, _) in enumerate(trees)
    ]
    return ForestModel(
        codes=tuple(int(c) for c in forest.classes_),
        n_features=int(forest.n_features_in_),
        feature=np.concatenate([feature for feature, *_ in trees]).astype(np.int16),
        threshold=_float32_below(np.concatenate([t for _, t, _, _ in trees])),
        child=np.concatenate(child).astype(np.int32),
        roots=n_nodes[:-1].astype(np.int32),
        leaf_counts=np.concatenate([counts for *_, counts in trees]).astype(np.uint32),
    )


def _flat_tree(tree: object) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return feature, threshold, first child or leaf, and leaf counts, nodes by level."""
    left, right = tree.children_left, tree.children_right  # type: ignore[attr-defined]  # untyped
    levels = [np.zeros(1, dtype=np.int64)]
    while (inner := levels[-1][left[levels[-1]] >= 0]).size:
        levels.append(np.stack([left[inner], right[inner]], axis=1).ravel())
    order = np.concatenate(levels)
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    leaf = left[order] < 0
    first = np.where(leaf, np.cumsum(leaf) - 1, place[left[order]])
    feature = np.where(leaf, -1, tree.feature[order])  # type: ignore[attr-defined]  # untyped
    threshold = np.where(leaf, 0.0, tree.threshold[order])  # type: ignore[attr-defined]  # untyped
    total = tree.weighted_n_node_samples[order[leaf], None]  # type: ignore[attr-defined]  # untyped
    counts = np.rint(tree.value[order[leaf], 0] * total)  # type: ignore[attr-defined]  # untyped
    return feature, threshold, first, counts


def _float32_below(threshold: np.ndarray) -> np.ndarray:
    """Return the largest float32 not above each threshold: no float32 lies between the two."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)
