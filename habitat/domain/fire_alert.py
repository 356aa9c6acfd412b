"""Alerts that live from brief to brief, and the log that carries them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

HOTSPOTS = "hotspots"


class Rule(StrEnum):
    """What an alert is about; its subject is a place, or ``hotspots`` for that feed."""

    LEVEL = "level"
    FIRE = "fire"
    UNKNOWN = "unknown"


class AlertState(StrEnum):
    """Where an alert stands after the last brief; acknowledged only as one park sees it."""

    NEW = "new"
    ACTIVE = "active"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    EASING = "easing"
    UNKNOWN = "unknown"
    CLOSED = "closed"


class Verdict(StrEnum):
    """What somebody found on the ground; a label, which closes nothing."""

    FALSE = "false"
    PRESCRIBED = "prescribed"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class FireAlert:
    """High danger at a place, a fire near it, or an input of it that is not known.

    Attributes
    ----------
    alert_id : str
        Stable, 12 hexadecimal digits; never used again.
    rule : Rule
    subject : str
        Id of the place; ``hotspots`` where that feed is not known.
    first_day : datetime.date
        Day of the brief that raised it.
    level : int or None
        Level that is in force, the last known one while the state is unknown; of a fire its step:
        1 near a place, 2 close to one or five times what it was, 3 soon at one or over a border.
        None for what is not known.
    state : AlertState
    briefs_below : int
        Briefs in a row in which it was lower or gone.
    told : int
        How often it was news: raised, another level, closed.
    observed : datetime or None
        When the latest detection was seen; of a level, when its weather was made or saved.
    published : datetime or None
        When the input was saved here.
    alerted : datetime
        When it was news the last time.
    before : datetime or None
        When it was news the time before.
    latitude, longitude : float or None
        Of a fire when it was told the last time.
    fire_id : str
        Of the cluster as the last brief that saw it tells it; empty but for fires.
    detections : int
    frp_mw : float or None
        Of the pass that raised the alert: what growth is measured by.
    cells : tuple of (int, int)
        Hundredths of a degree north and east that the fire was seen in, the latest first: by these
        it is known again, also where its cluster falls apart or goes into another.
    """

    alert_id: str
    rule: Rule
    subject: str
    first_day: date
    level: int | None
    state: AlertState
    alerted: datetime
    briefs_below: int = 0
    told: int = 1
    observed: datetime | None = None
    published: datetime | None = None
    before: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None
    fire_id: str = ""
    detections: int = 0
    frp_mw: float | None = None
    cells: tuple[tuple[int, int], ...] = ()

    @property
    def open(self) -> bool:
        """It is not closed."""
        return self.state is not AlertState.CLOSED


@dataclass(frozen=True, slots=True)
class Ack:
    """One park has seen an alert, and hears of it again when it escalates or closes, or later.

    Attributes
    ----------
    alert_id, park : str
    by, note : str
    made, until : datetime
        From when, until when.
    """

    alert_id: str
    park: str
    by: str
    made: datetime
    until: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody found where an alert was."""

    alert_id: str
    verdict: Verdict
    by: str
    made: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is to be told; kept word for word until the channel took it.

    Attributes
    ----------
    message_id : str
        Made of what is said, so that a receiver knows one that comes twice.
    channel : str
    made : datetime
    subject, text : str
    content : str
        JSON for machines.
    """

    message_id: str
    channel: str
    made: datetime
    subject: str
    text: str
    content: str


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A line of the log: what a brief changed, and the messages that say so.

    Attributes
    ----------
    made : datetime
    simulated : bool
    inputs : str
        Digest of the brief; one made of the same changes nothing.
    alerts : tuple of FireAlert
        Those that changed.
    unknown_since : dict of str to datetime
        Subjects that are not known now.
    ended_acks : tuple of (str, str)
        Alert and park of acknowledgements that no longer hold.
    messages : tuple of Message
    """

    made: datetime
    simulated: bool
    inputs: str
    alerts: tuple[FireAlert, ...]
    unknown_since: dict[str, datetime]
    ended_acks: tuple[tuple[str, str], ...] = ()
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A line of the log: a channel took a message."""

    message_id: str
    made: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A line of the log: a channel refused a message for a day for what it holds; given up."""

    message_id: str
    made: datetime


Record = Evaluated | Ack | Report | Sent | Refused


@dataclass(frozen=True, slots=True)
class AlertLog:
    """What all lines of a log say together.

    Attributes
    ----------
    simulated : bool or None
        Alerts of SIMULATED weather are kept apart from real ones; None before the first line.
    made : datetime or None
        Of the last line of a brief.
    inputs : str
        Digest of the last brief.
    alerts : tuple of FireAlert
        Open and closed, in the order of their raising.
    unknown_since : dict of str to datetime
    acks, reports : tuple
        Acknowledgements that hold; all reports.
    outbox : tuple of Message
        Neither taken nor given up yet, oldest first.
    """

    simulated: bool | None = None
    made: datetime | None = None
    inputs: str = ""
    alerts: tuple[FireAlert, ...] = ()
    unknown_since: dict[str, datetime] = field(default_factory=dict)
    acks: tuple[Ack, ...] = ()
    reports: tuple[Report, ...] = ()
    outbox: tuple[Message, ...] = ()

    def after(self, record: Record) -> "AlertLog":
        """Return the log with one more line."""
        if isinstance(record, Evaluated):
            return self._evaluated(record)
        if isinstance(record, Ack):
            others = [
                a for a in self.acks if (a.alert_id, a.park) != (record.alert_id, record.park)
            ]
            return replace(self, acks=(*others, record))
        if isinstance(record, Report):
            return replace(self, reports=(*self.reports, record))
        left = tuple(m for m in self.outbox if m.message_id != record.message_id)
        return replace(self, outbox=left)

    def _evaluated(self, record: Evaluated) -> "AlertLog":
        changed = {alert.alert_id: alert for alert in record.alerts}
        known = [changed.pop(alert.alert_id, alert) for alert in self.alerts]
        ended = set(record.ended_acks)
        return AlertLog(
            record.simulated, record.made, record.inputs,
            alerts=(*known, *changed.values()),
            unknown_since=dict(record.unknown_since),
            acks=tuple(ack for ack in self.acks if (ack.alert_id, ack.park) not in ended),
            reports=self.reports,
            outbox=(*self.outbox, *record.messages),
        )  # fmt: skip

    def opened(self, rule: Rule | None = None) -> tuple[FireAlert, ...]:
        """Return the alerts that are not closed, of one rule or all."""
        return tuple(a for a in self.alerts if a.open and rule in {None, a.rule})

    def found(self, alert_id: str) -> FireAlert | None:
        """Return an alert by its id, or by a beginning of it that only one has."""
        those = [alert for alert in self.alerts if alert.alert_id.startswith(alert_id)]
        return those[0] if alert_id and len(those) == 1 else None

    def news(self, record: Evaluated) -> tuple[FireAlert, ...]:
        """Return the alerts of a record that are news after this log."""
        told = {alert.alert_id: alert.told for alert in self.alerts}
        return tuple(a for a in record.alerts if a.told != told.get(a.alert_id, 0))

    def state_for(self, alert: FireAlert, park: str, now: datetime) -> AlertState:
        """Return the state of an alert as one park sees it."""
        held = any(
            ack.alert_id == alert.alert_id and ack.park == park and now < ack.until
            for ack in self.acks
        )
        return AlertState.ACKNOWLEDGED if held and alert.open else alert.state


def parks_of(acks: Iterable[Ack], alert_id: str) -> tuple[str, ...]:
    """Return the parks that have acknowledged an alert."""
    return tuple(sorted(ack.park for ack in acks if ack.alert_id == alert_id))
