"""Periods: two inclusive UTC dates, absolute or relative to an as-of date."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from habitat.domain.errors import ConfigError


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Two inclusive dates in UTC.

    Attributes
    ----------
    start, end : datetime.date
        First and last day.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        """Refuse a period that ends before it starts."""
        if self.end < self.start:
            raise ConfigError(
                f"period: expected an end on or after the start, got {self.start}/{self.end}"
            )

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Return the period of ``2024-06-01/2024-09-15``.

        Raises
        ------
        ConfigError
            If the text is not two ISO dates in order.
        """
        try:
            start, end = (date.fromisoformat(part) for part in text.split("/"))
        except ValueError:
            raise ConfigError(
                f"period: expected two dates like 2024-06-01/2024-09-15, got {text!r}"
            ) from None
        return cls(start, end)

    def __str__(self) -> str:
        """Return the ISO form, ``2024-06-01/2024-09-15``."""
        return f"{self.start.isoformat()}/{self.end.isoformat()}"

    @property
    def name(self) -> str:
        """Form used in file names, ``20240601-20240915``."""
        return f"{self.start:%Y%m%d}-{self.end:%Y%m%d}"

    @property
    def days(self) -> int:
        """Number of days, both ends counted."""
        return (self.end - self.start).days + 1

    def __contains__(self, day: date) -> bool:
        """Say whether a date lies in the period."""
        return self.start <= day <= self.end

    def until(self, as_of: date) -> "Period | None":
        """Return the part that is not after ``as_of``, or None."""
        return None if as_of < self.start else Period(self.start, min(self.end, as_of))

    @property
    def bounds_utc(self) -> tuple[datetime, datetime]:
        """First and last instant, timezone-aware."""
        return (
            datetime.combine(self.start, time.min, UTC),
            datetime.combine(self.end, time.max, UTC),
        )


def fire_year(year: int) -> Period:
    """Return the fire year that ends in ``year``: 1 July to 30 June.

    Fires of this zone run from October to May, so a calendar year would cut each season in two.
    """
    return Period(date(year - 1, 7, 1), date(year, 6, 30))


def days_since_epoch(day: date) -> int:
    """Return days since 1970-01-01, the integer form of dates in arrays."""
    return (day - date(1970, 1, 1)).days


def date_of_epoch(days: int) -> date:
    """Return the date of :func:`days_since_epoch`."""
    return date(1970, 1, 1) + timedelta(days=int(days))


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of any year, ``06-01``."""

    month: int
    day: int

    @classmethod
    def parse(cls, text: str) -> "MonthDay":
        """Return the month and day of ``06-01``."""
        try:
            parsed = date.fromisoformat(f"2000-{text}")
        except ValueError:
            raise ConfigError(f"month and day: expected a form like 06-01, got {text!r}") from None
        return cls(parsed.month, parsed.day)

    def in_year(self, year: int) -> date:
        """Return the date in a year (29 February becomes 28 where there is none)."""
        try:
            return date(year, self.month, self.day)
        except ValueError:
            return date(year, self.month, 28)


@dataclass(frozen=True, slots=True)
class SeasonPart:
    """One stretch of days of a season: ``year_offset`` -1 is the autumn before the year."""

    start: MonthDay
    end: MonthDay
    year_offset: int = 0


@dataclass(frozen=True, slots=True)
class Season:
    """A named window of the year, in one or more parts (data file ``seasons``)."""

    name: str
    parts: tuple[SeasonPart, ...]

    def periods(self, year: int) -> tuple[Period, ...]:
        """Return the periods of the season that belongs to a growing-season year."""
        return tuple(
            Period(p.start.in_year(year + p.year_offset), p.end.in_year(year + p.year_offset))
            for p in self.parts
        )


@dataclass(frozen=True, slots=True)
class SeasonTable:
    """The seasons of a zone, as read from a seasons data file.

    Attributes
    ----------
    name : str
        Of the data file.
    seasons : dict of str to Season
        By name, ``leaf_on``.
    fire_season : tuple of SeasonPart
        When fires run.
    green_up : MonthDay
        From this day a burn of the season before is covered by new growth.
    """

    name: str
    seasons: dict[str, Season]
    fire_season: tuple[SeasonPart, ...]
    green_up: MonthDay

    def season(self, name: str) -> Season:
        """Return a season by name.

        Raises
        ------
        ConfigError
            If there is none of that name.
        """
        if name not in self.seasons:
            raise ConfigError(
                f"season: expected one of {list(self.seasons)} of {self.name!r}, got {name!r}"
            )
        return self.seasons[name]

    def fire_periods(self, year: int) -> tuple[Period, ...]:
        """Return when fires run in the fire year that ends in ``year``."""
        return Season("fire_season", self.fire_season).periods(year)
