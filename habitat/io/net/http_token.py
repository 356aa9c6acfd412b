"""One bearer token for all threads of a process."""

import threading
from collections.abc import Callable

from habitat.io.secrets import register_secret


class SharedToken:
    """A token fetched when first needed and renewed once for all threads.

    Implements :class:`habitat.io.net.http_policy.TokenProvider`.

    Parameters
    ----------
    fetch : callable
        Asks the service for a new token.
    """

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token: str | None = None

    def token(self) -> str:
        """Return the token in use, fetched on the first call."""
        with self._lock:
            return self._current()

    def renew(self, refused: str) -> str:
        """Return another token than ``refused``; who comes second gets the first one's."""
        with self._lock:
            if self._token == refused:
                self._token = None
            return self._current()

    def _current(self) -> str:
        if self._token is None:
            token = self._fetch()
            register_secret(token)
            self._token = token
        return self._token
