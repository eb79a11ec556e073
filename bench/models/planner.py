"""What a planner would have had of the alarms, beside the figures of a statistician."""

from __future__ import annotations

from bench.figures import Figure, figure
from bench.models.figures import INTERVAL
from models.training import TrainingOutcome

ASKED = {
    "alarm_recall_in_time": "failures caught with the lead time left",
    "tickets_per_failure": "tickets per failure foreseen",
    "false_alarms_per_device_year": "false tickets per device-year",
}


def planner_figures(name: str, outcome: TrainingOutcome) -> list[Figure]:
    """Of devices that their models had not seen, each with its 90 % interval; what was not measured is left out."""
    measured = outcome.report["splits"][0]["figures"]
    figures: list[Figure] = []
    for key, title in ASKED.items():
        value, *ends = measured[key]
        figures += [
            figure(f"{name}: {title}", value, "", limit, end, "-", met=True, ratio=1.0)  # of an end, which may be 0
            for limit, end in zip(INTERVAL, ends, strict=True)
            if value is not None and end is not None
        ]
    return figures
