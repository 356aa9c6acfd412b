"""The latest answer of a feed and when it was given, so that a service may be away for a while."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from habitat.domain.errors import RemoteError
from habitat.io.net.download_cache import DownloadCache, request_key

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Given:
    """A checked answer.

    Attributes
    ----------
    body : bytes
    issued : datetime
        When the service was asked, with a time zone: feeds do not say when they were made.
    """

    body: bytes
    issued: datetime


def latest(
    cache: DownloadCache,
    asked: dict[str, str],
    download: Callable[[], bytes],
    *,
    now: datetime,
    fresh: timedelta,
) -> Given:
    """Return an answer that is fresh; where the service is away or not asked, the last one.

    Parameters
    ----------
    cache : DownloadCache
        Keeps one answer for each question.
    asked : dict of str to str
        The question, without secrets; ``label`` is for people.
    download : callable
        Returns a body that was checked.
    now : datetime
        The clock, with a time zone.
    fresh : timedelta
        A younger answer is used without asking.

    Raises
    ------
    RemoteError
        If there is none and the service does not answer, or this run is offline.
    """
    key = request_key(asked)
    kept = _kept(cache.get(key))
    if kept is not None and (cache.offline or timedelta() <= now - kept.issued < fresh):
        return kept
    if cache.offline:
        raise RemoteError(
            f"{asked['label']}: expected an answer in the cache {cache.root}, since this run is "
            "offline; there is none. Run once without --offline."
        )
    try:
        given = Given(download(), now)
    except RemoteError as fault:
        if kept is None:
            raise
        logger.warning("%s; the answer of %s is used", fault, kept.issued.isoformat())
        return kept
    head = json.dumps({"issued": now.isoformat()}).encode()
    cache.put(key, head + b"\n" + given.body, label=asked["label"])
    return given


def _kept(entry: bytes | None) -> Given | None:
    if entry is None:
        return None
    head, _, body = entry.partition(b"\n")
    return Given(body, datetime.fromisoformat(json.loads(head)["issued"]))
