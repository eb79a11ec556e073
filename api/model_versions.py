"""Model versions: where predictions come from, and what was measured of each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter, Id
from api.schemas import Answer, ModelVersion
from store import listings
from store.model_versions import read_report

router = APIRouter(tags=["models"])


class ModelReport(Answer):
    model_version_id: int = Field(examples=[3])
    report: dict[str, Any] = Field(
        description="Per split (other devices, a later time) every figure as [value, low, high] of its 90 % interval, "
        "and the curves of reliability, coverage, notice and cost. null: nothing to measure, or no end on that side"
    )


@router.get("/model-versions", operation_id="list_model_versions")
def list_model_versions(
    app: App,
    request: Request,
    response: Response,
    device_model: Filter = None,
    status: Annotated[Literal["champion", "challenger", "retired"] | None, Query()] = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[ModelVersion]:
    """Trained models with their lineage and held-out figures, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = listings.model_versions(
            connection, device_model=device_model, status=status, after=key[0] if key else None, limit=limit + 1
        )
    return page(rows, limit, lambda row: (row.model_version_id,), ModelVersion, request, response)


@router.get("/model-versions/{model_version_id}/report", operation_id="get_model_report")
def get_model_report(app: App, model_version_id: Id) -> ModelReport:
    """The figures of one version with their intervals, and the curves behind them."""
    with app.database.transaction() as connection:
        return ModelReport(model_version_id=model_version_id, report=read_report(connection, model_version_id))
