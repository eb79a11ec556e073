"""What a rule's alarm says to people. Pure."""

from __future__ import annotations

from alerts.rule_runs import Episode
from alerts.rules import span
from domain.alarm_rule import AlarmRule, Change, Limit, Silence
from domain.device_model import DeviceModel


def rule_message(rule: AlarmRule, device_model: DeviceModel, episode: Episode) -> str:
    """The title, what was measured against what, and when, by device time."""
    return f"{rule.title}: {_what(rule, device_model, episode)}, {episode.raised_at:%Y-%m-%d %H:%M} UTC"


def _what(rule: AlarmRule, device_model: DeviceModel, episode: Episode) -> str:
    channel = device_model.channel(rule.channel) if rule.channel else None
    unit = f" {channel.unit}" if channel and channel.unit != "1" else ""
    value = "" if episode.value is None else f" {episode.value:.4g}{unit}"
    title = channel.title.lower() if channel else "reading"
    match rule.condition:
        case Silence(after=after):
            return f"no {title} for {span(after)}"
        case Change(limit=limit, over=over):
            moved = "risen" if limit.above else "fallen"
            return f"{title}{value} has {moved} by more than {abs(limit.bound):g}{unit} in {span(over)}"
        case Limit() as limit:
            return f"{title}{value}, {'above' if limit.above else 'below'} {limit.bound:g}{unit}{_lasting(rule)}"


def _lasting(rule: AlarmRule) -> str:
    held = f" for {span(rule.hold)}" if rule.hold else ""
    return f"{held}, {rule.times} times within {span(rule.within)}" if rule.times > 1 else held
