import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from habitat.domain.errors import ResourceError, VerificationError
from habitat.io.release.tile_store import TileStore

KEY = "ab" * 32
ARRAYS = {
    "a/b": np.arange(12, dtype=np.uint16).reshape(3, 4),
    "empty": np.zeros((0, 5), np.float32),
    "text": np.array(["x", "yy"]),
}


def test_what_is_written_is_read_back_with_dtype_and_shape(tmp_path):
    store = TileStore(tmp_path)
    store.write(KEY, ARRAYS)
    back = store.read(KEY)
    assert back.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(back[name], array)
        assert back[name].dtype == array.dtype


def test_only_the_asked_arrays_are_read(tmp_path):
    store = TileStore(tmp_path)
    store.write(KEY, ARRAYS)
    assert list(store.read(KEY, "a/")) == ["a/b"]


@given(st.data())
def test_any_flipped_bit_is_found(tmp_path_factory, data):
    store = TileStore(tmp_path_factory.mktemp("store"))
    store.write(KEY, ARRAYS)
    path = store.path(KEY)
    content = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with pytest.raises(VerificationError, match=KEY):
        store.read(KEY)


def test_a_truncated_result_is_not_there_and_is_swept(tmp_path):
    store = TileStore(tmp_path)
    store.write(KEY, ARRAYS)
    path = store.path(KEY)
    path.write_bytes(path.read_bytes()[:-1])
    assert not store.has(KEY)
    assert not path.exists()


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / KEY[:2]).write_text("a file stands where the folder should be")
    with pytest.raises(ResourceError, match="run again"):
        TileStore(tmp_path).write(KEY, ARRAYS)


def test_objects_are_refused_because_reading_them_would_run_code(tmp_path):
    with pytest.raises(TypeError, match="objects"):
        TileStore(tmp_path).write(KEY, {"a": np.array([object()])})


def test_prune_keeps_what_is_named(tmp_path):
    store = TileStore(tmp_path)
    other = "cd" * 32
    store.write(KEY, ARRAYS)
    store.write(other, ARRAYS)
    assert store.prune([KEY]) == 1
    assert store.has(KEY)
    assert not store.has(other)


def test_a_read_does_not_look_at_arrays_that_nobody_asked_for(tmp_path):
    store = TileStore(tmp_path)
    store.write(KEY, ARRAYS)
    path = store.path(KEY)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # the last array is "text"
    path.write_bytes(content)
    np.testing.assert_array_equal(store.read(KEY, "a/")["a/b"], ARRAYS["a/b"])
    assert not store.has(KEY)


def test_bytes_after_the_last_array_are_found(tmp_path):
    store = TileStore(tmp_path)
    store.write(KEY, ARRAYS)
    path = store.path(KEY)
    path.write_bytes(path.read_bytes() + b"x")
    assert not store.has(KEY)
