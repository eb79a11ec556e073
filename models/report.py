"""What is measured of a model version, as one JSON document: figures with intervals, and the curves behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from domain.device_model import FailureMode
from models.alarm_figures import alarm_figures, cost_curve, device_years, follow_all, lead_histogram
from models.calibration import Floats
from models.confidence import Figure
from models.evaluation import hours
from models.interval_quality import LifeAnswers, coverage_by_level, life_figures
from models.lives import Lives
from models.out_of_fold import Examples
from models.reliability import calibration_error, reliability_curve, risk_figures
from models.splits import Judged, choose_cut, onwards_in_time

VERSION = 1
DEVICES, TIME = "devices", "time"
COUNTS = ("devices", "lives", "failures")


def write_report(
    across: Judged,
    examples: Examples,
    lives: Lives,
    mode: FailureMode,
    look_back: timedelta,
    threshold: float,
    seed: int,
    processes: int = 1,
) -> dict[str, Any]:
    """Both splits, and why there is no split by time where there is none. `threshold`: the one that is alarmed from;
    processes: as `models.training.train` takes it."""
    report: dict[str, Any] = {
        "version": VERSION,
        "threshold": float(f"{threshold:.4g}"),
        "horizon_hours": hours(mode.horizon),
        "cap_hours": examples.cap,
        "splits": [{"split": DEVICES, **measure(across, mode, examples.cap)}],
        "time_split_missing": "",
    }
    cut = choose_cut(lives, mode, look_back)
    if cut is None:
        report["time_split_missing"] = (
            "no instant has five failures before it and, after an embargo of "
            f"{hours(max(mode.horizon, look_back)):g} h and the lead time, one to judge by"
        )
        return report
    later = onwards_in_time(examples, lives, mode, cut, seed, processes=processes)
    if later is None:
        report["time_split_missing"] = "too few devices had failed, or outlived the horizon, by then to learn from"
        return report
    instants = {"past_until": _instant(cut.past_until), "judged_from": _instant(cut.judged_from)}
    report["splits"].append({"split": TIME, **instants, **measure(later, mode, examples.cap)})
    return report


def flat_figures(report: Mapping[str, Any]) -> dict[str, Any]:
    """Counts and figures of the split by devices by name, without intervals."""
    split = report["splits"][0]
    return {
        **{name: split[name] for name in COUNTS},
        **{name: value for name, (value, _, _) in split["figures"].items()},
        "calibration_error": split["calibration_error"],
    }


def measure(judged: Judged, mode: FailureMode, cap: float) -> dict[str, Any]:
    """The figures of one split, each [value, low, high], and its curves."""
    known, told = ~np.isnan(judged.fails_within), ~np.isnan(judged.truth)
    failed, of_known = judged.fails_within[known], judged.devices[known]
    lives = LifeAnswers(
        judged.truth[told],
        judged.rul[told],
        judged.low[told],
        judged.high[told],
        judged.devices[told],
        judged.weights[told],
    )
    failures = sum(trace.failed for trace in judged.traces)
    outcomes = follow_all(judged.traces, judged.thresholds, mode)
    figures: dict[str, Figure] = {
        **risk_figures(judged.risk[known], failed, of_known),
        **life_figures(lives, cap),
        **alarm_figures(judged.traces, outcomes, judged.devices_of_lives, mode),
    }
    return {
        "devices": len(np.unique(judged.devices)),
        "lives": len(judged.traces),
        "failures": failures,
        "rows": len(judged.rows[judged.rows]),
        "device_years": float(f"{device_years(judged.traces):.4g}"),
        "figures": {name: figure.as_list() for name, figure in figures.items()},
        "calibration_error": _error(judged.risk[known], failed),
        "calibration_error_before": _error(judged.raw[known], failed),
        "reliability": reliability_curve(judged.risk[known], failed, of_known),
        "coverage": coverage_by_level(lives),
        "leads": lead_histogram(judged.traces, outcomes, mode),
        "cost": cost_curve(judged.costs, failures, mode),
    }


def _error(risk: Floats, failed: Floats) -> float | None:
    return float(f"{calibration_error(risk, failed):.4g}") if len(risk) else None


def _instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
