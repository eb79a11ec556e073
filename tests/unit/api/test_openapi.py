"""The OpenAPI document tells all of every operation: what it does, what it takes and answers, each with an example."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

import jsonschema_rs
import pytest

from aftercare.settings import load_settings
from aftercare.wiring import Application, Catalog
from api.app import TAGS, create_app
from domain.clock import system_clock
from store.database import Database

CLOCK = {"time": lambda told: time.fromisoformat(told) is not None}
"""Hours of a day, which bear no zone; JSON Schema asks for one."""


@pytest.fixture(scope="module")
def document(catalog: Catalog) -> dict[str, Any]:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    application = Application(load_settings(database_url=database.url), system_clock, catalog, database)
    described: dict[str, Any] = create_app(application).openapi()
    return described


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", method, operation


def succeeded(operation: dict[str, Any]) -> dict[str, Any]:
    [answer] = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    assert isinstance(answer, dict)
    return answer


def test_each_operation_says_what_it_does_takes_and_answers(document: dict[str, Any]) -> None:
    for label, _, operation in operations(document):
        assert operation["summary"], label
        assert operation["description"].endswith((".", "...")), label
        assert set(operation["tags"]) <= TAGS.keys(), label
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (label, parameter["name"])
        if "204" not in operation["responses"]:
            for media in succeeded(operation)["content"].values():
                assert media["schema"], label


def test_each_body_has_an_example_that_it_would_take(document: dict[str, Any]) -> None:
    without = []
    for label, _, operation in operations(document):
        answer = {} if "204" in operation["responses"] else succeeded(operation)
        for body in (operation.get("requestBody", {}), answer):
            for kind, media in body.get("content", {}).items():
                if kind != "application/json":
                    continue
                schema = {**media["schema"], "components": document["components"]}
                validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats=CLOCK)
                without += [f"{label}: {fault}" for fault in validator.iter_errors(media["example"])]
    assert not without, "\n".join(without)


def test_keys_and_tags_are_told_of(document: dict[str, Any]) -> None:
    for label, method, operation in operations(document):
        headers = {one["name"].lower() for one in operation.get("parameters", []) if one["in"] == "header"}
        answer = {} if "204" in operation["responses"] else succeeded(operation)
        assert ("idempotency-key" in headers) == (method == "post"), label
        assert ("Idempotency-Replayed" in answer.get("headers", {})) == (method == "post"), label
        if "if-match" in headers:
            assert "412" in operation["responses"], label
            assert method == "delete" or "ETag" in answer["headers"], label
    tagged = document["paths"]["/api/v1/tickets/{ticket_id}"]["get"]["responses"]["200"]
    assert "ETag" in tagged["headers"]


BESIDE = {
    "/comments": "adds, and takes nothing away",
    "/channels": "adds, and takes nothing away",
    "/test": "changes nothing",
    "/reset-password": "is not what anybody saw, and shows a secret",
}
"""What is done to an object that has a tag without being a change of it."""


def test_every_change_of_what_has_a_tag_takes_it(document: dict[str, Any]) -> None:
    tagged = [
        path
        for path, methods in document["paths"].items()
        if "get" in methods and "ETag" in succeeded(methods["get"]).get("headers", {})
    ]
    assert len(tagged) == 9
    for label, method, operation in operations(document):
        path = label.partition(" ")[2]
        if method == "get" or not f"{path}/".startswith(tuple(f"{one}/" for one in tagged)):
            continue
        if path.endswith(tuple(BESIDE)):
            continue
        assert any(one["name"].lower() == "if-match" for one in operation["parameters"]), label


def test_everything_but_health_asks_for_a_token(document: dict[str, Any]) -> None:
    assert document["security"] == [{"token": []}, {"session": []}]
    assert [label for label, _, operation in operations(document) if operation.get("security") == []] == [
        "GET /api/v1/health"
    ]
