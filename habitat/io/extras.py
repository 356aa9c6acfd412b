"""Libraries that are installed only by those who need them."""

from importlib.util import find_spec

from habitat.domain.errors import ConfigError


def require_extra(library: str, extra: str, what: str) -> None:
    """Refuse what needs a library that is not installed.

    Raises
    ------
    ConfigError
        With the command that installs it.
    """
    if find_spec(library) is None:
        raise ConfigError(
            f"{what}: expected the library {library}, it is not installed. "
            f"Run: pip install 'habitat-change[{extra}]'"
        )
