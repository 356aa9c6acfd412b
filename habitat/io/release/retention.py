"""Which old releases may go: the same rule on disk and in object storage."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from habitat.domain.errors import ConfigError

#: Releases stay at least so long, since somebody may have the files open.
MIN_KEEP_DAYS = 7


def outdated(
    written: Mapping[str, datetime],
    current: str,
    *,
    now: datetime,
    keep: int,
    keep_days: int = MIN_KEEP_DAYS,
) -> list[str]:
    """Return the releases that may be removed, oldest first.

    Parameters
    ----------
    written : mapping of str to datetime
        When each release was published, timezone-aware, by id.
    current : str
        Id of the current release, which stays.
    now : datetime
        The time, timezone-aware.
    keep : int
        So many of the newest stay, whatever their age.
    keep_days : int
        Releases published in the last ``keep_days`` days stay; 7 or more.

    Raises
    ------
    ConfigError
        If ``keep_days`` is less than 7.
    """
    if keep_days < MIN_KEEP_DAYS:
        raise ConfigError(f"keep_days: expected {MIN_KEEP_DAYS} or more, got {keep_days}")
    limit = now - timedelta(days=keep_days)
    in_order = sorted(written, key=lambda name: (written[name], name))
    old = in_order[: max(0, len(in_order) - keep)]
    return [name for name in old if name != current and written[name] <= limit]
