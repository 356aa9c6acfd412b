"""What a receiver knows, and whether it is what it had to know; made apart from the product."""

from dataclasses import dataclass, field
from datetime import datetime

from habitat.domain.fire_alert import Sent


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
            if alert["state"] == "escalated":
                self.acks.pop(name, None)  # an acknowledgement ends with that
            self.told.add(news)
            self.alerts[name] = alert
        return wrong

    def acknowledge(self, ack) -> None:
        self.acks[ack.alert_id] = (ack.made, ack.until)

    def _silenced(self, alert: dict, made: datetime) -> bool:
        if alert["alert_id"] not in self.acks or alert["state"] in {"closed", "escalated"}:
            return False
        since, until = self.acks[alert["alert_id"]]
        return since < made < until

    def open(self) -> dict[str, dict]:
        return {name: a for name, a in self.alerts.items() if a["state"] != "closed"}

    def left_open(self, log, orphans: set[str]) -> list[str]:
        """Return alerts that are open here and closed, or not there, in the log."""
        living = {alert.alert_id for alert in log.opened()}
        return sorted(self.open().keys() - living - orphans)


def missed(view: View, brief, log) -> list[str]:
    """Return high places and fires of a brief, and their steps, that a receiver was not told of."""
    levels = {}
    for alert in view.open().values():
        if alert["rule"] == "level":
            at = alert["subject"]
            levels[at] = max(levels.get(at, 0), alert["level"])
    wrong = [
        f"level {found.level} at {found.place.place_id}"
        for found in brief.places
        if (found.level or 0) >= max(brief.min_level, levels.get(found.place.place_id, 0) + 1)
    ]
    opened = view.open()
    fires = {a.alert_id: set(a.cells) for a in log.opened() if a.alert_id in opened}
    return wrong + [
        f"fire {fire.fire_id} at {near.latitude},{near.longitude} seen {near.time}"
        for fire, near in brief.alarming
        if not any(
            opened[name]["level"] >= _step(fire, near) for name in fires
            if set(fire.cells) & fires[name]
        )
    ]  # fmt: skip


def _step(fire, near) -> int:
    """Return the least step that a fire must have been told with."""
    soon = fire.crosses_to is not None or any(threat.hours <= 6 for threat in fire.threats)
    return 3 if soon else 2 if near.distance_km <= 5 else 1


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
