"""Active-fire detections from the area API of NASA FIRMS.

Documented at https://firms.modaps.eosdis.nasa.gov/api/area/. The key stands in the path of the
address, so it is a secret of this process: no log, message, record or cache shows it.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from habitat.domain.errors import ConfigError, CredentialsError, QuotaError, RequestRefusedError
from habitat.io.fire.firms import NEEDED
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.feed_cache import Given, latest
from habitat.io.net.http import BadBodyError, Http
from habitat.io.net.http_policy import Reply, Request
from habitat.io.settings import firms_key

#: Most days of one request.
MOST_DAYS = 5
#: Rows outside the area, or unreadable, above this share mean that the answer is another's.
_BAD_SHARE = 0.05
_MARGIN_DEG = 0.05
#: Near-real-time rows are there at least this long, and standard processing is later than this.
_NEAR_REAL_TIME = timedelta(days=60)
_FRESH = timedelta(minutes=10)
_HELP = "Get a key at https://firms.modaps.eosdis.nasa.gov/api/map_key/ and set FIRMS_MAP_KEY."
_BAD_REQUEST = 400


@dataclass(frozen=True, slots=True)
class Area:
    """Degrees, WGS 84."""

    west: float
    south: float
    east: float
    north: float

    def __str__(self) -> str:
        """Return the form of the API."""
        return ",".join(f"{v:.3f}" for v in (self.west, self.south, self.east, self.north))

    def near(self, lat: float, lon: float) -> bool:
        """Whether a detection lies inside, or at most its rounding outside."""
        return (
            self.south - _MARGIN_DEG <= lat <= self.north + _MARGIN_DEG
            and self.west - _MARGIN_DEG <= lon <= self.east + _MARGIN_DEG
        )


class HotspotProvider(Protocol):
    """Where tables of detections come from; polar orbiters, or geostationary ones, early."""

    def tables(self, area: Area, *, first: date, last: date, now: datetime) -> list[Given]:
        """Return checked CSV tables in the columns of FIRMS, and when each was given."""
        ...


@dataclass(frozen=True, slots=True)
class Firms:
    """The area API; implements :class:`HotspotProvider`.

    Attributes
    ----------
    http : Http
    cache : DownloadCache
    base_url : str
    sources : tuple of str
        Names of the service such as ``VIIRS_NOAA20_NRT``; rows that several of them give count
        once when they are read.
    """

    http: Http
    cache: DownloadCache
    base_url: str
    sources: tuple[str, ...]

    def tables(self, area: Area, *, first: date, last: date, now: datetime) -> list[Given]:
        """Return one table per source and span of at most five UTC days.

        Raises
        ------
        ConfigError
            If no source covers these days: then no row would mean nothing.
        CredentialsError
            If there is no key, or the service does not know it.
        QuotaError
            If the transactions of the last ten minutes are spent.
        RemoteError
            If the service does not answer and there is no earlier answer.
        """
        processing = "_SP" if last < now.date() - _NEAR_REAL_TIME else "_NRT"
        if not any(source.endswith(processing) for source in self.sources):
            raise ConfigError(
                f"hotspots of {first} to {last}: expected a source ending in {processing}, since "
                "near-real-time rows are kept for some months and standard processing follows "
                f"them, got {list(self.sources)}. Add one to the sources."
            )
        spans = []
        while first <= last:
            days = min(MOST_DAYS, (last - first).days + 1)
            spans.append((first, days))
            first += timedelta(days=days)
        return [self._table(source, area, span, now) for source in self.sources for span in spans]

    def _table(self, source: str, area: Area, span: tuple[date, int], now: datetime) -> Given:
        what = f"{source}/{area}/{span[1]}/{span[0]}"
        asked = {"url": f"{self.base_url}/api/area/csv/{what}", "label": f"hotspots {source}"}

        def check(reply: Reply) -> bytes:
            check_table(reply.body, area)
            return reply.body

        def download() -> bytes:
            key = firms_key()
            request = Request(f"{self.base_url}/api/area/csv/{key}/{what}", max_bytes=64 << 20)
            try:
                return self.http.fetch(request, check)
            except RequestRefusedError as fault:
                if fault.status == _BAD_REQUEST:
                    raise CredentialsError(f"{fault} Is the key right? {_HELP}") from None
                raise

        return latest(self.cache, asked, download, now=now, fresh=_FRESH)

    def transactions(self) -> tuple[int, int]:
        """Return how many transactions of the last ten minutes are spent, and the limit.

        Raises
        ------
        CredentialsError, RemoteError
            As :meth:`tables`.
        """
        url = f"{self.base_url}/mapserver/mapkey_status/?MAP_KEY={firms_key()}"
        return self.http.fetch(Request(url, max_bytes=1 << 16), _transactions)


def quota_fault(_status: int, _headers: Mapping[str, str], body: bytes) -> str | None:
    """Return why an answer means that the transactions are spent, or None."""
    return _SPENT if b"transaction limit" in body.lower() else None


_SPENT = (
    "the transactions of this FIRMS key in ten minutes are spent. Run again in ten minutes, or ask "
    "for fewer sources"
)


def check_table(body: bytes, area: Area) -> None:
    """Look whether a body is a whole table of an area; a header alone means no detection.

    Raises
    ------
    CredentialsError
        If it is the text by which the service refuses a key, which comes with status 200.
    QuotaError
        If it is the text about its limit.
    BadBodyError
        If it is no table, is cut, or is about another area.
    """
    text = body.decode("utf-8-sig", "replace")
    if "invalid map_key" in text[:200].lower():
        raise CredentialsError(f"FIRMS does not know this key. {_HELP}")
    if "transaction limit" in text[:200].lower():
        raise QuotaError(f"FIRMS: {_SPENT}.")
    rows = list(csv.reader(io.StringIO(text)))
    head = rows[0] if rows else []
    if any(name not in head for name in NEEDED):
        raise BadBodyError(f"FIRMS: expected columns {list(NEEDED)}, got {text[:80]!r}")
    if not text.endswith("\n"):
        raise BadBodyError("FIRMS: expected whole lines, the last one is cut")
    bad = sum(not _fits(dict(zip(head, row, strict=False)), len(row) == len(head), area)
              for row in rows[1:])  # fmt: skip
    if bad > _BAD_SHARE * (len(rows) - 1):
        raise BadBodyError(f"FIRMS: expected rows in {area}, got {bad} others of {len(rows) - 1}")


def _fits(row: Mapping[str, str], whole: bool, area: Area) -> bool:
    try:
        return whole and area.near(float(row["latitude"]), float(row["longitude"]))
    except ValueError:
        return False


def _transactions(reply: Reply) -> tuple[int, int]:
    text = reply.body.decode("utf-8", "replace")
    if "invalid" in text[:200].lower():
        raise CredentialsError(f"FIRMS does not know this key. {_HELP}")
    try:
        status = json.loads(text)
        return int(status["current_transactions"]), int(status["transaction_limit"])
    except (TypeError, KeyError) as fault:
        raise BadBodyError(f"FIRMS: expected the state of the key, got {text[:80]!r}") from fault
