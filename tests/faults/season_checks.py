"""What a receiver knows, and whether it is what it had to know; made apart from the product."""

from dataclasses import dataclass, field
from datetime import datetime
from math import cos, hypot, radians

from habitat.domain.fire_alert import Sent

_REACH_KM = 2.6


@dataclass
class View:
    """One receiver of JSON: alerts as the messages told them, in the order they came."""

    seen: set = field(default_factory=set)
    alerts: dict = field(default_factory=dict)
    told: set = field(default_factory=set)
    acks: dict = field(default_factory=dict)

    def take(self, key: str, content: dict) -> list[tuple[str, str]]:
        """Take a message; return what is wrong with it."""
        self.seen.add(key)
        made, wrong = datetime.fromisoformat(content["made"]), []
        for alert in content["alerts"]:
            name = alert["alert_id"]
            news = (name, alert["told"], alert["level"], alert["state"] == "closed")
            reminded = name in content["again"]
            if news in self.told and not reminded:
                wrong.append(("told twice", f"{news}"))
            if not reminded and self._silenced(alert, made):
                wrong.append(("told though acknowledged", f"{news}"))
            if name in self.acks and (alert["level"] or 0) > self.acks[name][2]:
                del self.acks[name]  # an acknowledgement ends when its alert escalates
            self.told.add(news)
            self.alerts[name] = alert
        return wrong

    def acknowledge(self, ack, alert) -> None:
        self.acks[alert.alert_id] = (ack.made, ack.until, alert.level or 0)

    def _silenced(self, alert: dict, made: datetime) -> bool:
        if alert["alert_id"] not in self.acks or alert["state"] == "closed":
            return False
        since, until, level = self.acks[alert["alert_id"]]
        return since < made < until and (alert["level"] or 0) <= level

    def open(self) -> dict[str, dict]:
        return {name: a for name, a in self.alerts.items() if a["state"] != "closed"}

    def left_open(self, log, orphans: set[str]) -> list[str]:
        """Return alerts that are open here and closed, or not there, in the log."""
        living = {alert.alert_id for alert in log.opened()}
        return sorted(self.open().keys() - living - orphans)


def missed(view: View, brief) -> list[str]:
    """Return high places and fires of a brief that a receiver was not told of."""
    levels, fires = {}, []
    for alert in view.open().values():
        if alert["rule"] == "level":
            at = alert["subject"]
            levels[at] = max(levels.get(at, 0), alert["level"])
        if alert["rule"] == "fire":
            fires.append((alert["latitude"], alert["longitude"]))
    wrong = [
        f"level {found.level} at {found.place.place_id}"
        for found in brief.places
        if (found.level or 0) >= max(brief.min_level, levels.get(found.place.place_id, 0) + 1)
    ]
    near = [fire for fire in brief.fires if fire.alarms(brief.fire_near_km)]
    return wrong + [
        f"fire at {fire.latitude},{fire.longitude} seen {fire.time}"
        for fire in near
        if not any(_km(fire, at) <= _REACH_KM for at in fires)
    ]


def unreported(view: View, overdue: set[str]) -> list[str]:
    """Return what is not known for too long and was not told."""
    told = {a["subject"] for a in view.open().values() if a["rule"] == "unknown"}
    return sorted(overdue - told)


def sent_mails(records) -> set[str]:
    """Return the ids of the mails that the log says were taken."""
    taken = {record.message_id for record in records if isinstance(record, Sent)}
    mails = {
        m.message_id for r in records for m in getattr(r, "messages", ()) if "mail" in m.channel
    }
    return {f"<{name}@habitat.invalid>" for name in taken & mails}


def _km(fire, at: tuple[float, float]) -> float:
    north = (fire.latitude - at[0]) * 111.2
    return hypot(north, (fire.longitude - at[1]) * 111.2 * cos(radians(at[0])))
