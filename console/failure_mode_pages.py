"""The page of a failure mode's models: how true they are, how right they turned out, and which version scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, RedirectResponse

from aftercare.version_loading import require_runnable
from aftercare.wiring import Application
from console.charts import Chart, Series, chart
from console.forms import Form
from console.model_plots import Plot, lead_plot, reliability_plot
from console.render import show
from console.request import Id
from console.ticket_view import mode_of
from domain.errors import ChangedMeanwhileError, ConflictError, InvalidInputError, NotFoundError
from service_desk.gates import look_at_gate
from store import championships, drift, evidence
from store.database import Connection
from store.evidence import GateRow
from store.model_versions import Version, get_version, read_report, versions

router = APIRouter()
Name = Annotated[str, Path(max_length=200, pattern=r"^[A-Za-z0-9_.-]+$")]
PLACE = "/models/{device_model}/{failure_mode}"
CHAMPION = "champion"
COMPARED = (
    ("alarm_precision", "Tickets right"),
    ("alarm_recall_in_time", "Caught in time"),
    ("cost_ratio", "Cost, share of run to failure"),
)
LONGEST_REASON = 500
SHOWN_FINDINGS = 10


@router.get(PLACE)
def failure_mode(request: Request, device_model: Name, failure_mode: Name) -> HTMLResponse:
    """Every version of a failure mode, what was measured of the one that scores, and what technicians found since."""
    app = request.app.state.application
    mode = mode_of(app, device_model, failure_mode)
    with app.database.transaction() as connection:
        trained = _versions(connection, app, device_model, failure_mode)
        champion = _champion(trained)
        report = read_report(connection, champion.model_version_id) if champion else {}
        history = evidence.gate_history(connection, device_model=device_model, failure_mode=failure_mode)
        since = championships.beginnings(connection, model_version_id=champion.model_version_id) if champion else []
        held_out = champion.metrics.get("alarm_precision") if champion else None
        return show(
            request,
            "failure_mode.html",
            device_model=device_model,
            failure_mode=failure_mode,
            device_models={one.name: one.title for one in app.catalog.values()},
            mode=mode,
            versions=trained,
            champion=champion,
            since=since[-1] if since else None,
            report=report,
            plots=_plots(report),
            gate=look_at_gate(connection, device_model=device_model, mode=mode, held_out=held_out) if mode else None,
            findings=history[:SHOWN_FINDINGS],
            realised=realised_precision(history, app.clock()),
            drift=drift.latest(connection, model_version_id=champion.model_version_id) if champion else None,
        )


@router.get(PLACE + "/promote/{model_version_id}")
def confirm_promotion(request: Request, device_model: Name, failure_mode: Name, model_version_id: Id) -> HTMLResponse:
    """What would change, before anything does."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        target = _of_place(get_version(connection, model_version_id), device_model, failure_mode)
        champion = _champion(versions(connection, device_model=device_model, failure_mode=failure_mode))
    return _confirm(request, champion, target, "Promote")


@router.post(PLACE + "/promote/{model_version_id}")
def promote(
    request: Request, device_model: Name, failure_mode: Name, model_version_id: Id, form: Form
) -> RedirectResponse:
    """Let a version score from now on, as the command line's `models promote` does."""
    app, reason = request.app.state.application, _reason(form)
    with app.database.transaction() as connection:
        target = _of_place(get_version(connection, model_version_id), device_model, failure_mode)
    require_runnable(app.database, app.catalog, target)
    with app.database.transaction() as connection:
        _as_seen(connection, device_model, failure_mode, form)
        championships.promote(
            connection, model_version_id=model_version_id, who=request.scope["who"], reason=reason, at=app.clock()
        )
    return RedirectResponse(f"/models/{device_model}/{failure_mode}", 303)


@router.get(PLACE + "/roll-back")
def confirm_roll_back(request: Request, device_model: Name, failure_mode: Name) -> HTMLResponse:
    """Which version would score again, before it does."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        current, before = championships.previous(connection, device_model=device_model, failure_mode=failure_mode)
        champion = get_version(connection, current.model_version_id)
        target = get_version(connection, before.model_version_id)
    return _confirm(request, champion, target, "Roll back")


@router.post(PLACE + "/roll-back")
def roll_back(request: Request, device_model: Name, failure_mode: Name, form: Form) -> RedirectResponse:
    """Let the champion before this one score again, as the command line's `models rollback` does."""
    app, reason = request.app.state.application, _reason(form)
    place = {"device_model": device_model, "failure_mode": failure_mode}
    with app.database.transaction() as connection:
        _as_seen(connection, device_model, failure_mode, form)
        _, before = championships.previous(connection, **place)
        require_runnable(app.database, app.catalog, get_version(connection, before.model_version_id))
        championships.roll_back(connection, **place, who=request.scope["who"], reason=reason, at=app.clock())
    return RedirectResponse(f"/models/{device_model}/{failure_mode}", 303)


def realised_precision(findings: Sequence[GateRow], now: datetime) -> Chart | None:
    """Precision as closures made it, newest finding first, with its 90 % interval and the gate; None without one."""
    if not findings:
        return None
    told = findings[::-1]
    series = Series(
        [one.found_at for one in told],
        [one.precision for one in told],
        [one.precision_low for one in told],
        [one.precision_high for one in told],
    )
    return chart(series, told[0].found_at, max(now, told[-1].found_at), threshold=told[-1].required, share=True)


def _plots(report: Any) -> list[Plot]:
    if not report:
        return []
    split = report["splits"][0]
    return [reliability_plot(split), lead_plot(split)]


def _versions(connection: Connection, app: Application, device_model: str, failure_mode: str) -> Sequence[Version]:
    """The newest first; none is no error while the catalog knows the failure mode."""
    trained = versions(connection, device_model=device_model, failure_mode=failure_mode)
    if not trained and mode_of(app, device_model, failure_mode) is None:
        raise NotFoundError(f"no device model {device_model} with a failure mode {failure_mode} is known: see Models")
    return trained


def _champion(trained: Sequence[Version]) -> Version | None:
    return next((one for one in trained if one.status == CHAMPION), None)


def _of_place(version: Version, device_model: str, failure_mode: str) -> Version:
    if (version.device_model, version.failure_mode) != (device_model, failure_mode):
        raise NotFoundError(f"model version {version.model_version_id} is not of {failure_mode} of {device_model}")
    return version


def _as_seen(connection: Connection, device_model: str, failure_mode: str, form: Form) -> None:
    """Nobody changes a champion that they have not seen. Raises ConflictError."""
    current = championships.lock(connection, device_model=device_model, failure_mode=failure_mode)
    scores = str(current.model_version_id) if current else ""
    if form.get("champion", "") != scores:
        raise ChangedMeanwhileError(f"version {scores or 'none'} scores meanwhile: look at the page, then decide")


def _reason(form: Form) -> str:
    reason = form.get("reason", "").strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise InvalidInputError(f"say why, in at most {LONGEST_REASON} characters: the audit log keeps it")
    return reason


def _confirm(request: Request, champion: Version | None, target: Version, action: str) -> HTMLResponse:
    if champion and champion.model_version_id == target.model_version_id:
        raise ConflictError(f"version {target.model_version_id} scores already")
    return show(request, "champion_change.html", champion=champion, target=target, action=action, compared=COMPARED)
