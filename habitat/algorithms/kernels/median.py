"""Masked median over time by a sorting network on strips that stay in the first cache."""

import numpy as np
from numba import njit

#: Stands for an invalid value, so that it sorts to the end. A valid 65535 sorts beside it.
_LAST = np.uint16(65535)
#: Samples of one strip: 16 Ki uint16 are 32 KiB.
_STRIP_SAMPLES = 16_384


def sorting_network(n: int) -> np.ndarray:
    """Return the comparators that sort ``n`` values, int64 ``(m, 2)``, smaller value to the first.

    References
    ----------
    Batcher (1968), odd-even merging, 10.1145/1468075.1468121, in the form for any ``n`` of
    Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M.
    """
    pairs: list[tuple[int, int]] = []
    top = 1 << max(0, (n - 1).bit_length() - 1)
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while True:
            pairs += [(i, i + d) for i in range(n - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


@njit(cache=True, nogil=True)
def _exchange(low: np.ndarray, high: np.ndarray) -> None:
    for j in range(low.shape[0]):
        a, b = low[j], high[j]
        low[j] = min(a, b)
        high[j] = max(a, b)


@njit(cache=True, nogil=True)
def _fill(value: np.ndarray, seen: np.ndarray, row: np.ndarray, n_valid: np.ndarray) -> None:
    for j in range(value.shape[0]):
        good = seen[j] & (value[j] != 0)
        row[j] = value[j] if good else _LAST
        n_valid[j] += np.uint16(1) if good else np.uint16(0)


@njit(cache=True, nogil=True)
def _pick(row: np.ndarray, at: np.uint16, place: np.ndarray, picked: np.ndarray) -> None:
    # Adding the value or zero, not a conditional store: a branch costs three times the network.
    for j in range(row.shape[0]):
        picked[j] += row[j] * np.uint16(place[j] == at)


@njit(cache=True, nogil=True)
def _mean_half_up(
    lower: np.ndarray, upper: np.ndarray, n_valid: np.ndarray, out: np.ndarray
) -> None:
    for j in range(out.shape[0]):
        a, b = lower[j], upper[j]
        # (a + b + 1) // 2 without leaving 16 bits.
        mean = (a >> 1) + (b >> 1) + ((a | b) & 1)
        out[j] = mean if n_valid[j] > 0 else np.uint16(0)


@njit(cache=True, nogil=True)
def masked_median(
    values: np.ndarray, valid: np.ndarray, network: np.ndarray, out: np.ndarray
) -> None:
    """Write the median over the first axis into ``out``.

    Parameters
    ----------
    values : numpy.ndarray
        uint16 ``(time, n)``; 0 is no data.
    valid : numpy.ndarray
        bool ``(time, n)``.
    network : numpy.ndarray
        Of :func:`sorting_network`.
    out : numpy.ndarray
        uint16 ``(n,)``: the mean of the middle two rounded half up, 0 where nothing is valid.
    """
    n_times, n = values.shape
    width = min(n, max(64, _STRIP_SAMPLES // max(n_times, 1) // 64 * 64))
    rows = np.empty((n_times, width), np.uint16)
    n_valid = np.empty(width, np.uint16)
    lower_at = np.empty(width, np.uint16)
    upper_at = np.empty(width, np.uint16)
    lower = np.empty(width, np.uint16)
    upper = np.empty(width, np.uint16)
    for start in range(0, n, max(width, 1)):
        end = min(n, start + width)
        n_valid[:] = 0
        lower[:] = 0
        upper[:] = 0
        for t in range(n_times):
            _fill(values[t, start:end], valid[t, start:end], rows[t], n_valid)
        # Whole rows, also in the last strip: contiguous rows are what the compiler vectorizes.
        for k in range(network.shape[0]):
            _exchange(rows[network[k, 0]], rows[network[k, 1]])
        for j in range(width):
            upper_at[j] = n_valid[j] >> 1
            lower_at[j] = (n_valid[j] - 1) >> 1 if n_valid[j] > 0 else 0
        # A scan with a select beats a gather: it stays in vector registers.
        for t in range(n_times):
            _pick(rows[t], np.uint16(t), lower_at, lower)
            _pick(rows[t], np.uint16(t), upper_at, upper)
        _mean_half_up(lower, upper, n_valid, out[start:end])


def masked_median_numpy(
    values: np.ndarray, valid: np.ndarray, network: np.ndarray, out: np.ndarray
) -> None:
    """Write the median over the first axis into ``out``: the twin of :func:`masked_median`."""
    good = valid & (values != 0)
    rows = np.where(good, values, _LAST)
    for first, second in network:
        rows[[first, second]] = (
            np.minimum(*rows[[first, second]]),
            np.maximum(*rows[[first, second]]),
        )
    count = good.sum(axis=0)
    if not len(rows):
        out[:] = 0
        return
    at = np.clip([(count - 1) // 2, count // 2], 0, len(rows) - 1)
    lower, upper = np.take_along_axis(rows, at, axis=0).astype(np.uint32)
    out[:] = np.where(count > 0, (lower + upper + 1) // 2, 0)
