"""Which role a provider's claims give."""

import pytest

from access.openid_claims import ClaimMapping, Person, is_told, parse_roles, read_person
from aftercare.access import openid_of
from aftercare.settings import load_settings
from domain.account import Role
from domain.errors import ConfigurationError, NotSignedInError


def mapping(roles="viewer=*", role_claim="groups", customer_claim=None):
    return ClaimMapping("preferred_username", role_claim, parse_roles(roles), customer_claim)


def test_the_highest_role_counts_and_a_customers_user_looks_only():
    both = mapping("viewer=*; admin=it; operator=it", customer_claim="customer")

    assert read_person({"sub": "1", "groups": ["it", "x"]}, both) == Person("1", Role.ADMIN, None)
    assert read_person({"sub": "1", "email": "a@b.example"}, both) == Person("a@b.example", Role.VIEWER, None)
    assert read_person({"sub": "1", "groups": "it", "customer": "acme"}, both) == Person("1", Role.VIEWER, "acme")


def test_claims_inside_of_objects_and_claims_with_dots():
    nested = mapping("planner=p", role_claim="realm_access.roles")

    assert read_person({"sub": "1", "realm_access": {"roles": ["p"]}}, nested).role is Role.PLANNER
    assert read_person({"sub": "1", "realm_access.roles": ["p"]}, nested).role is Role.PLANNER
    for claims in ({"sub": "1"}, {"sub": "1", "realm_access": "p"}, {"sub": "1", "realm_access": {"roles": [7]}}):
        with pytest.raises(NotSignedInError, match="has no role"):
            read_person(claims, nested)
    assert not is_told({"sub": "1"}, nested)


@pytest.mark.parametrize("roles", ["king=x", "admin", "admin=", "=x"])
def test_a_mapping_that_maps_nothing_is_refused(roles):
    with pytest.raises(ConfigurationError, match="AFTERCARE_OIDC_ROLES"):
        parse_roles(roles)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"oidc_issuer": "http://id.example"}, "https"),
        ({"oidc_issuer": "ftp://127.0.0.1"}, "https"),
        ({"oidc_client_id": ""}, "AFTERCARE_OIDC_CLIENT_ID"),
        ({"oidc_roles": " ; "}, "AFTERCARE_OIDC_ROLES"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_at_the_start(settings, said):
    whole = {"oidc_issuer": "https://id.example", "oidc_client_id": "a", "oidc_roles": "viewer=*"}

    assert openid_of(load_settings(**whole)) is not None
    with pytest.raises(ConfigurationError, match=said):
        openid_of(load_settings(**(whole | settings)))
