"""What a model's page and its report file show, out of the stored report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from console.model_plots import Plot, cost_plot, lead_plot, reliability_plot
from console.render import environment
from models.report_words import Row, count_rows, figure_rows, split_names


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report, ready for the template: rows of words, and per split its plots."""

    report: Mapping[str, Any]
    columns: Sequence[str]
    counts: Sequence[Row]
    figures: Sequence[Row]
    plots: Sequence[tuple[Mapping[str, Any], Sequence[Plot]]]


def view_report(report: Mapping[str, Any]) -> ReportView:
    """The view of a report as `models.report` writes it."""
    return ReportView(
        report,
        split_names(report),
        count_rows(report),
        figure_rows(report),
        [(split, _plots(split, report["threshold"])) for split in report["splits"]],
    )


def _plots(split: Mapping[str, Any], threshold: float) -> list[Plot]:
    cost = cost_plot(split, threshold)
    return [reliability_plot(split), lead_plot(split), *([cost] if cost else [])]


def report_file(models: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """One HTML file with the reports under their titles; it needs nothing else, and nothing from any network."""
    style = (files("console") / "static" / "console.css").read_text(encoding="utf-8")
    page = environment().get_template("model_report_file.html")
    return page.render(style=style, models=[(title, view_report(report)) for title, report in models])
