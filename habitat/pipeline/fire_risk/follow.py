"""A brief and its alerts, carried from brief to brief in a log, and told to channels."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from habitat.algorithms.alert_states import evaluate
from habitat.domain.channel import Channel
from habitat.domain.errors import (
    ConfigError,
    CredentialsError,
    HabitatError,
    InputError,
    NotBuiltError,
    QuotaError,
    RemoteError,
)
from habitat.domain.fire_alert import (
    AlertLog,
    AlertState,
    Evaluated,
    FireAlert,
    Message,
)
from habitat.domain.fire_brief import FireBrief, alarming_of
from habitat.domain.fire_situation import Situation, fires_alone, nothing_known, situation_of
from habitat.domain.place import Language
from habitat.io.fire.alert_text import AlertWords, message_for
from habitat.io.fire.fire_files import read_phrases
from habitat.io.fire.fire_state import AlertStore
from habitat.io.vector.aoi import read_aoi
from habitat.pipeline.fire_risk.brief import make_brief
from habitat.pipeline.fire_risk.clusters import fires_now
from habitat.pipeline.fire_risk.fires import FIRE_NEAR_KM, NO_FIRES, Fires, fires_of
from habitat.pipeline.fire_risk.notes import alert_notes
from habitat.pipeline.fire_risk.setting import Setting

logger = logging.getLogger(__name__)

#: Faults of an input, in which nothing is known; other faults end the run before it.
_INPUT_FAULTS = (InputError, RemoteError, QuotaError, CredentialsError, ConfigError)


@dataclass(frozen=True, slots=True)
class Followed:
    """A brief with its alerts.

    Attributes
    ----------
    brief : FireBrief
        With a note for every state in which alerts have changed.
    log : AlertLog
        After it.
    news : tuple of FireAlert
    quiet : bool
        No news: no alert was raised, raised further, lowered or closed, and nothing that was known
        is not known any more.
    record : Evaluated or None
        The line of the log that makes it last; None if nothing changed.
    carried : bool
        Alerts are followed from brief to brief.
    """

    brief: FireBrief
    log: AlertLog
    news: tuple[FireAlert, ...]
    quiet: bool
    record: Evaluated | None
    carried: bool = True

    @property
    def alerts(self) -> tuple[FireAlert, ...]:
        """Return the open alerts, and those that this brief closed."""
        closed = tuple(alert for alert in self.news if not alert.open)
        return (*self.log.opened(), *closed)


def follow(
    brief: FireBrief, log: AlertLog, tellers: Sequence["Teller"] = (), *, carried: bool = True
) -> Followed:
    """Return a brief with its alerts, after those of a log; nothing is written.

    Parameters
    ----------
    carried : bool
        False: the log is of this brief alone, so that its news are no news and it says nothing
        of them.

    Raises
    ------
    ConfigError
        If the log is of SIMULATED weather and the brief is not, or the reverse.
    """
    record = recorded(log, situation_of(brief), tellers)
    if record is None:
        return Followed(brief, log, (), quiet=True, record=None)
    news = log.news(record)
    told = replace(brief, notes=(*alert_notes(news), *brief.notes)) if carried else brief
    fresh = record.unknown_since.keys() - log.unknown_since.keys()
    quiet = not (news or fresh or record.ended_acks)
    return Followed(told, log.after(record), news, quiet, record, carried)


@dataclass(frozen=True, slots=True)
class Teller:
    """A channel and the words it is told in."""

    channel: Channel
    words: Callable[[bool], AlertWords]


def tellers_of(setting: Setting) -> tuple[Teller, ...]:
    """Return the channels of a pipeline with their words."""
    alerts = setting.step.alerts
    channels = [] if alerts is None else [found.channel() for found in alerts.channels]

    @cache  # a brief without news needs no words
    def phrases(language: Language) -> dict[str, str]:
        return read_phrases("fire-risk", setting.project, language=language)

    def words(channel: Channel, simulated: bool) -> AlertWords:
        language = channel.language
        return AlertWords(setting.places, phrases(language), language, simulated)

    return tuple(Teller(channel, partial(words, channel)) for channel in channels)


def recorded(log: AlertLog, now: Situation, tellers: Sequence[Teller] = ()) -> Evaluated | None:
    """Return what a situation changes, with a message for each channel that has news."""
    record = evaluate(log, now)
    if record is None:
        return None
    messages = [_message(log, record, teller) for teller in tellers]
    return replace(record, messages=tuple(m for m in messages if m is not None))


def _message(log: AlertLog, record: Evaluated, teller: Teller) -> Message | None:
    """Return what a channel is told: no alert that its park has acknowledged, until that ends."""
    park, after = teller.channel.park, log.after(record)
    held = {ack.alert_id for ack in after.acks if ack.park == park and record.made < ack.until}
    ended = [
        ack for ack in log.acks
        if ack.park == park and (ack.alert_id, park) in record.ended_acks
        and ack.until <= record.made
    ]  # fmt: skip
    news = {alert.alert_id: alert for alert in log.news(record) if alert.alert_id not in held}
    again = [a for a in after.opened() if a.alert_id in {ack.alert_id for ack in ended}]
    told = [*news.values(), *(_reminder(a) for a in again if a.alert_id not in news)]
    if not told:
        return None
    words = teller.words(record.simulated)
    return message_for(teller.channel, told, words, record.made, ended)


def _reminder(alert: FireAlert) -> FireAlert:
    return replace(alert, state=AlertState.ACTIVE)


def brief_or_unknown(setting: Setting, store: AlertStore) -> tuple[FireBrief, list[HabitatError]]:
    """Return the brief; without hotspots that can be read it is of the weather, with the fault.

    Raises
    ------
    HabitatError
        What the weather raised, after the log said so: the channels are told of fires where the
        hotspots can be read, and of what is not known after the grace.
    """
    fires, faults = _fires_or_none(setting)
    try:
        return make_brief(setting.query, fires), faults
    except NotBuiltError:
        raise
    except _INPUT_FAULTS:
        if store.log.simulated is not True:  # SIMULATED weather has no input that could fail
            record = recorded(store.log, _fires_alone(setting, fires), tellers_of(setting))
            if record is not None:
                store.append(record)
        raise


def _fires_or_none(setting: Setting) -> tuple[Fires, list[HabitatError]]:
    aoi = read_aoi(setting.project / setting.config.aoi, epsg=setting.config.grid.epsg)
    try:
        return fires_of(setting, aoi.bounds), []
    except NotBuiltError:
        raise
    except _INPUT_FAULTS as fault:
        logger.warning("no fires: %s", fault)
        return NO_FIRES, [fault]


def _fires_alone(setting: Setting, found: Fires) -> Situation:
    """Return the situation without weather."""
    fires, hotspots, detections = found
    clusters = fires_now(setting, detections, None)
    alarming = alarming_of(clusters, fires, FIRE_NEAR_KM)
    if alarming:
        logger.error("no brief, but %d fires near places", len(alarming))
    return fires_alone(unknown_situation(setting), clusters, alarming, hotspots)


def unknown_situation(setting: Setting) -> Situation:
    """Return the situation in which the inputs of a brief cannot be read."""
    query, step = setting.query, setting.step
    return nothing_known(
        query.now, setting.day,
        tuple(place.place_id for place in setting.places.places),
        min_level=query.min_level or step.min_level,
        hotspots=query.hotspots is not None or step.hotspots != "none",
    )  # fmt: skip
