"""How much of strangers' messages is kept."""

from store.quarantine import Usage, admit


def test_a_stranger_is_kept_up_to_its_own_cap():
    usage = Usage({"a": 60, "b": 0}, 60)

    assert admit([("a", 30), ("a", 30), ("b", 30), ("a", 10)], usage, per_sender=100, in_total=1000) == [
        True,
        False,
        True,
        True,
    ]


def test_many_strangers_share_the_cap_of_all():
    usage = Usage(dict.fromkeys("abc", 0), 50)

    assert admit([(name, 20) for name in "abc"], usage, per_sender=100, in_total=100) == [True, True, False]


def test_a_registered_device_has_no_cap():
    assert admit([("known", 10**9)] * 3, Usage({}, 10**12), per_sender=1, in_total=1) == [True] * 3
