"""Sites, warranties and service contracts: read them, and store a new version."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, cast

from fastapi import APIRouter, Query

from api.paging import Limit
from api.request import App, Filter, Text
from api.versions import OVERTAKEN, Edit, Editing
from domain.entitlement import Contract, Site, Warranty
from service_desk.entitlement.papers import Paper, keep
from store import entitlement
from store.database import Connection

router = APIRouter(tags=["agreements"])
After = Annotated[Text, Query(description="The number of the last one of the page before")]


@router.get("/sites/descriptions", operation_id="list_site_descriptions")
def list_site_descriptions(app: App, customer: Filter = None, site: Filter = None, limit: Limit = 50) -> list[Site]:
    """Business hours, holidays and service centre of sites, by customer and name."""
    with app.database.transaction() as connection:
        return entitlement.list_sites(connection, customer=customer, site=site, limit=limit)


@router.put("/sites/descriptions", operation_id="set_site_description", responses=OVERTAKEN)
def set_site_description(edit: Editing, site: Site) -> Site:
    """Describe a site; with `version` only when nobody has changed it since."""
    return _keep(edit, site)


@router.get("/warranties", operation_id="list_warranties")
def list_warranties(app: App, warranty_no: Filter = None, limit: Limit = 50, after: After = "") -> list[Warranty]:
    """Warranties by number."""
    with app.database.transaction() as connection:
        return entitlement.list_warranties(connection, warranty_no=warranty_no, after=after, limit=limit)


@router.put("/warranties", operation_id="set_warranty", responses=OVERTAKEN)
def set_warranty(edit: Editing, warranty: Warranty) -> Warranty:
    """Store a warranty; with `version` only when nobody has changed it since."""
    return _keep(edit, warranty)


@router.get("/contracts", operation_id="list_contracts")
def list_contracts(app: App, contract_no: Filter = None, limit: Limit = 50, after: After = "") -> list[Contract]:
    """Service contracts by number."""
    with app.database.transaction() as connection:
        return entitlement.list_contracts(connection, contract_no=contract_no, after=after, limit=limit)


@router.put("/contracts", operation_id="set_contract", responses=OVERTAKEN)
def set_contract(edit: Editing, contract: Contract) -> Contract:
    """Store a contract; with `version` only when nobody has changed it since. Open tickets keep their clocks."""
    return _keep(edit, contract)


def _keep(edit: Edit, paper: Paper) -> Paper:
    def store(connection: Connection, wanted: Paper) -> Paper:
        return keep(connection, catalog=edit.app.catalog, paper=wanted, who=edit.who, now=edit.app.clock())

    return edit.keep(paper, present=partial(_present, paper=paper), keep=store)


def _present(connection: Connection, paper: Paper) -> Paper | None:
    stored: Sequence[Site | Warranty | Contract]
    if isinstance(paper, Site):
        stored = entitlement.list_sites(connection, customer=paper.customer, site=paper.site, limit=1)
    elif isinstance(paper, Warranty):
        stored = entitlement.list_warranties(connection, warranty_no=paper.warranty_no, limit=1)
    else:
        stored = entitlement.list_contracts(connection, contract_no=paper.contract_no, limit=1)
    return cast(Paper, stored[0]) if stored else None
