"""Kernel of the decision forest: eight pixels walk a tree at once, trees outside, strips inside.

One walk waits for memory at each node; eight independent walks fill the wait. A strip of pixels
passes each tree, so that the tree stays in the cache.
"""

import numpy as np
from numba import njit

#: Pixels per strip.
STRIP_PX = 1024


@njit(cache=True, nogil=True)
def _leaf(
    x: np.ndarray, p: int, node: int, feature: np.ndarray, threshold: np.ndarray, child: np.ndarray
) -> int:
    while feature[node] >= 0:
        node = child[node] + (x[p, feature[node]] > threshold[node])
    leaf: int = child[node]
    return leaf


@njit(cache=True, nogil=True)
def _walk_tree(  # noqa: C901  # eight walks written out, each trivial
    x: np.ndarray,
    m: int,
    root: int,
    feature: np.ndarray,
    threshold: np.ndarray,
    child: np.ndarray,
    leaf: np.ndarray,
) -> None:
    whole = m - m % 8
    for g in range(0, whole, 8):
        n0 = n1 = n2 = n3 = n4 = n5 = n6 = n7 = root
        while True:
            f0, f1, f2, f3 = feature[n0], feature[n1], feature[n2], feature[n3]
            f4, f5, f6, f7 = feature[n4], feature[n5], feature[n6], feature[n7]
            if f0 < 0 and f1 < 0 and f2 < 0 and f3 < 0 and f4 < 0 and f5 < 0 and f6 < 0 and f7 < 0:
                break
            if f0 >= 0:
                n0 = child[n0] + (x[g, f0] > threshold[n0])
            if f1 >= 0:
                n1 = child[n1] + (x[g + 1, f1] > threshold[n1])
            if f2 >= 0:
                n2 = child[n2] + (x[g + 2, f2] > threshold[n2])
            if f3 >= 0:
                n3 = child[n3] + (x[g + 3, f3] > threshold[n3])
            if f4 >= 0:
                n4 = child[n4] + (x[g + 4, f4] > threshold[n4])
            if f5 >= 0:
                n5 = child[n5] + (x[g + 5, f5] > threshold[n5])
            if f6 >= 0:
                n6 = child[n6] + (x[g + 6, f6] > threshold[n6])
            if f7 >= 0:
                n7 = child[n7] + (x[g + 7, f7] > threshold[n7])
        leaf[g], leaf[g + 1], leaf[g + 2], leaf[g + 3] = child[n0], child[n1], child[n2], child[n3]
        leaf[g + 4], leaf[g + 5] = child[n4], child[n5]
        leaf[g + 6], leaf[g + 7] = child[n6], child[n7]
    for p in range(whole, m):
        leaf[p] = _leaf(x, p, root, feature, threshold, child)


@njit(cache=True, nogil=True)
def _load_strip(features: np.ndarray, start: int, m: int, x: np.ndarray) -> None:
    # Turned, so that the features of a pixel share a cache line.
    for i in range(features.shape[0]):
        for p in range(m):
            x[p, i] = features[i, start + p]


@njit(cache=True, nogil=True)
def forest_probabilities(
    features: np.ndarray,
    feature: np.ndarray,
    threshold: np.ndarray,
    child: np.ndarray,
    roots: np.ndarray,
    leaf_probability: np.ndarray,
) -> np.ndarray:
    """Return the mean over the trees of the class shares of each pixel's leaf.

    The sum is in float64 in the order of the trees, as scikit-learn makes it, so the result is
    equal to ``RandomForestClassifier.predict_proba`` to the last bit (Breiman 2001,
    doi:10.1023/A:1010933404324; scikit-learn averages shares, not votes).

    Parameters
    ----------
    features : numpy.ndarray
        float32 ``(feature, n)``, finite.
    feature, threshold, child, roots, leaf_probability : numpy.ndarray
        As in :class:`habitat.domain.model.ForestModel`, and valid: indices are not checked here.

    Returns
    -------
    numpy.ndarray
        float64 ``(class, n)``.
    """
    n = features.shape[1]
    n_class = leaf_probability.shape[1]
    x = np.empty((STRIP_PX, features.shape[0]), np.float32)
    leaf = np.empty(STRIP_PX, np.int32)
    total = np.empty((STRIP_PX, n_class), np.float64)
    out = np.empty((n_class, n), np.float64)
    for start in range(0, n, STRIP_PX):
        m = min(STRIP_PX, n - start)
        _load_strip(features, start, m, x)
        for p in range(m):
            for k in range(n_class):
                total[p, k] = 0.0
        for t in range(roots.size):
            _walk_tree(x, m, roots[t], feature, threshold, child, leaf)
            for p in range(m):
                row = leaf[p]
                for k in range(n_class):
                    total[p, k] += leaf_probability[row, k]
        for k in range(n_class):
            for p in range(m):
                out[k, start + p] = total[p, k] / roots.size
    return out


def forest_probabilities_numpy(
    features: np.ndarray,
    feature: np.ndarray,
    threshold: np.ndarray,
    child: np.ndarray,
    roots: np.ndarray,
    leaf_probability: np.ndarray,
) -> np.ndarray:
    """Twin of :func:`forest_probabilities`."""
    pixel = np.arange(features.shape[1])
    total = np.zeros((features.shape[1], leaf_probability.shape[1]))
    for root in roots:
        node = np.full(pixel.size, root, dtype=np.int64)
        while (inner := feature[node] >= 0).any():
            at = node[inner]
            beyond = features[feature[at], pixel[inner]] > threshold[at]
            node[inner] = child[at].astype(np.int64) + beyond
        total += leaf_probability[child[node]]
    return np.ascontiguousarray((total / roots.size).T)
