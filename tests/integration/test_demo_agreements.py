"""What the demo's devices are entitled to."""

import pandas as pd

from aftercare.cli.demo.agreements import sign_agreements
from aftercare.cli.demo.fleets import simulated_fleet
from store import entitlement

from .conftest import START


def test_some_have_a_warranty_some_a_contract_and_each_site_its_hours(desk):
    fleet = simulated_fleet(START, seed=7)
    devices = pd.concat([history.devices for history in fleet.history], ignore_index=True)
    desk.rows("INSERT INTO service_centres SELECT DISTINCT unnest(%s::text[])", list(devices["service_centre"]))
    for name, customer, site, centre in zip(
        devices["name"], devices["customer"], devices["site"], devices["service_centre"], strict=True
    ):
        desk.rows(
            "INSERT INTO devices (name, device_model, customer, site, service_centre) VALUES (%s, %s, %s, %s, %s)",
            name,
            desk.device_model.name,
            customer,
            site,
            centre,
        )
    with desk.database.transaction() as connection:
        sign_agreements(connection, desk.catalog, devices, START)
        covered = {one.device for one in entitlement.list_warranties(connection)}
        contracted = {one.customer for one in entitlement.list_contracts(connection)}
        zones = {one.time_zone for one in entitlement.list_sites(connection)}
    kinds = {(row.name in covered, row.customer in contracted) for row in devices.itertuples()}
    assert kinds == {(True, True), (True, False), (False, True), (False, False)}
    assert len(zones) > 1
