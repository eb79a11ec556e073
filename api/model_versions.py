"""Model versions: where predictions come from, and what was measured of each."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.paging import Cursor, Limit, Page, page, read_cursor
from api.request import App, Filter, Id
from api.schemas import Answer, ModelVersion
from store import drift
from store.model_versions import get_version, read_report, versions

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
        rows = versions(
            connection, device_model=device_model, status=status, after=key[0] if key else None, limit=limit + 1
        )
    return page(rows, limit, lambda row: (row.model_version_id,), ModelVersion, request, response)


class DriftFinding(Answer):
    kind: Literal["input", "precision"] = Field(description="What the model is shown, or how often it is right")
    subject: str = Field(
        description="Feature of an input that moved most, or the failure mode", examples=["t30.mean_7d"]
    )
    measure: float = Field(description="Population stability index, or the share of visits that found the fault")
    boundary: float = Field(description="An index above it has drifted; the precision that was promised")
    sample: int = Field(description="Devices, or visits")
    drifted: bool
    message: str


class Drift(Answer):
    model_version_id: int = Field(examples=[3])
    measured_at: datetime | None = Field(description="null: not measured yet, which only champions are")
    findings: list[DriftFinding] = Field(description="Of the latest measurement, the most drifted first")


@router.get("/model-versions/{model_version_id}/report", operation_id="get_model_report")
def get_model_report(app: App, model_version_id: Id) -> ModelReport:
    """The figures of one version with their intervals, and the curves behind them."""
    with app.database.transaction() as connection:
        return ModelReport(model_version_id=model_version_id, report=read_report(connection, model_version_id))


@router.get("/model-versions/{model_version_id}/drift", operation_id="get_model_drift")
def get_model_drift(app: App, model_version_id: Id) -> Drift:
    """Whether the version still sees what it learnt from, and whether technicians find what it predicts."""
    with app.database.transaction() as connection:
        get_version(connection, model_version_id)
        measured = drift.latest(connection, model_version_id=model_version_id)
    findings = [DriftFinding(**asdict(one)) for one in measured.findings] if measured else []
    return Drift(
        model_version_id=model_version_id, measured_at=measured.measured_at if measured else None, findings=findings
    )
