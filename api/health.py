"""Health for supervisors and figures for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from aftercare import __version__
from api.request import App
from api.schemas import Health
from store.database import detect_tier
from store.migrate import pending_migrations

router = APIRouter(tags=["operation"])


@router.get("/health", operation_id="get_health")
def get_health(app: App, request: Request) -> Health:
    """Whether the database answers and is current; 503 when it does not answer."""
    with app.database.transaction() as connection:
        pending = pending_migrations(connection)
        tier = detect_tier(connection)
    return Health(
        status="migrations pending" if pending else "ok",
        version=__version__,
        database_tier=tier,
        pending_migrations=pending,
        feed_listeners=request.app.state.feed.listeners,
    )


@router.get(
    "/metrics",
    operation_id="get_metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_metrics(request: Request) -> Response:
    """Requests, feed listeners and open work in the Prometheus text format."""
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
