"""Secrets that this process knows, and texts without them."""

import base64
import json
import logging
import threading
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

MASK = "***"
#: Shorter texts would mask half of every line.
_MIN_LENGTH = 4
#: Parameters of a URL whose value lets its bearer in (Azure, Amazon, Google, others), and those
#: that say how, and until when.
_SECRET_PARAMETERS = frozenset(
    {"sig", "signature", "token", "x-amz-signature", "x-amz-security-token", "x-goog-signature"}
)
_OTHER_PARAMETERS = frozenset(
    {"se", "sp", "st", "sv", "sr", "skoid", "sktid", "skt", "ske", "sks", "skv", "expires"}
    | {"policy", "key-pair-id"}
)
_SIGNATURE_PREFIXES = ("x-amz-", "x-goog-")
_known: set[str] = set()
_lock = threading.Lock()
#: Loggers of libraries that write headers, bodies and whole URLs at DEBUG.
_TALKATIVE = (
    "urllib3",
    "botocore",
    "boto3",
    "s3transfer",
    "requests",
    "requests_oauthlib",
    "oauthlib",
    "sentinelhub",
)


def register_secret(value: str) -> None:
    """Make :func:`mask` hide a text, also quoted for URLs, JSON and base64; not short ones."""
    if len(value) < _MIN_LENGTH:
        return
    forms = {value, quote(value, safe=""), quote_plus(value)}
    forms.add(json.dumps(value, ensure_ascii=False)[1:-1])  # as it stands in a JSON log line
    forms.add(base64.b64encode(value.encode()).decode())
    with _lock:
        _known.update(forms)


def mask(text: str) -> str:
    """Return a text with every registered secret replaced by ``***``."""
    with _lock:
        secrets = sorted(_known, key=len, reverse=True)
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def safe_url(url: str) -> str:
    """Return a URL for messages: no user, query or fragment (signatures stand there)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return mask(f"{parts.scheme}://{host}{port}{parts.path}")


def unsigned(url: str) -> str:
    """Return a URL without the parameters of its signature, which becomes a secret.

    It names the same file tomorrow, when the signature is another, and may be written down.
    """
    parts = urlsplit(url)
    kept = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        low = name.lower()
        if low in _SECRET_PARAMETERS:
            register_secret(value)
        elif low not in _OTHER_PARAMETERS and not low.startswith(_SIGNATURE_PREFIXES):
            kept.append((name, value))
    return urlunsplit(parts._replace(query=urlencode(kept)))


def quiet_libraries() -> None:
    """Keep the loggers of HTTP libraries at WARNING, whatever level this program logs at."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
