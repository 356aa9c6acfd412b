import numpy as np
from shapely.geometry import MultiPolygon, box

from habitat.domain.grid import Grid, Window
from habitat.io.raster.vectorise import PixelRuns, near_pairs, outlines


def square(x, y, side=100):
    return MultiPolygon([box(x, y, x + side, y + side)])


def test_pairs_are_near_from_edge_to_edge_up_to_the_very_distance():
    shapes = {7: square(0, 0), 2: square(1100, 0), 5: square(0, 1101), 9: square(1100, 1150)}
    assert sorted(near_pairs(shapes, 1000).tolist()) == [[2, 7], [5, 9]]


def test_parts_of_one_object_are_near_through_any_of_them():
    shapes = {1: MultiPolygon([box(0, 0, 10, 10), box(5000, 0, 5010, 10)]), 2: square(5500, 0)}
    assert near_pairs(shapes, 1000).tolist() == [[1, 2]]


def test_without_objects_there_are_no_pairs():
    assert near_pairs({}, 1000).shape == (0, 2)
    assert near_pairs({3: square(0, 0)}, 1000).shape == (0, 2)


def test_outlines_do_not_depend_on_where_the_runs_were_cut():
    labels = np.zeros((6, 8), np.int32)
    labels[1:4, 2:7], labels[5, 0] = 3, 8
    whole = PixelRuns.of_labels(labels, Window(10, 20, 6, 8))
    parts = [
        PixelRuns.of_labels(labels[:, a:b], Window(10, 20 + a, 6, b - a))
        for a, b in ((0, 5), (5, 8))
    ]
    cut = PixelRuns(*(np.concatenate([getattr(p, n) for p in parts]) for n in PixelRuns.__slots__))
    one, two = outlines(whole, Grid(32652, 20)), outlines(cut, Grid(32652, 20))
    assert sorted(one) == sorted(two) == [3, 8]
    assert all(one[i].equals(two[i]) for i in one)
    assert one[3].area == 15 * 20**2
