"""Public catalogues of Sentinel-2 L2A, and how their files are asked for."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from habitat.io.net.http import BadBodyError, Http
from habitat.io.net.http_policy import Reply, Request
from habitat.io.secrets import register_secret
from habitat.io.stac.stac_search import Catalogue

#: Tokens of the Planetary Computer live about an hour; another is fetched long before [s].
TOKEN_SECONDS = 1200.0
_BLOBS = ".blob.core.windows.net"


@dataclass(frozen=True, slots=True)
class Preset:
    """A public catalogue.

    Attributes
    ----------
    catalogue : Catalogue
        Address and collection.
    hosts : tuple of str
        Where its items and files are.
    token_url : str
        Gives signatures for files; empty where none are wanted.
    """

    catalogue: Catalogue
    hosts: tuple[str, ...]
    token_url: str = ""


#: Terrain-corrected Sentinel-1, by the same names; computed by Catalyst from GRD products.
RADAR_PRESETS = {
    "planetary-computer": Preset(
        Catalogue("https://planetarycomputer.microsoft.com/api/stac/v1", "sentinel-1-rtc"),
        ("planetarycomputer.microsoft.com", "sentinel1euwestrtc.blob.core.windows.net"),
        "https://planetarycomputer.microsoft.com/api/sas/v1/token",
    ),
}

#: By the name that pipeline files use. Both serve one file per band, as COG, without an account.
PRESETS = {
    "earth-search": Preset(
        Catalogue("https://earth-search.aws.element84.com/v1", "sentinel-2-l2a"),
        (
            "earth-search.aws.element84.com",
            "sentinel-cogs.s3.us-west-2.amazonaws.com",
            "e84-earth-search-sentinel-data.s3.us-west-2.amazonaws.com",
        ),
    ),
    "planetary-computer": Preset(
        Catalogue("https://planetarycomputer.microsoft.com/api/stac/v1", "sentinel-2-l2a"),
        ("planetarycomputer.microsoft.com", "sentinel2l2a01.blob.core.windows.net"),
        "https://planetarycomputer.microsoft.com/api/sas/v1/token",
    ),
}


@dataclass(slots=True)
class BlobSigner:
    """Adds the signature that blob storage wants; one per container, shared by all threads.

    Attributes
    ----------
    http : Http
        Client.
    token_url : str
        ``token_url/account/container`` gives ``{"token": …}``.
    monotonic : callable
        Seconds that never go back; a token is judged by the time since it was fetched.
    """

    http: Http
    token_url: str
    monotonic: Callable[[], float]
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def sign(self, url: str) -> str:
        """Return the URL with a signature; as it is where the host wants none."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host.endswith(_BLOBS):
            return url
        container = f"{host.removesuffix(_BLOBS)}/{parts.path.split('/')[1]}"
        return f"{url}{'&' if parts.query else '?'}{self._token(container)}"

    def _token(self, container: str) -> str:
        with self._lock:
            fetched, token = self._tokens.get(container, (0.0, ""))
            if not token or self.monotonic() - fetched > TOKEN_SECONDS:
                request = Request(
                    f"{self.token_url}/{container}",
                    content_types=("application/json",),
                    max_bytes=1 << 16,
                )
                token = self.http.fetch(request, _decode_token)
                self._tokens[container] = (self.monotonic(), token)
            return token


def _decode_token(reply: Reply) -> str:
    document = json.loads(reply.body)
    token = document.get("token") if isinstance(document, dict) else None
    if not isinstance(token, str) or not token:
        raise BadBodyError("expected a token, got JSON of another kind")
    register_secret(token)
    for signature in parse_qs(token).get("sig", []):
        register_secret(signature)
    return token
