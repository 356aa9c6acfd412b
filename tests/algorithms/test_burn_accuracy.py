"""Tests of habitat.algorithms.burn_accuracy."""

import numpy as np

from habitat.algorithms.burn_accuracy import burn_accuracy, burn_confusion, day_bins


def test_a_burn_map_worked_by_hand():
    mapped = np.array([1, 1, 1, 0, 0, 0, 1, 0], bool)
    reference = np.array([1, 1, 0, 1, 0, 0, 0, 1], bool)
    stratum = np.array([0, 0, 0, 0, 0, 1, 255, 255], np.uint8)
    counts = burn_confusion(mapped, reference, stratum, 2)
    assert counts[0].tolist() == [[1, 1], [1, 2]]
    found = burn_accuracy(counts)
    assert found.n.tolist() == [5, 1]
    assert found.dice[0] == 4 / 6
    assert found.omission[0] == 1 / 3
    assert found.commission[0] == 1 / 3
    assert found.bias[0] == 0
    for values in (found.dice, found.omission, found.commission, found.bias):
        assert np.isnan(values[1])


def test_tiles_add_up():
    rng = np.random.default_rng(3)
    mapped, reference = rng.random((2, 10, 12)) < 0.4
    stratum = rng.integers(0, 4, (10, 12)).astype(np.uint8)
    whole = burn_confusion(mapped, reference, stratum, 3)
    tiles = [burn_confusion(mapped[s], reference[s], stratum[s], 3) for s in (np.s_[:3], np.s_[3:])]
    assert (tiles[0] + tiles[1] == whole).all()
    assert whole.sum() == (stratum < 3).sum()


def test_days_fall_into_bins_by_their_first_day():
    days = np.array([-1, 0, 4, 5, 19, 20, 400], np.int32)
    assert day_bins(days, [5, 20]).tolist() == [255, 0, 0, 1, 1, 2, 2]
