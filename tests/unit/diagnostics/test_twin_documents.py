"""How documents of a twin change, and what a device has not done yet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.twin_documents import (
    LARGEST_DOCUMENT,
    MOST_SETTINGS,
    changes_between,
    check_document,
    delta,
    document_problem,
    patched,
    same,
)
from domain.errors import InvalidInputError

NAMES = st.sampled_from(["mode", "set_point", "fan", "limits"])
VALUES = st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text(max_size=3) | st.lists(st.integers(0, 2))
DOCUMENTS = st.recursive(
    st.dictionaries(NAMES, VALUES), lambda inner: st.dictionaries(NAMES, VALUES | inner), max_leaves=8
)


@pytest.mark.parametrize(
    ("document", "changes", "then"),
    [
        ({"a": 1}, {"a": None}, {}),
        ({"a": 1}, {"b": None}, {"a": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": 1}, {"a": {"b": 2, "c": None}}, {"a": {"b": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
    ],
)
def test_changes_are_merged_as_rfc_7396_has_it(document, changes, then):
    before = dict(document)
    assert patched(document, changes) == then
    assert document == before


def test_one_is_one_and_true_is_not():
    assert same(1, 1.0)
    assert not same(1, True)
    assert same({"a": [1, {"b": 2}]}, {"a": [1.0, {"b": 2}]})
    assert not same({"a": [1]}, {"a": [True]})
    assert changes_between({"a": 1}, {"a": True}) == {"a": (1, True)}


@given(DOCUMENTS)
def test_a_document_does_not_differ_from_itself(document):
    assert same(document, document)
    assert delta(document, document) == {}
    assert changes_between(document, document) == {}


@given(DOCUMENTS, DOCUMENTS)
def test_a_device_that_does_the_delta_has_done_what_is_desired(desired, reported):
    assert delta(desired, patched(reported, delta(desired, reported))) == {}


@given(DOCUMENTS, DOCUMENTS)
def test_changes_tell_the_way_from_one_document_to_the_other(before, after):
    changes = changes_between(before, after)
    told = {name: value for name, (_, value) in changes.items() if name in after}
    kept = {name: value for name, value in before.items() if name not in changes}
    assert same({**kept, **told}, after)


def test_what_is_reported_beyond_the_desired_is_no_delta():
    assert delta({"limits": {"high": 5}}, {"limits": {"high": 5, "low": 1}, "mode": "eco"}) == {}
    assert delta({"limits": {"high": 5}}, {"limits": 5}) == {"limits": {"high": 5}}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "not an object"),
        ({str(number): 1 for number in range(MOST_SETTINGS + 1)}, "500 are the most"),
        ({"": 1}, "cannot be the name"),
        ({"a\tb": 1}, "cannot be the name"),
        ({"x" * 129: 1}, "cannot be the name"),
        ({"a": "x" * LARGEST_DOCUMENT}, "bytes"),
        ({"a": "x\0"}, "U+0000"),
        ({"a": 2**70}, "cannot be written as JSON"),
        ({"a": "\ud800"}, "cannot be written as JSON"),
        ({"a": {"b": float("nan")}}, "JSON has not"),
    ],
)
def test_a_document_that_cannot_be_one_is_refused(document, problem):
    assert problem in (document_problem(document) or "")
    with pytest.raises(InvalidInputError, match="the change cannot be stored"):
        check_document(document, "the change")


def test_deep_documents_are_refused_and_do_not_crash():
    deep = {}
    for _ in range(2000):
        deep = {"a": deep}
    assert document_problem(deep)
