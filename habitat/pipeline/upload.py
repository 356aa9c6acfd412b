"""The copy of a published release in object storage; imported only where a pipeline asks for it."""

import logging
from datetime import datetime
from pathlib import Path

from habitat.domain.errors import CredentialsError, RemoteError
from habitat.io.net.object_store import ObjectStore
from habitat.io.release.release_objects import copy_release, prune_objects
from habitat.io.settings import s3_access
from habitat.pipeline.config import PipelineConfig
from habitat.pipeline.runner import Reporter

log = logging.getLogger(__name__)


def upload(release: Path, config: PipelineConfig, now: datetime, reporter: Reporter) -> None:
    """Copy a release to ``<copy_to>/<name>``, make it current there, and let old ones go.

    Raises
    ------
    HabitatError
        As :func:`habitat.io.release.release_objects.copy_release`; the release here stays
        published.
    """
    store = ObjectStore(f"{str(config.copy_to).rstrip('/')}/{config.name}", s3_access())
    if copy_release(release, store):
        reporter.note(f"copied to {store.url}")
    try:
        for name in prune_objects(store, now=now, keep=config.keep_releases):
            log.info("old release %s removed from %s", name, store.url)
    except (CredentialsError, RemoteError) as fault:  # no fault of the new release
        log.warning("old releases stay at %s: %s", store.url, fault)
