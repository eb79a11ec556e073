"""Decision trees of a catalog file: what is read, and what is told of each mistake."""

from __future__ import annotations

import pytest

from domain.catalog import parse_device_model
from domain.errors import CatalogError
from domain.troubleshooting import CommandStep, Limit, Question, ReadingCheck, Starts

HEAD = """
[device_model]
name = "pump"
title = "Pump"
reading_interval = "1h"
currency = "EUR"
[[component]]
name = "impeller"
title = "Impeller"
[[channel]]
name = "flow"
title = "Flow"
unit = "m3/h"
[[command]]
name = "flush"
title = "Flush it"
confirm = "It gets wet"
[[command.argument]]
name = "seconds"
title = "For so long"
low = 1
high = 60
[[part]]
part_no = "P-1"
description = "Impeller"
unit_cost = 100
lead_time = "1d"
[[failure_mode]]
name = "clogged"
title = "Clogged"
component = "impeller"
horizon = "7d"
lead_time = "2d"
rul_cap = "9d"
gate_precision = 0.5
[failure_mode.cost]
planned_visit = 1
emergency_visit = 2
needless_visit = 1
[failure_mode.troubleshooting]
starts = "prediction"
"""
CHECK = 'name = "low"\ntitle = "Low?"\nchannel = "flow"\nbelow = 2\nnext = { yes = "flush", no = "well" }'
FLUSH = (
    'name = "flush"\ntitle = "Flush"\ncommand = "flush"\narguments = { seconds = 5 }\nconfirmed = true\n'
    'next = { yes = "asks", unknown = "visit" }'
)
ASKS = 'name = "asks"\ntitle = "Better?"\nask = "customer"\nnext = { better = "well", worse = "visit" }'
WELL = 'name = "well"\ntitle = "It is well"\noutcome = "no_fault"'
VISIT = 'name = "visit"\ntitle = "Go there"\noutcome = "ticket"\nparts = ["P-1"]'


def parse(*, check: str = CHECK, flush: str = FLUSH, asks: str = ASKS, endings: tuple[str, ...] = (WELL, VISIT)):
    steps = [f"[[failure_mode.troubleshooting.step]]\n{step}\n" for step in (check, flush, asks) if step]
    ends = [f"[[failure_mode.troubleshooting.ending]]\n{ending}\n" for ending in endings]
    return parse_device_model(HEAD + "".join(steps + ends), "pump.toml").failure_modes[0].troubleshooting


def test_each_kind_of_step_is_read():
    tree = parse()
    low, flush, asks = tree.steps
    assert tree.starts is Starts.PREDICTION
    assert isinstance(low, ReadingCheck)
    assert low.limit == Limit(below=2)
    assert isinstance(flush, CommandStep)
    assert flush.arguments == {"seconds": 5}
    assert isinstance(asks, Question)
    assert asks.answers == ("better", "worse")
    assert tree.ending("visit").parts == ("P-1",)
    assert tree.ending("well").parts is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"asks": ASKS.replace('"visit"', '"low"')}, "goes round in a loop: low to flush to asks to low"),
        ({"check": CHECK.replace('no = "well"', 'no = "visit"'), "asks": ASKS.replace('"well"', '"visit"')},
         "nothing leads to 'well'"),
        ({"check": CHECK.replace('"flush"', '"visit"')}, "nothing leads to 'flush'"),
        ({"check": CHECK.replace('"well"', '"heaven"')}, "no leads to 'heaven', which is no step and no ending"),
        ({"check": CHECK.replace(', no = "well"', "")}, "next does not say where no leads"),
        ({"check": CHECK.replace("no =", "perhaps =")}, "next does not say where no leads"),
        ({"flush": FLUSH.replace("unknown", "no")}, "'no' is no answer that it can have; it has yes, unknown"),
        ({"asks": ASKS.replace(', worse = "visit"', "")}, "needs at least two answers"),
        ({"check": CHECK.replace('"flow"', '"wind"')}, "channel 'wind' is not listed"),
        ({"check": CHECK.replace("below = 2\n", "")}, "needs above, below or both"),
        ({"check": CHECK + "\nabove = 3"}, "no value is between them"),
        ({"check": CHECK.replace('channel = "flow"\n', "")}, "give exactly one of them"),
        ({"check": CHECK + '\nask = "customer"'}, "give exactly one of them"),
        ({"check": CHECK + "\nabvoe = 1"}, "abvoe is not known here"),
        ({"flush": FLUSH.replace('"flush"\narg', '"scrub"\narg')}, "command 'scrub' is not listed"),
        ({"flush": FLUSH.replace("= 5", "= 99")}, "seconds is wrong"),
        ({"flush": FLUSH.replace("true", "false")}, "flush has to be confirmed"),
        ({"flush": FLUSH + '\nresult = "passed"'}, "goes with above, below or equals"),
        ({"flush": FLUSH + '\nresult = "passed"\nequals = true\nabove = 1'}, "equals says it all"),
        ({"asks": ASKS.replace("customer", "plumber")}, "none of operator, customer"),
        ({"endings": ()}, "it has no ending"),
        ({"endings": (WELL, VISIT.replace("P-1", "P-2"))}, "ending visit needs part 'P-2', which is not listed"),
        ({"endings": (WELL + "\nparts = []", VISIT)}, "only the outcome ticket has them"),
        ({"endings": (WELL.replace("no_fault", "stopped"), VISIT)}, "none of fixed, ticket, no_fault"),
        ({"endings": (WELL, VISIT, VISIT)}, "'visit' is the name of more than one step or ending"),
        ({"check": "", "flush": "", "asks": ""}, "step is missing"),
        ({"check": CHECK.replace('{ yes = "flush", no = "well" }', "3")}, "say where each answer leads"),
    ],
)  # fmt: skip
def test_a_tree_that_cannot_work_is_told_with_its_place(changes, told):
    with pytest.raises(CatalogError) as refused:
        parse(**changes)
    assert "clogged" in str(refused.value)
    assert told in str(refused.value)


def test_a_wide_tree_is_checked_quickly():
    steps = "".join(
        f'[[failure_mode.troubleshooting.step]]\nname = "q{n}"\ntitle = "Q"\nask = "operator"\n'
        f'next = {{ a = "q{n + 1}", b = "q{n + 1}" }}\n'
        for n in range(60)
    )
    end = '[[failure_mode.troubleshooting.ending]]\nname = "q60"\ntitle = "End"\noutcome = "no_fault"\n'
    model = parse_device_model(HEAD + steps + end, "pump.toml")
    assert len(model.failure_modes[0].troubleshooting.steps) == 60
