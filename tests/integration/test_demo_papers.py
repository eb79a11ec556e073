"""What the demo's devices are entitled to, and who visits them."""

import pandas as pd
import pytest

from aftercare.cli.demo.agreements import sign_agreements
from aftercare.cli.demo.fleets import simulated_fleet
from aftercare.cli.demo.people import People
from aftercare.cli.demo.technicians import employ_technicians
from store import entitlement
from store.technicians import list_technicians
from store.visit_budget import capacities

from .conftest import START


@pytest.fixture
def devices(desk):
    """The simulated fleet, registered."""
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
    return devices


def test_some_have_a_warranty_some_a_contract_and_each_site_its_hours(desk, devices):
    with desk.database.transaction() as connection:
        sign_agreements(connection, desk.catalog, devices, START)
        covered = {one.device for one in entitlement.list_warranties(connection)}
        contracted = {one.customer for one in entitlement.list_contracts(connection)}
        zones = {one.time_zone for one in entitlement.list_sites(connection)}
    kinds = {(row.name in covered, row.customer in contracted) for row in devices.itertuples()}
    assert kinds == {(True, True), (True, False), (False, True), (False, False)}
    assert len(zones) > 1


def test_every_centre_can_repair_everything_that_it_serves(desk, devices):
    models = [desk.catalog[name] for name in ("heat_pump", "compressor")]
    centres = sorted(set(devices["service_centre"]))
    with desk.database.transaction() as connection:
        employ_technicians(connection, models, centres, START)
        known = list_technicians(connection).values()
        assert {centre: one.hours for centre, one in capacities(connection).items()} == dict.fromkeys(centres, 108.0)
    for centre in centres:
        able = [set(one.skills) for one in known if one.service_centre == centre]
        needed = [set(mode.skills) for model in models for mode in model.failure_modes]
        assert all(any(one >= skills for one in able) for skills in needed)
        assert not all(one >= skills for one in able for skills in needed), "that skills matter is to be seen"


def test_the_demos_planner_accepts_and_books_each_ticket_once(site):
    desk = site.desk
    ticket_id = desk.act(desk.predict(desk.add_device("d1"), precision=0.1)).ticket_id
    people = People(desk.database, desk.catalog, site.url, START)
    people.employ()
    people.look_around()
    assert desk.value("SELECT state FROM tickets") == "open", "there is nobody to send, and the API says so"
    with desk.database.transaction() as connection:
        employ_technicians(connection, [desk.device_model], ["north"], START)
    second = desk.act(desk.predict(desk.add_device("d2"))).ticket_id
    people.look_around()
    assert desk.rows("SELECT ticket_id, state FROM tickets ORDER BY 1") == [(ticket_id, "open"), (second, "planned")]
    assert desk.value("SELECT count(*) FROM visits WHERE state = 'booked'") == 1
