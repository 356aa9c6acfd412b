"""A content digest of plain values, dataclasses, models and arrays."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

import numpy as np
from pydantic import BaseModel


def digest(*values: Any) -> str:
    """Return the SHA-256 of values, the same in every process, folder and time zone.

    Raises
    ------
    TypeError
        For a value that has no canonical form (a set, an open file, a function).
    """
    hasher = hashlib.sha256()
    for value in values:
        _update(hasher, value)
    return hasher.hexdigest()


def _update(hasher: Any, value: Any) -> None:
    # Each branch writes a tag and a length or terminator, so that no two values share bytes.
    if isinstance(value, np.ndarray):
        hasher.update(_array(value))
    elif isinstance(value, BaseModel):
        hasher.update(f"model {type(value).__name__} {value.model_dump_json()}\n".encode())
    elif isinstance(value, Mapping):
        hasher.update(f"mapping {len(value)}\n".encode())
        for key in sorted(value, key=repr):
            _update(hasher, key)
            _update(hasher, value[key])
    elif isinstance(value, list | tuple):
        hasher.update(f"sequence {len(value)}\n".encode())
        for item in value:
            _update(hasher, item)
    else:
        parts = _parts(value)
        hasher.update(_scalar(value) if parts is None else f"{type(value).__name__}\n".encode())
        if parts is not None:
            _update(hasher, parts)


def _parts(value: Any) -> Any:
    """Return what stands for an object: what it says itself, or its fields; None for a scalar."""
    if hasattr(value, "digest_parts"):
        return value.digest_parts()
    if is_dataclass(value) and not isinstance(value, type):
        return [(entry.name, getattr(value, entry.name)) for entry in fields(value)]
    return None


def _array(value: np.ndarray) -> bytes:
    if value.dtype.hasobject:
        raise TypeError("digest: expected arrays of plain values, got one of objects")
    return f"array {value.dtype.str} {value.shape}\n".encode() + value.tobytes()


def _scalar(value: Any) -> bytes:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, date | datetime):
        value = value.isoformat()
    if isinstance(value, PurePath):
        value = value.as_posix()
    if isinstance(value, bytes):
        return b"bytes %d " % len(value) + value
    if value is None or isinstance(value, bool | int | float | str):
        return f"{type(value).__name__} {json.dumps(value)}\n".encode()
    raise TypeError(f"digest: expected plain values, dataclasses or arrays, got {type(value)}")
