"""The HTTP API as one ASGI application."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI

from aftercare import __version__
from aftercare.access import Access
from aftercare.wiring import Application
from alerts.feed import Feed
from api import (
    agreements,
    alarms,
    api_tokens,
    audit_log,
    bulk,
    commands,
    devices,
    errors,
    escalations,
    exports,
    feed,
    figures,
    health,
    latest,
    manuals,
    model_versions,
    parts,
    people,
    predictions,
    receivers,
    rejected,
    self_service,
    sites,
    technicians,
    ticket_sla,
    ticket_visits,
    tickets,
    troubleshooting,
    twin,
    users,
)
from api.idempotency import Idempotency
from api.metrics import Measure, Metrics
from api.openapi import complete
from api.rate_limit import RateLimit
from api.request import refuse_unknown_parameters

PREFIX = "/api/v1"
TAGS = {
    "devices": "Installed devices, their telemetry and what happened to them",
    "predictions": "Risk and remaining useful life per device and failure mode",
    "models": "Where predictions come from",
    "alarms": "What needs to be seen",
    "sites": "How each site stands",
    "tickets": "Service tickets from suggestion to closure",
    "agreements": "Business hours of sites, warranties and service contracts",
    "visits": "Technicians, their visits, and when tickets open by themselves",
    "parts": "Spare parts, stock and reservations",
    "diagnostics": "Remote commands, their files, guided troubleshooting, and device twins",
    "delivery": "Who is told of changes: webhooks, and people with their channels",
    "access": "Users and the tokens of programs",
    "feed": "Changes as they happen",
    "self-service": "What customers' users do for themselves",
    "exports": "Tables as files: CSV, Parquet or JSON lines, streamed",
    "operation": "Health and figures of this server",
}


def create_app(application: Application, changes: Feed | None = None) -> FastAPI:
    """The API under /api/v1. `changes` is shared with the console when both run in one process."""
    app = FastAPI(
        title="Aftercare",
        version=__version__,
        description="Telemetry in, failure predicted, ticket opened and part reserved before the failure.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_unknown_parameters)],
        openapi_tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        responses={status: errors.problem_response(status) for status in (401, 403, 404, 409, 422, 429, 503)},
    )
    app.state.application = application
    app.state.feed = changes or Feed(application.database)
    app.state.metrics = Metrics(app.state.feed)
    of_service = (alarms, sites, agreements, tickets, ticket_sla, parts, receivers, people, escalations)
    for module in (
        bulk,
        devices,
        latest,
        predictions,
        model_versions,
        *of_service,
        ticket_visits,
        technicians,
        commands,
        troubleshooting,
        twin,
        rejected,
        users,
        api_tokens,
        audit_log,
        exports,
        self_service,
        manuals,
        figures,
        feed,
        health,
    ):
        app.include_router(module.router, prefix=PREFIX)
    errors.install(app)
    app.add_middleware(Idempotency, database=application.database)
    app.add_middleware(RateLimit, rate=application.settings.api_rate, metrics=app.state.metrics)
    app.add_middleware(Measure, metrics=app.state.metrics)
    app.add_middleware(Access, application=application, refuse=errors.refuse)
    _complete_document(app)
    return app


def _complete_document(app: FastAPI) -> None:
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        return app.openapi_schema or complete(describe())

    app.openapi = openapi  # type: ignore[method-assign]
