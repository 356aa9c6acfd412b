"""A brief and its alerts, carried from brief to brief in a state file."""

from dataclasses import dataclass, replace
from pathlib import Path

from habitat.algorithms.alert_states import next_log
from habitat.domain.fire_alert import AlertLog, AlertState, FireAlert
from habitat.domain.fire_brief import FireBrief
from habitat.io.fire_state import read_alerts, write_alerts
from habitat.pipeline.fire_risk.notes import alert_notes


@dataclass(frozen=True, slots=True)
class Followed:
    """A brief and the alerts after it; nothing is kept until :meth:`keep`.

    Attributes
    ----------
    brief : FireBrief
        With a note for every state in which alerts have changed.
    alerts : tuple of FireAlert
        All that are not closed, and those closed by this brief.
    quiet : bool
        No news: made of the same as the last brief; or no alert has changed, all is known, and
        no fire is near.
    """

    brief: FireBrief
    alerts: tuple[FireAlert, ...]
    quiet: bool
    _path: Path
    _log: AlertLog

    def keep(self) -> None:
        """Write the state file, after what was found has been told: twice is better than never."""
        write_alerts(self._path, self._log)


def follow(brief: FireBrief, state: Path) -> Followed:
    """Return a brief with its alerts, from those in the state file.

    Raises
    ------
    ConfigError
        If the file is of SIMULATED weather and the brief is not, or the reverse.
    VerificationError
        If the file is damaged.
    """
    before = read_alerts(state, simulated=brief.simulated)
    log = next_log(before, brief)
    news = log.since(before)
    closed = {alert.alert_id for alert in news if alert.state is AlertState.CLOSED}
    shown = [a for a in log.alerts if a.state is not AlertState.CLOSED or a.alert_id in closed]
    told = replace(brief, notes=(*alert_notes(news), *brief.notes))
    near = any(fire.alarms(brief.fire_near_km) for fire in brief.fires)
    quiet = log.inputs == before.inputs or not (news or near or brief.unknown)
    return Followed(told, tuple(shown), quiet, state, log)
