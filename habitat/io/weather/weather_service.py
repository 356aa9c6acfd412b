"""Weather from the Open-Meteo services, forecast and archive, for many places in few requests.

Documented at https://open-meteo.com/en/docs and /en/docs/historical-weather-api. A request counts
as many calls of the allowance (600 a minute, 10,000 a day) as it has places, times its days divided
by 14; so what has passed is asked for once a day, and only the last two days and the forecast every
hour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from urllib.parse import urlencode

import numpy as np

from habitat.domain.errors import InputError
from habitat.domain.weather import Weather
from habitat.io.net.download_cache import DownloadCache
from habitat.io.net.feed_cache import latest
from habitat.io.net.http import BadBodyError, Http
from habitat.io.net.http_policy import Reply, Request
from habitat.io.secrets import safe_url
from habitat.io.weather.weather_open_meteo import HOURLY, parse_open_meteo

FORECAST_URL = "https://api.open-meteo.com/v1/forecast"
ARCHIVE_URL = "https://archive-api.open-meteo.com/v1/archive"
#: Most places of one request, so that three months of them stay below the allowance of a minute.
PLACES = 50
#: Days before the day in question; the service gives at most 92 before today.
PAST_DAYS = 92
#: Days around today that are asked for every hour.
_BEFORE, _AHEAD = 2, 4
#: The archive is complete up to some days before today.
_ARCHIVE_LAG = timedelta(days=6)
_HOUR, _DAY, _FOR_GOOD = timedelta(hours=1), timedelta(hours=24), timedelta(days=36500)
#: An answer stands for the centre of a model cell, at most this far from the place asked for.
_NEAR_DEG = 0.3
_ONE_HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True, slots=True)
class OpenMeteo:
    """A deployment of Open-Meteo, the public one or an own one.

    Attributes
    ----------
    http : Http
    cache : DownloadCache
    forecast_url, archive_url : str
    """

    http: Http
    cache: DownloadCache
    forecast_url: str = FORECAST_URL
    archive_url: str = ARCHIVE_URL

    def weather(
        self, latitude: np.ndarray, longitude: np.ndarray, *, day: date, now: datetime
    ) -> Weather:
        """Return the hours around a day, and about three months before it.

        Parameters
        ----------
        latitude, longitude : numpy.ndarray
            ``(cell,)``, WGS 84 degrees.
        day : date
            A day long past comes from the archive.
        now : datetime
            The clock, with a time zone.

        Returns
        -------
        Weather
            At the places asked for; ``issued`` is the age of the youngest part, which holds the
            day in question.

        Raises
        ------
        RemoteError
            If the service does not answer and there is no earlier answer.
        """
        today = now.astimezone(UTC).date()
        if day < today - _ARCHIVE_LAG:
            span = {
                "start_date": str(day - timedelta(days=PAST_DAYS)),
                "end_date": str(day + timedelta(days=1)),
            }
            return self._ask(self.archive_url, (latitude, longitude), span, _FOR_GOOD, now)
        past = {"past_days": str(PAST_DAYS), "forecast_days": "1"}
        near = {"past_days": str(_BEFORE), "forecast_days": str(_AHEAD)}
        before = self._ask(self.forecast_url, (latitude, longitude), past, _DAY, now)
        return joined(before, self._ask(self.forecast_url, (latitude, longitude), near, _HOUR, now))

    def ask_little(self) -> int:
        """Return how many hours the service gives for one place and today; keeps nothing.

        Raises
        ------
        RemoteError
            If it does not answer.
        """
        lat, lon = np.array([43.0]), np.array([131.0])
        query = urlencode(_query(lat, lon) | {"forecast_days": "1"}, safe=",")
        check = partial(checked_answer, latitude=lat, longitude=lon)
        return len(check(self._download(f"{self.forecast_url}?{query}", check)()).time)

    def _ask(
        self,
        url: str,
        places: tuple[np.ndarray, np.ndarray],
        span: dict[str, str],
        fresh: timedelta,
        now: datetime,
    ) -> Weather:
        """Return one span of hours at all places, by requests of some places each."""
        parts = []
        for first in range(0, len(places[0]), PLACES):
            lat, lon = (axis[first : first + PLACES] for axis in places)
            query = urlencode(_query(lat, lon) | span, safe=",")
            asked = {"url": f"{url}?{query}", "label": f"weather of {safe_url(url)}"}
            check = partial(checked_answer, latitude=lat, longitude=lon)
            given = latest(
                self.cache, asked, self._download(asked["url"], check), now=now, fresh=fresh
            )
            part = check(given.body)
            parts.append(replace(part, latitude=lat, longitude=lon, issued=given.issued))
        return beside(parts)

    def _download(self, url: str, check: Callable[[bytes], Weather]) -> Callable[[], bytes]:
        def validate(reply: Reply) -> bytes:
            try:
                check(reply.body)
            except InputError as fault:  # what does not fit may be whole the next time
                raise BadBodyError(str(fault)) from fault
            return reply.body

        request = Request(url, content_types=("application/json",), max_bytes=64 << 20)
        return lambda: self.http.fetch(request, validate)


def _query(latitude: np.ndarray, longitude: np.ndarray) -> dict[str, str]:
    return {
        "latitude": ",".join(f"{value:g}" for value in latitude),
        "longitude": ",".join(f"{value:g}" for value in longitude),
        "hourly": ",".join(HOURLY),
        "wind_speed_unit": "kmh",
        "timezone": "UTC",
    }


def checked_answer(body: bytes, *, latitude: np.ndarray, longitude: np.ndarray) -> Weather:
    """Return the weather of an answer that is about the places asked for, in their order.

    Raises
    ------
    InputError
        If it is not.
    """
    weather = parse_open_meteo(body)
    if len(weather.latitude) != len(latitude):
        raise InputError(
            f"Open-Meteo: expected {len(latitude)} places, got {len(weather.latitude)}"
        )
    far = np.maximum(abs(weather.latitude - latitude), abs(weather.longitude - longitude)).max()
    if far > _NEAR_DEG:
        raise InputError(f"Open-Meteo: expected the places asked for, got one {far:.2f}° away")
    return weather


_HOURLY_FIELDS = (
    "temperature_c", "humidity_pct", "wind_kmh", "rain_mm", "snow_cm", "wind_from_deg",
    "solar_kw_m2",
)  # fmt: skip


def beside(parts: Sequence[Weather]) -> Weather:
    """Return parts of the same hours as one; its age is that of the oldest."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    if any(not np.array_equal(first.time, part.time) for part in parts):
        raise InputError(f"weather {first.source}: expected the same hours at all places")
    return replace(
        first,
        latitude=np.concatenate([part.latitude for part in parts]),
        longitude=np.concatenate([part.longitude for part in parts]),
        issued=min(part.issued for part in parts if part.issued is not None),
        **_columns(parts, axis=1),
    )


def joined(before: Weather, after: Weather) -> Weather:
    """Return the hours of both; where both have an hour, that of ``after``.

    An hour between the two that neither has is a gap (NaN).
    """
    earlier = before.time < after.time[0]
    first = before.time[earlier]
    start = first[0] if first.size else after.time[0]
    time = np.arange(start, after.time[-1] + _ONE_HOUR, _ONE_HOUR)
    gap = len(time) - len(first) - len(after.time)
    parts = [_hours(before, earlier), _gap(before, gap), _hours(after, slice(None))]
    return replace(after, time=time, **_columns(parts, axis=0))


def _columns(parts: Sequence[Weather | dict[str, np.ndarray | None]], *, axis: int) -> dict:
    """Return every column of the parts, put together; None where a part has none."""
    tables = [part if isinstance(part, dict) else _hours(part, slice(None)) for part in parts]
    found: dict[str, np.ndarray | None] = {}
    for name in _HOURLY_FIELDS:
        columns = [table[name] for table in tables]
        known = [column for column in columns if column is not None]
        found[name] = np.concatenate(known, axis=axis) if len(known) == len(columns) else None
    return found


def _hours(weather: Weather, rows: np.ndarray | slice) -> dict[str, np.ndarray | None]:
    columns = {name: getattr(weather, name) for name in _HOURLY_FIELDS}
    return {name: None if values is None else values[rows] for name, values in columns.items()}


def _gap(like: Weather, hours: int) -> dict[str, np.ndarray | None]:
    nothing = np.full((hours, len(like.latitude)), np.nan, np.float32)
    return dict.fromkeys(_HOURLY_FIELDS, nothing)
