from collections import Counter

import orjson

from bench.chaos.messages import CHANNELS, DEVICES, Mix, device_name, publishes, ts_of


def drawn(disorder, count=5000):
    mix = Mix(0, disorder=disorder, seed=1)
    out = [one for _ in range(count) for one in mix.take()]
    return out + mix.rest()


def test_every_number_goes_out_whole_and_the_disorderly_ones_late_or_twice():
    everything = [one for number in range(5000) for one in publishes(number)]

    assert drawn(disorder=False) == everything
    mixed = drawn(disorder=True)
    assert Counter(mixed).keys() == set(everything)
    assert len(mixed) == len(everything) + 5000 // 20
    order = [everything.index(one) for one in mixed[:300]]
    assert order != sorted(order)


def test_no_two_numbers_share_a_row_and_the_parts_of_one_make_it_whole():
    assert len({(device_name(number), ts_of(number)) for number in range(100 * DEVICES)}) == 100 * DEVICES
    values = {}
    for _, payload in publishes(6):
        values |= orjson.loads(payload)["values"]
    assert len(publishes(6)) == 2
    assert values == {name: 6 + at * 0.25 for at, name in enumerate(CHANNELS)}
