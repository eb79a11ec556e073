"""Predictions."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter, Id
from api.schemas import Prediction
from store import listings

router = APIRouter()


@router.get("/predictions", operation_id="list_predictions", tags=["predictions"])
def list_predictions(
    app: App,
    request: Request,
    response: Response,
    device: Filter = None,
    failure_mode: Filter = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Prediction]:
    """Predictions, newest first."""
    key = read_cursor(after, int)
    with app.database.transaction() as connection:
        rows = listings.predictions(
            connection,
            device_name=device,
            failure_mode=failure_mode,
            after=key[0] if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.prediction_id,), Prediction, request, response)


@router.get("/predictions/latest", operation_id="list_latest_predictions", tags=["predictions"])
def list_latest_predictions(
    app: App, request: Request, response: Response, device: Filter = None, limit: Limit = 50, after: Cursor = None
) -> Page[Prediction]:
    """The newest prediction per device and failure mode."""
    key = read_cursor(after, int, str)
    with app.database.transaction() as connection:
        rows = listings.latest_predictions(
            connection,
            modes=[(model.name, mode.name) for model in app.catalog.values() for mode in model.failure_modes],
            device_name=device,
            after=(key[0], key[1]) if key else None,
            limit=limit + 1,
        )
    return page(rows, limit, lambda row: (row.device_id, row.failure_mode), Prediction, request, response)


@router.get("/predictions/{prediction_id}", operation_id="get_prediction", tags=["predictions"])
def get_prediction(app: App, prediction_id: Id) -> Prediction:
    """One prediction with what moved its risk."""
    with app.database.transaction() as connection:
        return Prediction.model_validate(listings.prediction(connection, prediction_id))
