"""Manuals of device models, and the search over them and the guidance of the catalog."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from aftercare.manuals import catalog_root, manual_passages, open_manual
from api.request import App, DeviceName, Text
from api.schemas import Answer
from domain.manual import ManualKind
from store import listings
from store.guidance import kinds_in_view, search

router = APIRouter(tags=["self-service"])
MEDIA_TYPES = {
    ManualKind.MARKDOWN: "text/markdown; charset=utf-8",
    ManualKind.TEXT: "text/plain; charset=utf-8",
    ManualKind.PDF: "application/pdf",
}


class Manual(Answer):
    name: str = Field(examples=["operating"])
    title: str = Field(examples=["Operating manual"])
    kind: ManualKind
    language: str = Field(examples=["english"])


class GuidanceFound(Answer):
    device_model: str = Field(examples=["heat_pump"])
    subject: str = Field(
        description="The failure mode, or of the kind `manual` the manual", examples=["compressor_wear"]
    )
    kind: str = Field(examples=["symptoms"])
    title: str = Field(examples=["Compressor worn"])
    language: str = Field(examples=["english"])
    told: str = Field(description="The words that were looked for stand between ⟦ and ⟧")


@router.get("/devices/{name}/manuals", operation_id="list_manuals")
def list_manuals(app: App, name: DeviceName) -> list[Manual]:
    """The manuals of a device's model."""
    with app.database.transaction() as connection:
        model = app.catalog.get(listings.device(connection, name).device_model)
    return [Manual.model_validate(one) for one in model.manuals] if model else []


@router.get(
    "/manuals/{device_model}/{manual}",
    operation_id="get_manual",
    response_class=Response,
    responses={
        200: {
            "content": {
                media.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                for media in MEDIA_TYPES.values()
            }
        }
    },
)
def get_manual(app: App, device_model: Text, manual: Text) -> Response:
    """A manual's file, to be saved."""
    root = catalog_root(app.settings.catalog_dir)
    with app.database.transaction() as connection:
        found, content = open_manual(connection, app.catalog, root, device_model=device_model, name=manual)
    headers = {"Content-Disposition": f'attachment; filename="{found.file.rpartition("/")[2]}"'}
    return Response(content, media_type=MEDIA_TYPES[found.kind], headers=headers)


@router.get("/guidance", operation_id="search_guidance")
def search_guidance(
    app: App, q: Annotated[Text, Query(description="Words as in a web search", examples=["rattles"])]
) -> list[GuidanceFound]:
    """What guidance and manuals tell of some words, the best first, for the device models that one sees."""
    models = list(app.catalog.values())
    texts = manual_passages(catalog_root(app.settings.catalog_dir), models)
    with app.database.transaction() as connection:
        found = search(connection, models, q, kinds=kinds_in_view(), passages=texts)
    return [GuidanceFound.model_validate(one) for one in found]
