"""Sites, warranties and service contracts: read them, and store a new version."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from aftercare.wiring import Application
from api.paging import Limit
from api.request import App, Filter, Text, Who
from domain.entitlement import Contract, Site, Warranty
from service_desk.entitlement.papers import Paper, keep
from store import entitlement
from store.retry import in_transaction

router = APIRouter(tags=["agreements"])
After = Annotated[Text, Query(description="The number of the last one of the page before")]


@router.get("/sites/descriptions", operation_id="list_site_descriptions")
def list_site_descriptions(app: App, customer: Filter = None, site: Filter = None, limit: Limit = 50) -> list[Site]:
    """Business hours, holidays and service centre of sites, by customer and name."""
    with app.database.transaction() as connection:
        return entitlement.list_sites(connection, customer=customer, site=site, limit=limit)


@router.put("/sites/descriptions", operation_id="set_site_description")
def set_site_description(app: App, who: Who, site: Site) -> Site:
    """Describe a site; with `version` only when nobody has changed it since."""
    return _keep(app, who, site)


@router.get("/warranties", operation_id="list_warranties")
def list_warranties(app: App, warranty_no: Filter = None, limit: Limit = 50, after: After = "") -> list[Warranty]:
    """Warranties by number."""
    with app.database.transaction() as connection:
        return entitlement.list_warranties(connection, warranty_no=warranty_no, after=after, limit=limit)


@router.put("/warranties", operation_id="set_warranty")
def set_warranty(app: App, who: Who, warranty: Warranty) -> Warranty:
    """Store a warranty; with `version` only when nobody has changed it since."""
    return _keep(app, who, warranty)


@router.get("/contracts", operation_id="list_contracts")
def list_contracts(app: App, contract_no: Filter = None, limit: Limit = 50, after: After = "") -> list[Contract]:
    """Service contracts by number."""
    with app.database.transaction() as connection:
        return entitlement.list_contracts(connection, contract_no=contract_no, after=after, limit=limit)


@router.put("/contracts", operation_id="set_contract")
def set_contract(app: App, who: Who, contract: Contract) -> Contract:
    """Store a contract; with `version` only when nobody has changed it since. Open tickets keep their clocks."""
    return _keep(app, who, contract)


def _keep(app: Application, who: str, paper: Paper) -> Paper:
    return in_transaction(app.database, partial(keep, catalog=app.catalog, paper=paper, who=who, now=app.clock()))
