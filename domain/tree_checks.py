"""Whether a decision tree can work: it ends on every way, and what it names is in the same catalog file. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.command_arguments import check_arguments
from domain.device_model import DeviceModel
from domain.errors import AftercareError
from domain.troubleshooting import UNKNOWN, CommandStep, Question, ReadingCheck, Step, Tree


def problem_of_tree(tree: Tree, model: DeviceModel) -> str | None:
    """The first mistake, in words; None: there is none."""
    return next(_problems(tree, model), None)


def _problems(tree: Tree, model: DeviceModel) -> Iterator[str]:
    names = [place.name for place in (*tree.steps, *tree.endings)]
    yield from (f"{name!r} is the name of more than one step or ending" for name in names if names.count(name) > 1)
    if not tree.endings:
        yield "it has no ending: list at least one"
    for step in tree.steps:
        yield from (f"step {step.name}: {problem}" for problem in _of_step(step, names))
        yield from (f"step {step.name}: {problem}" for problem in _of_catalog(step, model))
    parts = {part.part_no for part in model.parts}
    for ending in tree.endings:
        unknown = [part_no for part_no in ending.parts or () if part_no not in parts]
        yield from (f"ending {ending.name} needs part {part_no!r}, which is not listed" for part_no in unknown)
    if loop := _loop(tree, tree.first.name, (), set()):
        yield f"it goes round in a loop: {' to '.join(loop)}"
    reached = set(_reached(tree))
    yield from (f"nothing leads to {name!r}: lead there, or leave it out" for name in names if name not in reached)


def _of_step(step: Step, names: Iterable[str]) -> Iterator[str]:
    known = set(names)
    yield from (f"{answer} leads to {target!r}, which is no step and no ending" for answer, target in step.next.items()
                if target not in known)  # fmt: skip
    if isinstance(step, Question):
        if len(step.answers) < 2:
            yield "a question needs at least two answers that next tells where to go from"
        return
    yield from (f"next does not say where {answer} leads" for answer in step.answers if answer not in step.next)
    possible = (*step.answers, UNKNOWN)
    yield from (f"{answer!r} is no answer that it can have; it has {', '.join(possible)}"
                for answer in step.next if answer not in possible)  # fmt: skip


def _of_catalog(step: Step, model: DeviceModel) -> Iterator[str]:
    if isinstance(step, ReadingCheck) and step.channel not in {channel.name for channel in model.channels}:
        yield f"channel {step.channel!r} is not listed"
    if not isinstance(step, CommandStep):
        return
    command = next((command for command in model.commands if command.name == step.command), None)
    if command is None:
        yield f"command {step.command!r} is not listed"
        return
    try:
        check_arguments(command, step.arguments)
    except AftercareError as error:
        yield str(error)
    if command.confirm and not step.confirmed:
        yield f"{command.name} has to be confirmed: ask before it, and set confirmed = true"


def _loop(tree: Tree, name: str, way: tuple[str, ...], harmless: set[str]) -> tuple[str, ...] | None:
    """A way from `name` on that comes back to itself; None without one. harmless: names that were looked at."""
    if name in way:
        return (*way[way.index(name) :], name)
    step = tree.step(name)
    if step is None or name in harmless:
        return None
    for target in step.next.values():
        if found := _loop(tree, target, (*way, name), harmless):
            return found
    harmless.add(name)
    return None


def _reached(tree: Tree) -> Iterator[str]:
    """Names of the steps and endings on a way from the first step."""
    ahead, seen = [tree.first.name], set[str]()
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name
        place = tree.step(name)
        ahead += place.next.values() if place else ()
