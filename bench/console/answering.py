"""How long pages and lists take to be answered, over HTTP on loopback and one at a time."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from aftercare.access import COOKIE
from bench.console import addresses, bare
from bench.console.addresses import Question
from bench.console.stage import Process, Stage, Viewer
from bench.figures import Figure, figure

PAGE_GOAL, LIST_GOAL = 300.0, 50.0


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds until the whole answer was there."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Limit:
    """What the answers of a kind are measured beside, by its path, and the milliseconds that they may take."""

    kind: str
    name: str
    path: str
    goal: float


def ask(process: Process, question: Question, headers: Mapping[str, str], repeat: int) -> Times:
    """Ask so many times over one connection; the first answers, when everything is cold, are left out."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    took = []
    for address in islice(cycle(question.addresses), repeat + len(question.addresses[:3])):
        begin = time.perf_counter()
        connection.request("GET", address, headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read()
        took.append((time.perf_counter() - begin) * 1000)
        assert answer.status == 200, f"{address} answers {answer.status}: {body[:300]!r}"
    connection.close()
    return percentiles(took[-repeat:])


def percentiles(took: Sequence[float]) -> Times:
    """Of at least one."""
    ranked = sorted(took)
    return Times(ranked[len(ranked) // 2], ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))])


def pages(stage: Stage, repeat: int) -> list[Figure]:
    """Every page, and what a customer's user opens of them, beside a page without content."""
    shown, _ = addresses.of_a_customer()
    asked = [(one, stage.planner) for one in addresses.pages(_found(stage))]
    limit = Limit("page", "bare page", bare.PAGE, PAGE_GOAL)
    return _measure(stage, asked + [(one, stage.customer) for one in shown], limit, repeat)


def lists(stage: Stage, repeat: int) -> list[Figure]:
    """Every list of the API, and what a customer's user reads of them, beside the least that a database is asked."""
    _, listed = addresses.of_a_customer()
    asked = [(one, stage.planner) for one in addresses.lists(_found(stage))]
    limit = Limit("list", "SELECT 1", bare.SELECT_1, LIST_GOAL)
    return _measure(stage, asked + [(one, stage.customer) for one in listed], limit, repeat)


def _found(stage: Stage) -> Mapping[str, list[Any]]:
    with stage.database.transaction() as connection:
        return addresses.subjects(connection)


def _measure(stage: Stage, asked: Sequence[tuple[Question, Viewer]], limit: Limit, repeat: int) -> list[Figure]:
    least = ask(stage.bare, Question("bare", [limit.path]), {}, max(repeat, 100))
    figures = []
    for question, viewer in asked:
        times, name = (
            ask(stage.served, question, _signed_in(viewer, limit.kind), repeat),
            f"{limit.kind}: {question.name}",
        )
        figures.append(figure(f"{name}, p50", times.p50, "ms", f"{limit.name} p50", least.p50, "-", met=True))
        goal, met = f"< {limit.goal:.0f} ms", times.p95 < limit.goal
        figures.append(figure(f"{name}, p95", times.p95, "ms", f"{limit.name} p95", least.p95, goal, met=met))
    return figures


def _signed_in(viewer: Viewer, kind: str) -> dict[str, str]:
    if kind == "page":
        return {"Cookie": f"{COOKIE}={viewer.session}"}
    return {"Authorization": f"Bearer {viewer.token}"}
