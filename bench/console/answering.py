"""How long pages and lists take to be answered, over HTTP on loopback and one at a time."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice
from typing import Any

from aftercare.access import COOKIE
from bench.console import bare
from bench.console.lists import lists
from bench.console.pages import pages
from bench.console.questions import Question, subjects
from bench.console.stage import Process, Stage, Viewer
from bench.figures import Figure, figure
from domain.clock import system_clock

LONG_ENOUGH = 30.0
Questions = Callable[[Mapping[str, list[Any]], datetime], list[Question]]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds until the whole answer was there."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class Limit:
    """What the answers of a kind are measured beside, by its path."""

    kind: str
    name: str
    path: str


def ask(process: Process, question: Question, headers: Mapping[str, str], repeat: int) -> Times | None:
    """Ask so many times over one connection; None when whoever asks may not see it.

    The first answers, when everything is cold, are left out. What is slow is asked less often, so that nothing takes
    longer than half a minute and one answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=120)
    took: list[float] = []
    cold, start = len(question.addresses[:3]), time.perf_counter()
    for address in islice(cycle(question.addresses), repeat + cold):
        begin = time.perf_counter()
        if len(took) > cold and begin - start > LONG_ENOUGH:
            break
        connection.request("GET", address, headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read()
        took.append((time.perf_counter() - begin) * 1000)
        if answer.status == 403:
            return None
        assert answer.status == 200, f"{address} answers {answer.status}: {body[:300]!r}"
    connection.close()
    return percentiles(took[cold:])


def percentiles(took: Sequence[float]) -> Times:
    """Of at least one."""
    ranked = sorted(took)
    return Times(ranked[len(ranked) // 2], ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))])


def answer_pages(stage: Stage, repeat: int) -> list[Figure]:
    """Every page, as a planner and as a customer's user open it, beside a page without content."""
    return _measure(stage, pages, Limit("page", "bare page", bare.PAGE), repeat)


def answer_lists(stage: Stage, repeat: int) -> list[Figure]:
    """Every list of the API, as planners and customers' users read it, beside the least that a database is asked."""
    return _measure(stage, lists, Limit("list", "SELECT 1", bare.SELECT_1), repeat)


def _measure(stage: Stage, asked: Questions, limit: Limit, repeat: int) -> list[Figure]:
    least = ask(stage.bare, Question("bare", [limit.path], 0), {}, max(repeat, 100))
    assert least is not None
    figures = []
    for viewer in (stage.planner, stage.customer):
        for question in asked(subjects(stage.database, viewer.caller.customer), system_clock()):
            times = ask(stage.served, question, _signed_in(viewer, limit.kind), repeat)
            if times is None and viewer is stage.customer:
                continue
            assert times is not None, f"{question.addresses[0]} is not for the admin"
            name = f"{limit.kind}: {viewer.prefix}{question.name}"
            figures.append(figure(f"{name}, p50", times.p50, "ms", f"{limit.name} p50", least.p50, "-", met=True))
            goal, met = f"< {question.goal:.0f} ms", times.p95 < question.goal
            figures.append(figure(f"{name}, p95", times.p95, "ms", f"{limit.name} p95", least.p95, goal, met=met))
    return figures


def _signed_in(viewer: Viewer, kind: str) -> dict[str, str]:
    if kind == "page":
        return {"Cookie": f"{COOKIE}={viewer.session}"}
    return {"Authorization": f"Bearer {viewer.token}"}
