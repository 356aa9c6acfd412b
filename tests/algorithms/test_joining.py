"""Objects joined over tile seams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.algorithms import joining

HALO = 2


def joined(mask, row_cuts, col_cuts):
    """Label a mask in pieces, and join."""
    padded = np.pad(mask, HALO)
    views, nodes, rows, cols = [], [], [], []
    offset = 0
    for r0, r1 in zip([0, *row_cuts], [*row_cuts, mask.shape[0]], strict=True):
        for c0, c1 in zip([0, *col_cuts], [*col_cuts, mask.shape[1]], strict=True):
            part = padded[r0 : r1 + 2 * HALO, c0 : c1 + 2 * HALO]
            labels, n = joining.label_tile(part)
            core = slice(HALO, HALO + r1 - r0), slice(HALO, HALO + c1 - c0)
            strip = joining.seam_strip(part.shape, core, HALO) & (labels > 0)
            i, j = np.nonzero(strip)
            nodes.append(labels[strip].astype(np.int64) - 1 + offset)
            rows.append(i + r0 - HALO)
            cols.append(j + c0 - HALO)
            views.append((r0, c0, labels[core], offset))
            offset += n
    rows, cols = np.concatenate(rows), np.concatenate(cols)
    group = joining.join(offset, joining.edges(np.concatenate(nodes), (rows, cols)))
    out = np.full(mask.shape, -1)
    for r0, c0, labels, start in views:
        part = out[r0 : r0 + labels.shape[0], c0 : c0 + labels.shape[1]]
        part[labels > 0] = group[labels[labels > 0] - 1 + start]
    return out


def same_partition(a, b):
    pairs = np.unique(np.stack([a.ravel(), b.ravel()]), axis=1)
    return len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


def spiral(n):
    """One arm, one pixel wide, wound with gaps of one pixel."""
    mask = np.zeros((n, n), bool)
    r, c, dr, dc = 0, 0, 0, 1
    mask[r, c] = True
    turns = 0
    while turns < 2:
        ahead = (r + 2 * dr, c + 2 * dc)
        inside = 0 <= r + dr < n and 0 <= c + dc < n
        if not inside or (0 <= ahead[0] < n and 0 <= ahead[1] < n and mask[ahead]):
            dr, dc = dc, -dr
            turns += 1
            continue
        r, c, turns = r + dr, c + dc, 0
        mask[r, c] = True
    return mask


@pytest.mark.parametrize("cuts", [([20], [20]), ([7, 8, 30], [19]), ([1], [1, 2, 3, 39])])
def test_a_spiral_over_the_seams_is_one_object(cuts):
    mask = spiral(41)
    assert joining.label_tile(mask)[1] == 1
    assert len(np.unique(joined(mask, *cuts)[mask])) == 1


@given(st.integers(0, 10**6), st.integers(1, 29), st.integers(1, 29), st.floats(0.2, 0.6))
def test_objects_do_not_depend_on_where_the_area_is_cut(seed, row, col, density):
    mask = np.random.default_rng(seed).random((30, 30)) < density
    whole = joining.label_tile(mask)[0] - 1
    assert same_partition(whole, joined(mask, [row], [col]))


def test_diagonal_neighbours_are_one_object():
    labels, n = joining.label_tile(np.eye(4, dtype=bool))
    assert n == 1
    assert labels.dtype == np.int32


def test_an_empty_area_has_no_objects():
    none = np.zeros(0, np.int64)
    assert joining.edges(none, (none, none)).shape == (0, 2)
    assert joining.join(0, np.zeros((0, 2), np.int64)).size == 0
    assert joining.join(2, np.zeros((0, 2), np.int64)).tolist() == [0, 1]
