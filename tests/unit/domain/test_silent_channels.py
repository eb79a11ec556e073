"""How channels that carried nothing are told."""

from domain.silent_channels import tell_silent


def test_one_line_by_why_and_nothing_for_none():
    assert tell_silent({}) == ""
    assert tell_silent({"vanished": ["flow"], "constant": ["speed", "load"]}) == (
        "constant: speed, load; vanished since training: flow"
    )
