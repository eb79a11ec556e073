"""Requests made up from the OpenAPI document: none is a mistake of the server, and each is answered as documented."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from domain.account import Role

from .test_api_alarms import raise_alarm
from .test_client import token_of

if TYPE_CHECKING:
    from .conftest import Desk, Site

LEFT_OUT = {
    "follow_feed": "never ends: test_api_feed.py",
    "test_receiver": "sends to whatever address was made up: test_api_receivers.py",
}
WANTED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def populate(desk: Desk) -> Mapping[str, Sequence[str]]:
    """Make something to read and to change, and tell what it is called."""
    names = [f"engine-{number}" for number in range(4)]
    for name in names:
        device_id = desk.add_device(name)
        desk.act(desk.predict(device_id))
        raise_alarm(desk, device_id)
    centres = ["north", "south"]
    return {
        "device": names,
        "devices": names,
        "device_model": [desk.device_model.name],
        "failure_mode": [desk.failure_mode],
        "part_no": [desk.part_no],
        "service_centre": centres,
        "from_centre": centres,
        "to_centre": centres[::-1],
    }


def with_known(names: Mapping[str, Sequence[str]], key: str, value: Any) -> Any:
    """Of what was made up three in four become something that exists: else nearly all would be answered 404."""
    chosen = zlib.crc32(repr((key, value)).encode("utf-8", "surrogatepass"))
    if isinstance(value, dict):
        return {one: with_known(names, one, below) for one, below in value.items()}
    if isinstance(value, list):
        return [with_known(names, key, below) for below in value]
    if chosen % 4 == 0:
        return value
    if key.endswith(("_id", "_ids")) and isinstance(value, int):
        return chosen % 6 + 1
    return names[key][chosen % len(names[key])] if isinstance(value, str) and key in names else value


def can_be_wrong(operation: Any) -> bool:
    """Whether there is anything in it that can be sent wrong: every text is a good name."""
    described = operation.definition.raw
    parameters = described.get("parameters", [])
    names = [one for one in parameters if one["in"] == "path" and one["schema"].get("type") == "string"]
    return "requestBody" in described or len(parameters) > len(names)


@pytest.mark.timeout(0)
def test_every_answer_is_documented_and_none_is_a_mistake(
    desk: Desk, serve_with: Callable[..., AbstractContextManager[Site]], fuzz_examples: int
) -> None:
    names = populate(desk)
    headers = {"Authorization": f"Bearer {token_of(desk, Role.ADMIN)}"}
    making_up = settings(
        max_examples=fuzz_examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    faults: dict[str, BaseException] = {}
    with serve_with(api_rate=0) as site:
        load_all_checks()
        checks = CHECKS.get_by_names(WANTED)

        def ask(operation: Any, mode: GenerationMode) -> None:
            of_path = {**names, "name": names["device"]} if "/devices/" in operation.path else names

            @making_up
            @given(case=operation.as_strategy(generation_mode=mode))
            def asked(case: Any) -> None:
                if mode is GenerationMode.POSITIVE:
                    case.path_parameters = with_known(of_path, "", case.path_parameters)
                    case.query = with_known(names, "", case.query)
                    case.body = with_known(names, "", case.body)
                case.call_and_validate(base_url=site.url, headers=headers, checks=checks, timeout=60)

            try:
                asked()
            except (Exception, FailureGroup) as fault:
                faults[f"{operation.label}, {mode.value}"] = fault

        schema = schemathesis.openapi.from_url(f"{site.url}/api/v1/openapi.json", headers=headers, timeout=60)
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.definition.raw["operationId"] not in LEFT_OUT:
                ask(operation, GenerationMode.POSITIVE)
                if can_be_wrong(operation):
                    ask(operation, GenerationMode.NEGATIVE)
    assert not faults, "\n\n".join(f"{label}: {told(fault)}" for label, fault in faults.items())


def told(fault: BaseException) -> str:
    """What is wrong, and how to ask so again."""
    return "\n".join(str(one) for one in getattr(fault, "exceptions", [])) + f"\n{fault}"
