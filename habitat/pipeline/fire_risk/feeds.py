"""Files of the feeds, and how old they may be."""

from datetime import datetime, timedelta
from pathlib import Path

from habitat.domain.errors import ConfigError
from habitat.pipeline.config_words import Model

#: A clock may be wrong by this; what is from later has no time that is known.
AHEAD = timedelta(hours=1)


def file_of(what: str, given: Path | None, named: str | Model, project: Path) -> Path | None:
    """Return the file of a feed; None for a service, and for the word that needs none."""
    if given is not None:
        path = given
    elif isinstance(named, Model) or named in {"simulated", "none"}:
        return None
    elif named == "file":
        raise ConfigError(f"{what}: expected --{what} FILE, since the pipeline says 'file'")
    else:
        path = project / named
    if not path.is_file():
        raise ConfigError(f"{what}: expected a file at {path}, found none")
    return path


def is_stale(saved: datetime, now: datetime, needed: datetime, max_age_h: int) -> bool:
    """Too old for what it was needed for, or from the future, so that its age is not known."""
    age = min(now, needed) - saved
    return saved > now + AHEAD or age > timedelta(hours=max_age_h)
