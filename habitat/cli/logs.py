"""Log lines on stderr: text for people, one JSON object a line for machines."""

import json
import logging
import sys
from datetime import UTC, datetime

from habitat.io.secrets import mask, quiet_libraries

LOG_FORMATS = ("auto", "json", "text")
#: Loggers of libraries that print credentials or noise at DEBUG.
_QUIET = ("requests_oauthlib", "oauthlib", "urllib3", "requests", "rasterio", "distributed",
          "numba", "matplotlib", "botocore", "asyncio", "pyogrio")  # fmt: skip


class TextFormatter(logging.Formatter):
    """The message and its traceback, without the secrets that this process knows."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return mask(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line; control characters are escaped by JSON itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        entry: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return mask(json.dumps(entry, ensure_ascii=False))


def set_up_logging(log: str, *, debug: bool) -> None:
    """Send log lines to stderr in the asked form."""
    as_json = log == "json" or (log == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter("%(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    quiet_libraries()
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
