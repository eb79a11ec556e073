"""Manuals of device models, to be read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from aftercare.manuals import catalog_root, open_manual
from console.manual_text import as_html
from console.render import show
from console.request import Text
from domain.manual import ManualKind

router = APIRouter()


@router.get("/manuals/{device_model}/{manual}")
def read_manual(request: Request, device_model: Text, manual: Text) -> HTMLResponse:
    """A manual: its text, or where a PDF is to be had."""
    app = request.app.state.application
    root = catalog_root(app.settings.catalog_dir)
    with app.database.transaction() as connection:
        found, content = open_manual(connection, app.catalog, root, device_model=device_model, name=manual)
    text = None if found.kind is ManualKind.PDF else content.decode("utf-8", "replace")
    return show(
        request,
        "manual.html",
        manual=found,
        model=app.catalog[device_model],
        text=text,
        html=as_html(text) if text is not None and found.kind is ManualKind.MARKDOWN else None,
    )
