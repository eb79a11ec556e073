"""The pages of models: which versions there are, and what was measured of one."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from console.model_report import view_report
from console.render import show
from console.request import After, Id
from store import drift
from store.model_versions import get_version, read_report, versions

router = APIRouter()
ROWS = 100


@router.get("/models")
def models(request: Request, view: str = "champions", after: After = None) -> HTMLResponse:
    """The versions that score now, or every version that was ever trained; newest first."""
    app = request.app.state.application
    status = None if view == "all" else "champion"
    with app.database.transaction() as connection:
        rows = versions(connection, status=status, after=after, limit=ROWS + 1)
    return show(
        request,
        "models.html",
        versions=rows[:ROWS],
        next=rows[ROWS - 1].model_version_id if len(rows) > ROWS else None,
        view=view,
        device_models={model.name: model.title for model in app.catalog.values()},
    )


@router.get("/models/{model_version_id}")
def model(request: Request, model_version_id: Id) -> HTMLResponse:
    """How far one version can be trusted, and where it comes from."""
    app = request.app.state.application
    with app.database.transaction() as connection:
        version = get_version(connection, model_version_id)
        report = read_report(connection, model_version_id)
        measured = drift.latest(connection, model_version_id=model_version_id)
    return show(
        request,
        "model.html",
        version=version,
        view=view_report(report) if report else None,
        drift=measured,
        device_models={one.name: one.title for one in app.catalog.values()},
    )
