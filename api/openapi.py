"""What the OpenAPI document tells beyond the endpoints' own signatures: tokens, keys, and an example of each body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.errors import Problem
from api.vocabulary import EXAMPLES, MEANINGS, OBJECTS

Schema = Mapping[str, Any]
OPEN = ("get_health",)
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same key within 24 hours it takes effect once, and is answered as before",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    "example": "5f0d7f1e-6a1c-4a38-9d0b-1c2f4a0e9b11",
}
REPLAYED = {
    "description": "`true`: it had been done before, and this is the answer of then",
    "schema": {"type": "string", "enum": ["true"]},
}
SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token (docs/access.md)"},
    "session": {"type": "apiKey", "in": "cookie", "name": "aftercare_session", "description": "Who signed in"},
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add to FastAPI's document, in place, what it cannot know."""
    parts = document["components"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["schemas"] |= {**problem.pop("$defs", {}), "Problem": problem}
    parts["securitySchemes"] = SECURITY
    document["security"] = [{"token": []}, {"session": []}]
    for method, operation in _operations(document):
        if operation["operationId"] in OPEN:
            operation["security"] = []
        succeeded = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        if method == "post":
            operation.setdefault("parameters", []).append(KEY)
            for answer in succeeded:
                answer.setdefault("headers", {})["Idempotency-Replayed"] = REPLAYED
        for parameter in operation.get("parameters", []):
            _describe(parameter, parts["schemas"])
        for body in (operation.get("requestBody", {}), *succeeded):
            json = body.get("content", {}).get("application/json")
            if json is not None:
                json.setdefault("example", example_of(json["schema"], parts["schemas"]))
    return document


def example_of(schema: Schema, schemas: Mapping[str, Schema], name: str = "") -> Any:
    """An example of a schema, put together of its fields' own examples and what fields of that name mostly hold."""
    for known in (schema.get("examples", []), [schema[word] for word in ("example", "const") if word in schema]):
        if known:
            return known[0]
    if "$ref" in schema:
        kind = schema["$ref"].rpartition("/")[2]
        return OBJECTS.get(kind) or example_of(schemas[kind], schemas, name)
    if "enum" in schema:
        return schema["enum"][0]
    if either := schema.get("anyOf", schema.get("oneOf")):
        return example_of(next(one for one in either if one.get("type") != "null"), schemas, name)
    if schema.get("type") == "array":
        tuples = schema.get("prefixItems")
        return [example_of(item, schemas, name) for item in tuples or [schema.get("items", {})]]
    if "properties" in schema:
        return {field: example_of(below, schemas, field) for field, below in schema["properties"].items()}
    if schema.get("format") in EXAMPLES:
        return EXAMPLES[schema["format"]]
    return EXAMPLES.get(name, schema.get("default", PLAIN.get(schema.get("type", "object"), {})))


PLAIN: Mapping[str, Any] = {"integer": 1, "number": 1.0, "boolean": False, "string": "", "object": {}}


def _describe(parameter: dict[str, Any], schemas: Mapping[str, Schema]) -> None:
    schema, name = parameter["schema"], parameter["name"]
    if "description" not in parameter:
        parameter["description"] = schema.get("description") or MEANINGS.get(name, "")
    if "example" not in parameter and name in EXAMPLES:
        parameter["example"] = example_of(schema, schemas, name)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document["paths"].values():
        yield from path.items()
