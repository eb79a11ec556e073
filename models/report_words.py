"""The figures of a model report in a planner's words; the command line and the report page both speak so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.report import DEVICES, TIME

Ends = Sequence[float | None]
SPLITS = {DEVICES: "other devices", TIME: "a later time"}
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: its name in the report, its title, what it means, and how it reads in each split."""

    key: str
    title: str
    meaning: str
    texts: Sequence[str]


def figure_rows(report: Mapping[str, Any]) -> list[Row]:
    """All figures of a report, those that a planner asks for first."""
    return [
        Row(key, title, meaning, [say(_figure(split, key)) for split in report["splits"]])
        for key, title, meaning, say in FIGURES
    ]


def count_rows(report: Mapping[str, Any]) -> list[Row]:
    """What was measured on."""
    return [
        Row(key, title, "", [f"{split[key]:,}" for split in report["splits"]])
        for key, title in (
            ("devices", "Devices"),
            ("lives", "Lives"),
            ("failures", "Failures"),
            ("rows", "Readings"),
            ("device_years", "Device-years"),
        )
    ]


def split_names(report: Mapping[str, Any]) -> list[str]:
    """On what each column of the rows was measured."""
    return [SPLITS[split["split"]] for split in report["splits"]]


def _figure(split: Mapping[str, Any], key: str) -> Ends:
    told: Any = split["figures"].get(key, split.get(key))
    return told if isinstance(told, list) else [told, None, None]


def _share(ends: Ends) -> str:
    return _with_interval([None if end is None else 100 * end for end in ends], _digits, " %")


def _number(ends: Ends) -> str:
    return _with_interval(ends, _digits)


def _hours(ends: Ends) -> str:
    return _with_interval(ends, _digits, " h")


def _with_interval(ends: Ends, say: Callable[[float], str], unit: str = "") -> str:
    value, low, high = ends
    if value is None:
        return NOTHING
    if low is None:
        return f"{say(value)}{unit}"
    upper = f"to {say(high)}" if high is not None else "or more"
    return f"{say(value)}{unit} ({say(low)} {upper})"


def _digits(value: float) -> str:
    """Three digits, without an exponent where people do not expect one."""
    return (
        f"{value:,.0f}"
        if abs(value) >= 100
        else f"{value:.3g}"
        if abs(value) >= 0.001 or value == 0
        else f"{value:.1e}"
    )


FIGURES: tuple[tuple[str, str, str, Callable[[Ends], str]], ...] = (
    (
        "alarm_recall_in_time",
        "Failures caught in time",
        "Share of the failures whose alarm came early enough for the visit and its part.",
        _share,
    ),
    (
        "tickets_per_failure",
        "Tickets per failure foreseen",
        "How many tickets are opened for each one that a failure follows; 1 is perfect.",
        _number,
    ),
    (
        "false_alarms_per_device_year",
        "False tickets per device-year",
        "Visits that find a sound device, for each device in a year of operation.",
        _number,
    ),
    ("median_lead_time_hours", "Median notice", "Half of the alarms came earlier before the failure.", _hours),
    (
        "cost_ratio",
        "Cost, share of run to failure",
        "What visits and failures cost with these alarms, by the costs in the catalog file.",
        _share,
    ),
    ("alarm_precision", "Tickets right", "Share of the tickets that a failure followed.", _share),
    ("auc", "AUC", "How often a reading soon to fail has a higher risk than one that is not; 0.5 is chance.", _number),
    (
        "average_precision",
        "Average precision",
        "Precision over all thresholds; chance reaches the share of readings that fail.",
        _number,
    ),
    (
        "share_failing",
        "Readings within the horizon",
        "Share of the readings that a failure followed within it.",
        _share,
    ),
    ("brier", "Brier score", "Mean squared error of the risk; 0 is perfect.", _number),
    (
        "calibration_error",
        "Calibration error",
        "By how much the risk and the share that failed lie apart, on the mean.",
        _share,
    ),
    ("rul_rmse_hours", "Error of remaining life", "Root mean square, of readings with less left than the cap.", _hours),
    ("rul_rmse_capped_hours", "Error of remaining life, truth capped", "Root mean square, of all readings.", _hours),
    ("rul_coverage", "90 % interval covers", "Share of the readings whose truth lay within the interval.", _share),
    ("rul_width_hours", "Width of the interval", "On the mean, of readings with less left than the cap.", _hours),
    (
        "rul_width_to_constant",
        "Width beside a constant one",
        "Below 100 % the interval is narrower than one of equal width everywhere that covers as much.",
        _share,
    ),
)
