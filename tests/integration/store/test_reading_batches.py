"""Blocks of readings in the real table."""

import numpy as np
import pytest
from psycopg import sql

from domain.device import Device
from store import devices, reading_batches
from store.database import Database
from store.reading_block import ReadingBlock

NAN = float("nan")
NOON = 1_769_860_800_000_000


@pytest.fixture
def model(catalog):
    return catalog["compressor"]


@pytest.fixture
def database(database_url, model):
    with Database(database_url) as database:
        with database.transaction() as connection:
            devices.save(connection, [Device(name, model.name, service_centre="main") for name in ("a", "b")])
        yield database


def stored(database, model):
    names = sql.SQL(", ").join(sql.Identifier(channel.name) for channel in model.channels)
    statement = sql.SQL("SELECT device_id, extract(epoch FROM ts) * 1000000, {}, extra FROM {} ORDER BY 1, 2").format(
        names, sql.Identifier(model.readings_table)
    )
    with database.transaction() as connection:
        return [(device_id, int(ts), *values) for device_id, ts, *values in connection.execute(statement)]


def test_values_gaps_and_undeclared_channels_are_stored_as_they_are(database, model):
    random = np.random.default_rng(1)
    values = random.normal(size=(200, len(model.channels)))
    values[random.random(values.shape) < 0.3] = NAN
    extra = {0: {"x": 1.5}, 7: {"ä": -2.0, "y": 1e15}, 199: {"z": 0.0}}
    device_id = np.repeat([1, 2], 100)
    ts = NOON + np.tile(np.arange(100), 2) * 1_000_001

    with database.transaction() as connection:
        written = reading_batches.write(connection, model, ReadingBlock(device_id, ts, values, extra))

    assert written.inserted == 200
    assert stored(database, model) == [
        (device, at, *(None if np.isnan(value) else value for value in row), extra.get(number))
        for number, (device, at, row) in enumerate(zip(device_id.tolist(), ts.tolist(), values.tolist(), strict=True))
    ]


@pytest.mark.parametrize("extra", [{}, {0: {"x": 1.0}}])
def test_rows_without_a_gap(database, model, extra):
    block = ReadingBlock(np.array([1]), np.array([NOON]), np.ones((1, len(model.channels))), extra)

    with database.transaction() as connection:
        reading_batches.write(connection, model, block)

    assert stored(database, model) == [(1, NOON, *[1.0] * len(model.channels), extra.get(0))]


def test_rows_that_are_stored_already_are_filled_and_the_first_value_stays(database, model):
    def block(first, second, extra):
        values = np.full((2, len(model.channels)), NAN)
        values[:, :2] = first, second
        return ReadingBlock(np.array([1, 2]), np.array([NOON, NOON]), values, {0: extra})

    with database.transaction() as connection:
        reading_batches.write(connection, model, block((1.0, NAN), (2.0, NAN), {"x": 1.0}))
        again = reading_batches.write(connection, model, block((9.0, 5.0), (2.0, 6.0), {"x": 1.0, "y": 2.0}))

    assert (again.inserted, again.merged, again.conflicts) == (0, 2, 1)
    assert [(row[2:4], row[-1]) for row in stored(database, model)] == [
        ((1.0, 5.0), {"x": 1.0, "y": 2.0}),
        ((2.0, 6.0), None),
    ]
