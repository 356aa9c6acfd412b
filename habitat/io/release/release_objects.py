"""A sealed release in object storage: files first, manifest next, ``CURRENT`` last.

::

    s3://bucket/prefix/
        CURRENT                  releases/<id>: what readers follow, replaced as one object
        releases/<id>/…          the same files as on disk

Every object is read back and hashed before ``CURRENT`` names the release. A copy that broke off
goes on: an object that already has the right bytes is not sent again. Old releases go by the rule
of those on disk, manifest first: a removal that broke off leaves none that only looks whole.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from habitat.domain.errors import LockError, RemoteError, VerificationError
from habitat.io.durable import sha256_file
from habitat.io.net.object_store import ChangedMeanwhileError, NoConditionsError, ObjectStore
from habitat.io.release.manifest import (
    MANIFEST,
    MAX_MANIFEST_BYTES,
    RECORD,
    Fault,
    is_as_written,
    parse_manifest,
    read_manifest,
)
from habitat.io.release.retention import outdated

log = logging.getLogger(__name__)

CURRENT = "CURRENT"
_MAX_CURRENT_BYTES = 1_000


def copy_release(release: Path, store: ObjectStore) -> bool:
    """Copy a release and make it the current one there; say whether anything was to do.

    Parameters
    ----------
    release : Path
        A sealed release.
    store : ObjectStore
        Where the pipeline's releases go.

    Raises
    ------
    RemoteError
        If an object cannot be written, or reads back as other bytes; the old release stays.
    LockError
        If another run made its release current meanwhile.
    VerificationError
        If a file here is not as it was published.
    """
    target = f"releases/{release.name}"
    wanted, before = f"{target}\n".encode(), store.read(CURRENT, _MAX_CURRENT_BYTES)
    if before is not None and before[0] == wanted:
        return False
    files = read_manifest(release)
    for name in sorted(files):
        _ensure(release, name, target, store, files[name].get("sha256"))
    _ensure(release, MANIFEST, target, store, None)
    _point_to(store, wanted, before[1] if before else None)
    return True


def _ensure(
    release: Path, name: str, target: str, store: ObjectStore, published: str | None
) -> None:
    """Leave an object with the bytes of a file, sent only where it has not."""
    digest = sha256_file(release / name)
    if published is not None and digest != published:
        raise VerificationError(f"{release / name}: not as it was published. Run again.")
    key = f"{target}/{name}"
    if store.sha256(key) == digest:
        return
    store.put_file(key, release / name)
    if store.sha256(key) != digest:
        raise RemoteError(
            f"{store.url}/{key}: expected the bytes that were sent, other ones are read back. "
            "The release before stays current. Run the same command again."
        )


def _point_to(store: ObjectStore, wanted: bytes, tag: str | None) -> None:
    try:
        store.swap(CURRENT, wanted, tag)
    except NoConditionsError:
        log.warning("%s knows no conditional writes: let one run at a time publish", store.url)
        store.put(CURRENT, wanted)
    except ChangedMeanwhileError:
        log.debug("%s/%s is another object than before", store.url, CURRENT)
    now = store.read(CURRENT, _MAX_CURRENT_BYTES)
    if now is None or now[0] != wanted:  # an answer that was lost made the write come twice
        raise LockError(
            f"{store.url}/{CURRENT}: another run made its release current meanwhile. "
            "Run the same command again if this one is to be current."
        )


def prune_objects(store: ObjectStore, *, now: datetime, keep: int) -> list[str]:
    """Remove old releases, and what is left of copies and removals that broke off.

    ``CURRENT`` is asked again before each, since another machine may write there too.

    Parameters
    ----------
    store : ObjectStore
        Of a pipeline.
    now : datetime
        The time, timezone-aware.
    keep : int
        So many of the newest stay, whatever their age.

    Returns
    -------
    list of str
        Ids that were removed.

    Raises
    ------
    HabitatError
        If an object cannot be listed or removed; what is left goes the next time.
    """
    objects: dict[str, dict[str, datetime]] = {}
    for path, at in store.written("releases"):
        release_id, _, name = path.partition("/")
        objects.setdefault(release_id, {})[name] = at
    whole = {of: names[MANIFEST] for of, names in objects.items() if MANIFEST in names}
    broken = {of: max(names.values()) for of, names in objects.items() if of not in whole}
    current = _current(store)
    if current is None:
        return []
    removed = []
    old = outdated(whole, current, now=now, keep=keep) + outdated(broken, current, now=now, keep=0)
    for release_id in old:
        if _current(store) != release_id:
            for name in sorted(objects[release_id], key=lambda name: (name != MANIFEST, name)):
                store.remove(f"releases/{release_id}/{name}")
            removed.append(release_id)
    return removed


def _current(store: ObjectStore) -> str | None:
    found = store.read(CURRENT, _MAX_CURRENT_BYTES)
    if found is None:
        return None
    return found[0].decode("utf-8", "replace").strip().removeprefix("releases/")


def verify_objects(store: ObjectStore) -> list[Fault]:
    """Compare a release in object storage with its manifest; all bytes are read.

    Parameters
    ----------
    store : ObjectStore
        At a release, or at a folder with ``CURRENT``.

    Raises
    ------
    VerificationError
        If there is no release, or its manifest cannot be read.
    """
    found = store.read(CURRENT, _MAX_CURRENT_BYTES)
    base = "" if found is None else found[0].decode("utf-8", "replace").strip() + "/"
    manifest = store.read(base + MANIFEST, MAX_MANIFEST_BYTES)
    where = f"{store.url}/{base}{MANIFEST}: expected the manifest of a release"
    if manifest is None:
        raise VerificationError(f"{where}, got none. Without it there is no release.")
    files = parse_manifest(manifest[0], where)
    strays = {name for name, _ in store.written(base.rstrip("/"))} - {*files, MANIFEST}
    faults = [Fault(name, "stray") for name in strays]
    older = set(json.loads(manifest[0])) == {"files"}
    for name, entry in files.items():
        kind = "" if name == RECORD and older else _fault(store, base + name, entry)
        faults += [Fault(name, kind)] if kind else []
    return sorted(faults, key=lambda fault: (fault.path, fault.kind))


def _fault(store: ObjectStore, name: str, entry: Mapping[str, Any]) -> str:
    if entry.get("role") == "record":
        record = store.read(name, MAX_MANIFEST_BYTES)
        return "missing" if record is None else "" if is_as_written(record[0]) else "changed"
    digest = store.sha256(name)
    return "missing" if digest is None else "" if digest == entry.get("sha256") else "changed"
