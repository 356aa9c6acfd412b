from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scene_files import noise, write_tif

from habitat.domain.resample import Rect
from habitat.io.file_cache import BlockCache, HandlePool, file_id
from habitat.io.scenes.scene_raster import open_scene_raster, read_rect

BLOCK = (("file",), 1, 0, 0)


def test_threads_that_want_one_block_decode_it_once():
    decoded, cache = [], BlockCache(1000)

    def decode():
        decoded.append(1)
        return np.zeros(10, np.uint8)

    with ThreadPoolExecutor(8) as pool:
        blocks = list(pool.map(lambda _: cache.get(BLOCK, decode), range(50)))
    assert len(decoded) == 1
    assert all(block is blocks[0] for block in blocks)
    with pytest.raises(ValueError, match="read-only"):
        blocks[0][0] = 1


def test_the_block_that_was_not_used_for_longest_makes_room():
    decoded, cache = [], BlockCache(20)

    def get(name):
        def decode():
            decoded.append(name)
            return np.zeros(10, np.uint8)

        cache.get(((name,), 1, 0, 0), decode)

    for name in "abacab":
        get(name)
    assert "".join(decoded) == "abcb"


@pytest.mark.parametrize("rect", [Rect(-5, 3, 40, 50), Rect(17, 33, 1, 1), Rect(0, 0, 100, 100)])
def test_blocks_give_the_pixels_of_a_plain_read(tmp_path, rect):
    values = noise((70, 90), 3, 1, 9000)
    path = write_tif(tmp_path / "a.tif", values[None])
    with open_scene_raster(path) as dataset:
        plain = read_rect(dataset, 1, rect, 7)
        for _ in range(2):
            np.testing.assert_array_equal(read_rect(dataset, 1, rect, 7, file_id(path)), plain)


def test_a_file_that_was_replaced_is_read_again(tmp_path):
    whole = Rect(0, 0, 64, 64)
    for value in (5, 6):
        path = write_tif(tmp_path / "a.tif", np.full((1, 64, 64), value, np.uint16))
        with open_scene_raster(path) as dataset:
            assert read_rect(dataset, 1, whole, 0, file_id(path)).max() == value


class Handle:
    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


def test_a_handle_has_one_user_at_a_time():
    pool, handle = HandlePool(2), Handle()
    pool.give((1, 2, 3, 4), handle)
    assert pool.take((1, 2, 3, 5)) is None
    assert pool.take((1, 2, 3, 4)) is handle
    assert pool.take((1, 2, 3, 4)) is None


def test_no_more_files_stay_open_than_allowed():
    pool, handles = HandlePool(2), [Handle() for _ in range(3)]
    for i, handle in enumerate(handles):
        pool.give((i, 0, 0, 0), handle)
    assert [handle.closed for handle in handles] == [True, False, False]
    assert pool.take((0, 0, 0, 0)) is None


def test_a_file_that_was_replaced_is_opened_anew(tmp_path):
    path = tmp_path / "scene.tif"
    for value in (3, 4):
        new = tmp_path / "new.tif"
        write_tif(new, np.full((1, 16, 16), value, np.uint16))
        new.replace(path)
        with open_scene_raster(path) as dataset:
            assert dataset.read(1).max() == value
