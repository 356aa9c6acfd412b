"""Alerts of high fire danger that live from brief to brief."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class AlertState(StrEnum):
    """Where an alert stands after the last brief."""

    NEW = "new"
    ACTIVE = "active"
    ESCALATED = "escalated"
    EASING = "easing"
    UNKNOWN = "unknown"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class FireAlert:
    """High danger at one place.

    Attributes
    ----------
    alert_id : str
        Stable, 12 hexadecimal digits; never used again.
    place_id : str
    first_day : datetime.date
        Day of the brief that raised it.
    level : int
        Level that is in force; the last known one while the state is unknown.
    state : AlertState
    briefs_below : int
        Briefs in a row in which the place stood below ``level``.
    """

    alert_id: str
    place_id: str
    first_day: date
    level: int
    state: AlertState
    briefs_below: int = 0

    def told(self) -> tuple[int, AlertState]:
        """Return what was told of it: new and escalated are told as active."""
        raised = self.state in {AlertState.NEW, AlertState.ESCALATED}
        return self.level, AlertState.ACTIVE if raised else self.state


@dataclass(frozen=True, slots=True)
class AlertLog:
    """All alerts, and what the last brief was made of.

    Attributes
    ----------
    simulated : bool
        Alerts of SIMULATED weather are kept apart from real ones.
    inputs : str
        Digest of the last brief; one made of the same changes nothing.
    alerts : tuple of FireAlert
    """

    simulated: bool
    inputs: str = ""
    alerts: tuple[FireAlert, ...] = ()

    def since(self, before: "AlertLog") -> tuple[FireAlert, ...]:
        """Return the alerts with news: another state or level than before.

        That a new or escalated alert goes on as it was is no news.
        """
        known = {alert.alert_id: alert for alert in before.alerts}
        return tuple(a for a in self.alerts if a.told() != _told_of(known.get(a.alert_id)))


def _told_of(alert: FireAlert | None) -> tuple[int, AlertState] | None:
    return None if alert is None else alert.told()
