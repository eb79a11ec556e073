"""Every error as application/problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from domain.errors import (
    AftercareError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    TooManyAttemptsError,
    UnavailableError,
)

log = structlog.get_logger()
HEADERS: Mapping[int, Mapping[str, str]] = {
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "900"},
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
}
STATUS: Mapping[type[AftercareError], HTTPStatus] = {
    NotSignedInError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}


class FieldProblem(BaseModel):
    """What is wrong with one field of the request."""

    place: str = Field(examples=["query.limit"])
    detail: str = Field(examples=["Input should be less than or equal to 500"])


class Problem(BaseModel):
    """A problem as RFC 9457 describes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "ticket 12 does not exist: look it up in the list",
                "instance": "/api/v1/tickets/12",
            }
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] | None = None
    present: dict[str, Any] | list[dict[str, Any]] | None = Field(
        None, description="Of 412: how the resource stands now"
    )


class PreconditionError(ConflictError):
    """Somebody was quicker than whoever sent If-Match; `present` is how it stands now, `etag` the tag of that."""

    def __init__(self, message: str, present: object, etag: str) -> None:
        super().__init__(message)
        self.present, self.etag = present, etag


def install(app: FastAPI) -> None:
    """Answer every error of this application with a problem document."""
    app.add_exception_handler(AftercareError, refuse)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def status_of(error: AftercareError) -> HTTPStatus:
    """The HTTP status that tells of this error."""
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_response(status: int) -> dict[str, Any]:
    """How OpenAPI documents a problem of this status."""
    headers = {
        name: {"schema": {"type": "string"}, "example": value} for name, value in HEADERS.get(status, {}).items()
    }
    return {
        "headers": headers,
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def problem(
    request: Request,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[FieldProblem] | None = None,
    present: Any = None,
) -> JSONResponse:
    """A problem document. `present`: how the resource stands that the caller has an older version of."""
    document = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        errors=list(errors) if errors else None,
        present=present,
    )
    return JSONResponse(
        document.model_dump(mode="json", exclude_none=True),
        status,
        headers=dict(headers or {}),
        media_type="application/problem+json",
    )


async def refuse(request: Request, error: Exception) -> JSONResponse:
    """The problem document of an error of ours."""
    assert isinstance(error, AftercareError)
    if isinstance(error, PreconditionError):
        present = jsonable_encoder(error.present)
        return problem(request, HTTPStatus.PRECONDITION_FAILED, str(error), {"ETag": error.etag}, present=present)
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", path=request.url.path, reason=str(error))
    return problem(request, status, str(error), HEADERS.get(status))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        FieldProblem(place=".".join(str(step) for step in one["loc"]), detail=str(one["msg"])) for one in error.errors()
    ]
    detail = "; ".join(f"{one.place}: {one.detail}" for one in errors)
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # what FastAPI says of bytes that are no text, let alone JSON
        return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "the body could not be read: send JSON in UTF-8")
    detail = {
        404: f"{request.url.path} is not a resource of this API: see /api/v1/openapi.json",
        405: f"{request.url.path} does not take {request.method}",
    }.get(error.status_code, str(error.detail))
    return problem(request, error.status_code, detail, error.headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("request crashed", path=request.url.path, error=type(error).__name__)
    return problem(request, 500, "the server made a mistake: its log tells which")
