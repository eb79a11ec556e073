"""How a twin is told, setting by setting."""

from console.json_text import LONGEST, as_text
from console.twin_view import settings_of
from domain.twin import Twin


def stands(**fields):
    return {one.name: one.stands for one in settings_of(Twin("hp", **fields))}


def test_a_setting_stands_as_the_device_and_the_broker_have_said():
    told = {"desired": {"mode": "eco", "fan": 1, "limits": {"high": 5}}, "desired_version": 2}
    reported = {"mode": "max", "fan": 1.0, "limits": {"high": 5, "low": 1}, "own": 7}

    assert stands(**told, delivered_version=1, reported=reported) == {
        "mode": "under way",
        "fan": "done",
        "limits": "done",
        "own": "",
    }
    assert stands(**told, delivered_version=2, reported=reported)["mode"] == "waiting"
    refused = {"refused": {"mode": "no such mode"}, "delivered_version": 2, "reported": reported}
    assert stands(**told, **refused, looked_at_version=2)["mode"] == "refused"
    assert stands(**told, **refused, looked_at_version=1)["mode"] == "waiting", "what it refused was something else"


def test_what_is_not_so_yet_comes_first():
    twin = Twin("hp", desired={"z": 1}, desired_version=1, reported={"a": 1})
    assert [one.name for one in settings_of(twin)] == ["z", "a"]


def test_long_values_are_cut():
    assert len(as_text("x" * 1000)) == LONGEST + 1
