"""Where an alarm belongs follows its device: lists by customer and site, and what a customer's user sees."""

import pytest

from alerts import lifecycle
from domain.alarm import AlarmSource, Occurrence, Severity
from store import fleet, listings
from store.scope import seen_by

from .conftest import START


@pytest.fixture
def raised(desk):
    """Raises an alarm of a device, a site or a device model; its number."""

    def raise_alarm(**about):
        with desk.database.transaction() as connection:
            lifecycle.raise_alarm(
                connection,
                Occurrence(
                    alarm_type="hot",
                    severity=Severity.MAJOR,
                    source=AlarmSource.RULE,
                    message="",
                    **about,
                ),
                now=START,
            )
        return desk.value("SELECT max(alarm_id) FROM alarms")

    return raise_alarm


def device_at(desk, name, customer, site):
    device_id = desk.add_device(name)
    desk.rows("UPDATE devices SET customer = %s, site = %s WHERE device_id = %s", customer, site, device_id)
    return device_id


def listed(desk, **filters):
    with desk.database.transaction() as connection:
        return [row.alarm_id for row in listings.alarms(connection, **filters)]


def test_alarms_are_found_where_their_device_or_their_site_is(desk, raised):
    of_device = raised(device_id=device_at(desk, "one", "Acme", "East"))
    of_site = raised(site=("Acme", "West"))
    of_model = raised(device_model=desk.device_model.name)

    assert listed(desk, customer="Acme") == [of_site, of_device]
    assert listed(desk, customer="Acme", site="West") == [of_site]
    assert listed(desk) == [of_model, of_site, of_device]


def test_a_device_that_changes_hands_takes_its_alarms_with_it(desk, raised):
    device_id = device_at(desk, "one", "Acme", "East")
    alarm_id = raised(device_id=device_id)

    desk.rows("UPDATE devices SET customer = 'Globex', site = 'North' WHERE device_id = %s", device_id)

    assert listed(desk, customer="Acme") == []
    assert listed(desk, customer="Globex", site="North") == [alarm_id]
    with seen_by("Acme"):
        assert listed(desk) == []
    with seen_by("Globex"):
        assert listed(desk) == [alarm_id]


def test_what_an_alarm_says_of_its_customer_shows_nobody_a_device_of_another(desk, raised):
    alarm_id = raised(device_id=device_at(desk, "one", "Acme", "East"))

    desk.rows("UPDATE alarms SET at_customer = 'Globex' WHERE alarm_id = %s", alarm_id)

    with seen_by("Globex"):
        assert listed(desk) == []


def test_a_site_is_as_bad_as_the_alarms_in_sight_there(desk, raised):
    for number in range(2):
        device_at(desk, f"quiet-{number}", "Acme", "West")
    device_id = device_at(desk, "one", "Acme", "East")
    raised(device_id=device_id)
    raised(site=("Acme", "East"))

    with desk.database.transaction() as connection:
        east, west = fleet.sites_by_health(connection)
        listed_east, listed_west = listings.sites(connection)

    assert (east.site, east.devices, east.troubled, east.active_alarms) == ("East", 1, 1, 2)
    assert (west.site, west.devices, west.troubled, west.active_alarms) == ("West", 2, 0, 0)
    assert (listed_east.active_alarms, listed_west.active_alarms) == (2, 0)


def test_of_one_model_only_its_own_alarms_and_its_sites_count(desk, raised):
    other = next(name for name in desk.catalog if name != desk.device_model.name)
    one, two = device_at(desk, "one", "Acme", "East"), device_at(desk, "two", "Acme", "East")
    desk.rows("UPDATE devices SET device_model = %s WHERE device_id = %s", other, two)
    for device_id in (one, two):
        raised(device_id=device_id)
    raised(site=("Acme", "East"))

    with desk.database.transaction() as connection:
        [east] = fleet.sites_by_health(connection, device_model=other)

    assert (east.devices, east.troubled, east.active_alarms) == (1, 1, 2)


def test_a_site_shows_its_own_alarm_however_many_its_devices_have(desk, raised):
    of_site = raised(site=("Acme", "East"))
    of_device = raised(device_id=device_at(desk, "one", "Acme", "East"))

    assert listed(desk, site="East", of_site=True, limit=1) == [of_site]
    assert listed(desk, site="East", of_site=False) == [of_device]


@pytest.mark.parametrize(
    ("text", "found"), [("RIG", ["50%_rig"]), ("%_", ["50%_rig"]), ("\\", []), ("acme e", ["50%_rig"])]
)
def test_devices_are_found_by_any_piece_of_text_as_it_stands(desk, text, found):
    device_at(desk, "50%_rig", "Acme", "East")
    device_at(desk, "5000", "Globex", "West")

    with desk.database.transaction() as connection:
        assert [row.name for row in listings.devices(connection, text=text)] == found
