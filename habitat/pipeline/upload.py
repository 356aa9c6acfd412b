"""The copy of a published release in object storage; imported only where a pipeline asks for it."""

from pathlib import Path

from habitat.io.net.object_store import ObjectStore
from habitat.io.release.release_objects import copy_release
from habitat.io.settings import s3_access
from habitat.pipeline.runner import Reporter


def upload(release: Path, url: str, name: str, reporter: Reporter) -> None:
    """Copy a release to ``url/<name>`` and make it the current one there.

    Raises
    ------
    HabitatError
        As :func:`habitat.io.release.release_objects.copy_release`; the release here stays
        published.
    """
    store = ObjectStore(f"{url.rstrip('/')}/{name}", s3_access())
    if copy_release(release, store):
        reporter.note(f"copied to {store.url}")
