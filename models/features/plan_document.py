"""A feature plan as what JSON can hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from domain.device import EventKind
from domain.device_model import ChannelKind, FeatureSettings, Statistic
from domain.formula import parse_formula
from models.features.ages import AttributePlan
from models.features.channel_plan import ChannelPlan
from models.features.levels import Level
from models.features.occurrences import EventCount
from models.features.plan import FeaturePlan
from models.features.regimes import Regimes


def to_document(plan: FeaturePlan) -> dict[str, Any]:
    """Everything that `from_document` needs, as dicts, lists, texts, numbers and null."""
    document = asdict(plan)
    document["windows"], document["trends"] = _seconds(plan.windows), _seconds(plan.trends)
    settings = document["settings"]
    settings |= {name: _seconds(getattr(plan.settings, name)) for name in ("windows", "trends")}
    settings["baseline"] = plan.settings.baseline.total_seconds()
    for channel, planned in zip(document["channels"], plan.channels, strict=True):
        channel["formula"] = planned.formula.text if planned.formula else None
    return document


def from_document(document: Mapping[str, Any]) -> FeaturePlan:
    """The plan again. Raises KeyError, TypeError or ValueError when the document is not one of `to_document`."""
    settings = document["settings"]
    return FeaturePlan(
        device_model=document["device_model"],
        failure_mode=document["failure_mode"],
        settings=FeatureSettings(
            windows=_spans(settings["windows"]),
            baseline=timedelta(seconds=settings["baseline"]),
            statistics=tuple(Statistic(name) for name in settings["statistics"]),
            regimes=settings["regimes"],
            event_kinds=tuple(EventKind(kind) for kind in settings["event_kinds"]),
            trends=_spans(settings["trends"]),
        ),
        windows=_spans(document["windows"]),
        channels=tuple(_channel(channel) for channel in document["channels"]),
        regimes=Regimes(**{name: _tuples(value) for name, value in document["regimes"].items()}),
        events=tuple(
            EventCount(event["group"], event["kind"], _tuples(event["codes"])) for event in document["events"]
        ),
        components=tuple(document["components"]),
        installed=document["installed"],
        attributes=tuple(
            AttributePlan(attribute["name"], _tuples(attribute["categories"])) for attribute in document["attributes"]
        ),
        columns=tuple(document["columns"]),
        trends=_spans(document["trends"]),
    )


def _channel(values: Mapping[str, Any]) -> ChannelPlan:
    given = {
        **values,
        "kind": ChannelKind(values["kind"]),
        "formula": parse_formula(values["formula"]) if values["formula"] else None,
        "level": Level(**{name: _tuples(value) for name, value in values["level"].items()}),
    }
    return ChannelPlan(**given)


def _seconds(lengths: Any) -> list[float]:
    return [length.total_seconds() for length in lengths]


def _spans(seconds: Any) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=length) for length in seconds)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
