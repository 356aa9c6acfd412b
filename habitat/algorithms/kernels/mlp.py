"""Kernels of the multilayer perceptron: dense layers and softmax in float32.

The order of every operation is written out, pixels never meet in a sum, and the exponential is
made of plain multiplications and additions: a pixel's result is the same at every position, in
every strip and on every machine, which a BLAS product does not promise.
"""

import numpy as np
from numba import njit

#: Pixels per strip: the layers of one strip stay in the first-level cache.
STRIP_PX = 256

# exp(x) = 2**n * exp(r), n = floor(x / ln 2 + 1/2), ln 2 split in two so that r is exact;
# exp(r) by its Taylor series to r**7 (|r| <= 0.35, error < 1e-8 of the value).
_LOG2E = np.float32(1.4426950408889634)
_LN2_HI = np.float32(0.693359375)
_LN2_LO = np.float32(-2.12194440054690583e-4)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_ZERO = np.float32(0.0)
_LOWEST = np.float32(-87.0)
_C2, _C3, _C4, _C5, _C6, _C7 = (np.float32(1 / n) for n in (2, 6, 24, 120, 720, 5040))
_POWERS = np.array([2.0**-n for n in range(127)], dtype=np.float32)


@njit(cache=True, nogil=True)
def _dense(x: np.ndarray, w: np.ndarray, b: np.ndarray, out: np.ndarray, m: int) -> None:
    n_in = x.shape[0]
    for j in range(b.size):
        acc = out[j]
        start = b[j]
        for p in range(m):
            acc[p] = start
        i = 0
        while i + 4 <= n_in:  # four at a time: fewer loads and stores of acc, the same order
            wa, wb, wc, wd = w[i, j], w[i + 1, j], w[i + 2, j], w[i + 3, j]
            xa, xb, xc, xd = x[i], x[i + 1], x[i + 2], x[i + 3]
            for p in range(m):
                acc[p] = acc[p] + wa * xa[p] + wb * xb[p] + wc * xc[p] + wd * xd[p]
            i += 4
        while i < n_in:
            wa = w[i, j]
            xa = x[i]
            for p in range(m):
                acc[p] = acc[p] + wa * xa[p]
            i += 1


@njit(cache=True, nogil=True)
def mlp_scores(
    features: np.ndarray, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray
) -> np.ndarray:
    """Return the outputs of the network before the softmax.

    Parameters
    ----------
    features : numpy.ndarray
        float32 ``(feature, n)``, C-contiguous; NaN gives any result.
    w1, b1, w2, b2 : numpy.ndarray
        float32 ``(feature, hidden)``, ``(hidden,)``, ``(hidden, class)``, ``(class,)``.

    Returns
    -------
    numpy.ndarray
        float32 ``(class, n)``.
    """
    n_in, n = features.shape
    n_hidden, n_out = w2.shape
    x = np.empty((n_in, STRIP_PX), np.float32)
    hidden = np.empty((n_hidden, STRIP_PX), np.float32)
    strip = np.empty((n_out, STRIP_PX), np.float32)
    scores = np.empty((n_out, n), np.float32)
    for start in range(0, n, STRIP_PX):
        m = min(STRIP_PX, n - start)
        for i in range(n_in):
            for p in range(m):
                x[i, p] = features[i, start + p]
        _dense(x, w1, b1, hidden, m)
        for j in range(n_hidden):
            unit = hidden[j]
            for p in range(m):
                unit[p] = unit[p] if unit[p] > _ZERO else _ZERO
        _dense(hidden, w2, b2, strip, m)
        for k in range(n_out):
            for p in range(m):
                scores[k, start + p] = strip[k, p]
    return scores


def mlp_scores_numpy(
    features: np.ndarray, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray
) -> np.ndarray:
    """Twin of :func:`mlp_scores`."""
    hidden = np.maximum(_dense_numpy(features, w1, b1), _ZERO)
    return _dense_numpy(hidden, w2, b2)


def _dense_numpy(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    out = np.empty((b.size, x.shape[1]), np.float32)
    for j in range(b.size):
        acc = np.full(x.shape[1], b[j], np.float32)
        for i in range(x.shape[0]):
            acc += w[i, j] * x[i]
        out[j] = acc
    return out


@njit(cache=True, nogil=True)
def _exp(x: np.float32) -> np.float32:
    x = x if x > _LOWEST else _LOWEST
    n = np.floor(x * _LOG2E + _HALF)
    r = x - n * _LN2_HI - n * _LN2_LO
    e = _C6 + r * _C7
    e = _C5 + r * e
    e = _C4 + r * e
    e = _C3 + r * e
    e = _C2 + r * e
    e = _ONE + r * e
    e = _ONE + r * e
    result: np.float32 = e * _POWERS[np.int32(-n)]
    return result


@njit(cache=True, nogil=True)
def _top_score(scores: np.ndarray, start: int, m: int, top: np.ndarray) -> None:
    for p in range(m):
        top[p] = scores[0, start + p]
    for k in range(1, scores.shape[0]):
        row = scores[k, start : start + m]
        for p in range(m):
            top[p] = row[p] if row[p] > top[p] else top[p]


@njit(cache=True, nogil=True)
def softmax(scores: np.ndarray, inverse_temperature: np.float32) -> np.ndarray:
    """Return ``exp(s / T)`` over its sum over the classes, with the largest score taken off first.

    Parameters
    ----------
    scores : numpy.ndarray
        float32 ``(class, n)``, C-contiguous, finite.
    inverse_temperature : numpy.float32
        1 / T > 0.

    Returns
    -------
    numpy.ndarray
        float32 ``(class, n)``; each column sums to 1 but for rounding.
    """
    n_class, n = scores.shape
    out = np.empty((n_class, n), np.float32)
    top = np.empty(STRIP_PX, np.float32)
    total = np.empty(STRIP_PX, np.float32)
    for start in range(0, n, STRIP_PX):
        m = min(STRIP_PX, n - start)
        _top_score(scores, start, m, top)
        for p in range(m):
            total[p] = _ZERO
        for k in range(n_class):
            row = scores[k, start : start + m]
            res = out[k, start : start + m]
            for p in range(m):
                e = _exp((row[p] - top[p]) * inverse_temperature)
                res[p] = e
                total[p] = total[p] + e
        for k in range(n_class):
            res = out[k, start : start + m]
            for p in range(m):
                res[p] = res[p] / total[p]
    return out


def softmax_numpy(scores: np.ndarray, inverse_temperature: np.float32) -> np.ndarray:
    """Twin of :func:`softmax`."""
    x = np.maximum((scores - scores.max(axis=0)) * inverse_temperature, _LOWEST)
    n = np.floor(x * _LOG2E + _HALF)
    r = x - n * _LN2_HI - n * _LN2_LO
    e = _C6 + r * _C7
    for c in (_C5, _C4, _C3, _C2, _ONE, _ONE):
        e = c + r * e
    e = e * _POWERS[(-n).astype(np.int32)]
    total = np.zeros(scores.shape[1], np.float32)
    for row in e:
        total += row
    return np.asarray(e / total)
