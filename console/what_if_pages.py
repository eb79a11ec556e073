"""What if: other costs, another notice or another gate of a failure mode, tried on what is known. Nothing is stored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console.failure_mode_pages import CHAMPION, PLACE, Name
from console.model_plots import Plot, cost_plot
from console.render import show
from console.request import Text
from domain.device_model import Costs, FailureMode
from domain.errors import InvalidInputError, NotFoundError
from domain.money import Money
from service_desk.what_if import MOST_DEVICES, PERIOD, Outlook
from store.model_versions import versions

router = APIRouter()
HOUR = timedelta(hours=1)
MOST_MONEY, LONGEST_NOTICE = 1e9, 24 * 365.0


@router.get(PLACE + "/what-if")
def what_if(
    request: Request,
    device_model: Name,
    failure_mode: Name,
    planned: Text = "",
    emergency: Text = "",
    needless: Text = "",
    notice: Text = "",
    gate: Text = "",
) -> HTMLResponse:
    """Amounts in the currency's major unit, notice in hours, gate in per cent; what is left empty stays as it is."""
    app = request.app.state.application
    if device_model not in app.catalog:
        raise NotFoundError(f"the catalog has no device model {device_model}: see Models")
    model = app.catalog[device_model]
    today = model.failure_mode(failure_mode)
    tried = changed(
        today, {"planned": planned, "emergency": emergency, "needless": needless, "notice": notice, "gate": gate}
    )
    modes = [today] if tried == today else [today, tried]
    now = app.clock()
    with app.database.transaction() as connection:
        trained = versions(connection, device_model=device_model, failure_mode=failure_mode)
        champion = next((one for one in trained if one.status == CHAMPION), None)
        found = request.app.state.what_if.compare(connection, model, champion, modes, now=now) if champion else None
    outlooks = found.outlooks if found else []
    return show(
        request,
        "what_if.html",
        device_model=device_model,
        device_models={one.name: one.title for one in app.catalog.values()},
        failure_mode=failure_mode,
        champion=champion,
        currency=model.currency,
        fields=fields_of(tried),
        outlooks=list(zip(["Today", "What if"], outlooks, strict=False)),
        plots=_plots(outlooks),
        days=PERIOD.days,
        most=MOST_DEVICES,
        as_of=found.as_of if found else now,
    )


def changed(mode: FailureMode, given: Mapping[str, str]) -> FailureMode:
    """The failure mode with what was given. Raises InvalidInputError for what is no number, or makes no sense."""
    costs, currency = mode.costs, mode.costs.planned_visit.currency

    def money(name: str, known: Money) -> Money:
        return Money(round(100 * _number(given[name], name, MOST_MONEY)), currency) if given[name] else known

    return replace(
        mode,
        costs=Costs(
            money("planned", costs.planned_visit),
            money("emergency", costs.emergency_visit),
            money("needless", costs.needless_visit),
        ),
        lead_time=_number(given["notice"], "notice", LONGEST_NOTICE) * HOUR if given["notice"] else mode.lead_time,
        gate_precision=_number(given["gate"], "gate", 100.0) / 100 if given["gate"] else mode.gate_precision,
    )


def fields_of(mode: FailureMode) -> list[tuple[str, str, str]]:
    """Name, label and value of each field, as `changed` reads it."""
    costs = mode.costs
    return [
        ("planned", "Planned visit", f"{costs.planned_visit.minor / 100:.2f}"),
        ("emergency", "Emergency visit", f"{costs.emergency_visit.minor / 100:.2f}"),
        ("needless", "Needless visit", f"{costs.needless_visit.minor / 100:.2f}"),
        ("notice", "Notice, hours", f"{mode.lead_time / HOUR:g}"),
        ("gate", "Gate, per cent", f"{mode.gate_precision * 100:g}"),
    ]


def _number(text: str, name: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise InvalidInputError(f"{name}: {text!r} is not a number") from error
    if not math.isfinite(value) or not 0 <= value <= most:
        raise InvalidInputError(f"{name}: {text} is not a number from 0 to {most:,.0f}")
    return value


def _plots(outlooks: Sequence[Outlook]) -> list[tuple[str, Plot, Mapping[str, Any]]]:
    """The cost of every threshold, today's and the other one's, each with the threshold that is acted from."""
    drawn = []
    for title, outlook in zip(["Today", "What if"], outlooks, strict=False):
        curve = outlook.backtest.curve if outlook.backtest else None
        plot = cost_plot({"cost": curve}, outlook.threshold) if curve else None
        if plot and curve:
            drawn.append((title, replace(plot, title=f"{title}: {plot.title[0].lower()}{plot.title[1:]}"), curve))
    return drawn
