"""What the benchmark of console and API asks for: a page or list that is added has to be measured, or named here."""

from collections import defaultdict
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from starlette.routing import compile_path

from aftercare.settings import load_settings
from aftercare.wiring import Application
from api import app as api_app
from bench.console.lists import lists
from bench.console.pages import pages
from bench.console.questions import API, OF_THE_MAKER, SUBJECTS
from console import app as console_app
from domain.clock import system_clock
from store.database import Database

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FOUND = {**{name: [1] for name in (*SUBJECTS, *OF_THE_MAKER)}, "mode": ["compressor/bearing_wear"]}
NO_PAGES = {
    "/live": "a stream that does not end",
    "/commands/{command_id}/progress": "one small piece of a page",
    "/fleet-commands/{fleet_id}/progress": "one small piece of a page",
    "/problem-reports/{report_id}/readings": "a file",
    "/manuals/{device_model}/{manual}": "a file of the catalog",
    "/models/{device_model}/{failure_mode}/promote/{model_version_id}": "asks before a change; two rows",
    "/models/{device_model}/{failure_mode}/roll-back": "asks before a change; two rows",
}
NO_LISTS = {"/api/v1/receivers/{receiver_id}/refused": "the seeded fleet has no receiver"}


@pytest.fixture(scope="module")
def application(catalog):
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    return Application(load_settings(database_url=database.url), system_clock, catalog, database)


def not_asked(paths, questions):
    asked = {urlsplit(address).path.removeprefix(API) for question in questions for address in question.addresses}
    return {path for path in paths if not any(map(compile_path(path.removeprefix(API))[0].fullmatch, asked))}


def test_every_page_is_asked_for(application):
    routes = [
        route
        for included in console_app.create_app(application).routes
        for route in getattr(included, "effective_route_contexts", list)()
    ]
    paths = {route.path for route in routes if "GET" in route.methods and not route.path.startswith("/sign-in")}
    assert len(paths) > 40
    assert not_asked(paths, pages(FOUND, NOW)) == set(NO_PAGES)


def test_every_list_is_asked_for(application):
    described = api_app.create_app(application).openapi()["paths"]
    paths = {
        path for path, methods in described.items() if methods.get("get", {}).get("operationId", "")[:5] == "list_"
    }
    assert len(paths) > 30
    assert not_asked(paths, lists(FOUND, NOW)) == set(NO_LISTS)


def test_no_two_questions_have_one_name():
    names = defaultdict(list)
    for question in (*pages(FOUND, NOW), *lists(FOUND, NOW)):
        names[question.name].append(question.addresses)
    assert all(len({address[0].startswith(API) for address in found}) == len(found) for found in names.values())
