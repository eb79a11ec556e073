"""Looking something up in the catalog's guidance and manuals."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from aftercare.manuals import catalog_root, manual_passages
from console.render import show
from console.request import Text
from store.guidance import kinds_in_view, search

router = APIRouter()


@router.get("/guidance")
def guidance(request: Request, q: Text = "") -> HTMLResponse:
    """What guidance and manuals tell of some words."""
    app = request.app.state.application
    models = list(app.catalog.values())
    texts = manual_passages(catalog_root(app.settings.catalog_dir), models) if q.strip() else []
    with app.database.transaction() as connection:
        found = search(connection, models, q, kinds=kinds_in_view(), passages=texts) if q.strip() else []
    return show(request, "guidance_search.html", q=q, found=found, models=app.catalog)
