"""Strict JSON with arrays inside: sizes, depth, types, shapes and digests are checked."""

import base64
import binascii
import hashlib
import json
import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

from habitat.domain.errors import ModelError

MAX_FILE_BYTES = 200_000_000
#: Of one array, inflated.
MAX_ARRAY_BYTES = 200_000_000
MAX_DEPTH = 12
#: How files that run code when loaded begin.
_CODE_MAGIC = {
    b"\x80": "a Python pickle (joblib, scikit-learn, torch)",
    b"PK": "a zip archive (skops, torch, npz)",
    b"\x93NUMPY": "a NumPy array file",
    b"\x78": "a compressed joblib pickle",
    b"\x1f\x8b": "a gzip file",
}
_T = TypeVar("_T")


def refuse(message: str) -> NoReturn:
    """Raise a :class:`ModelError`."""
    raise ModelError(message)


def array_out(array: np.ndarray, dtype: str) -> dict[str, Any]:
    """Return an array as JSON: little-endian ``dtype``, deflated, base64."""
    raw = np.ascontiguousarray(array, dtype=dtype).tobytes()
    return {
        "dtype": dtype,
        "shape": array.shape,
        "sha256": hashlib.sha256(raw).hexdigest(),
        "data": base64.b64encode(zlib.compress(raw, 6)).decode(),
    }


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file.

    Raises
    ------
    ModelError
        If it is too large, not JSON (a pickle is named as such), too deep, has a key twice or a
        number that is not finite.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            refuse(f"expected at most {MAX_FILE_BYTES} bytes, got {path.stat().st_size}")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror or error}") from error
    if not data.lstrip().startswith(b"{"):
        kind = next((k for magic, k in _CODE_MAGIC.items() if data.startswith(magic)), "no JSON")
        refuse(
            f"expected a JSON object, got {kind}; pickles and the like are "
            "never loaded, because loading one runs the code in it"
        )
    try:
        document = json.loads(data, object_pairs_hook=_no_duplicates, parse_constant=_refuse_number)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"expected valid JSON, got: {error}") from error
    _check_depth(document)
    return dict(document)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        refuse(f"expected each key once, got {[key for key, _ in pairs][:20]}")
    return found


def _refuse_number(text: str) -> NoReturn:
    refuse(f"expected finite numbers, got {text}")


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    if level:
        refuse(f"expected at most {MAX_DEPTH} levels, got more")


def take(node: Any, key: str, kind: type[_T]) -> _T:
    """Return ``node[key]`` if it is exactly of this type, or refuse."""
    value = node.get(key) if isinstance(node, dict) else None
    if type(value) is not kind:
        refuse(f"{key}: expected {kind.__name__}, got {type(value).__name__}")
    return value


def number(node: Any, key: str) -> float:
    """Return ``node[key]`` if it is a finite number with a decimal point, or refuse."""
    value = take(node, key, float)
    if not math.isfinite(value):
        refuse(f"{key}: expected a finite number, got {value}")
    return value


def tuple_of(node: Any, key: str, kind: type[_T]) -> tuple[_T, ...]:
    """Return the list ``node[key]`` if all its items are exactly of this type, or refuse."""
    values = take(node, key, list)
    if not all(type(v) is kind for v in values):
        refuse(f"{key}: expected a list of {kind.__name__}")
    return tuple(values)


def each(node: Any, key: str, make: Callable[[Any], _T]) -> tuple[_T, ...]:
    """Return what ``make`` makes of each item of the list ``node[key]``."""
    return tuple(make(item) for item in take(node, key, list))


def array_in(node: dict[str, Any], name: str, dtype: str, ndim: int) -> np.ndarray:
    """Return the array of :func:`array_out`, of this type and number of dims, or refuse."""
    shape = tuple_of(node, "shape", int)
    if node.get("dtype") != dtype or len(shape) != ndim or any(n < 0 for n in shape):
        refuse(f"{name}: expected {dtype} of {ndim} dims, got {node.get('dtype')!r} {list(shape)}")
    size = math.prod((np.dtype(dtype).itemsize, *shape))
    if size > MAX_ARRAY_BYTES:
        refuse(f"{name}: expected at most {MAX_ARRAY_BYTES} bytes, got shape {list(shape)}")
    raw = _inflate(take(node, "data", str), size, name)
    if hashlib.sha256(raw).hexdigest() != node.get("sha256"):
        refuse(f"{name}: expected bytes with sha256 {node.get('sha256')}, got others")
    array = np.frombuffer(raw, dtype=dtype).reshape(shape)
    return array.astype(array.dtype.newbyteorder("="))


def _inflate(text: str, size: int, name: str) -> bytes:
    try:
        packed = base64.b64decode(text, validate=True)
        # One byte more than declared is enough to see that there is more: no bomb goes off.
        raw = zlib.decompressobj().decompress(packed, size + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ModelError(f"{name}: expected deflated base64, got: {error}") from error
    if len(raw) != size:
        refuse(f"{name}: expected {size} bytes by its shape, got {len(raw)} or more")
    return raw
