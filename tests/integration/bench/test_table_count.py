"""The count of the chaos run tells what is missing and what is not as it was sent."""

import numpy as np
import psycopg
import pytest

from bench.chaos.messages import CHANNELS, DEVICES, MODEL, STEP, device_name, ts_of
from bench.chaos.table_count import Count, count, count_all
from domain.device import Device
from store import devices, reading_batches
from store.database import Database
from store.reading_block import ReadingBlock

END = 3 * DEVICES


@pytest.fixture
def connection(database_url):
    with Database(database_url) as database, database.transaction() as writing:
        devices.save(
            writing, [Device(device_name(number), MODEL.name, service_centre="main") for number in range(DEVICES)]
        )
        ids = dict(writing.execute("SELECT name, device_id FROM devices"))
        numbers = np.arange(END)
        block = ReadingBlock(
            np.array([ids[device_name(number)] for number in numbers]),
            np.array([ts_of(number) * 1_000_000 for number in numbers]),
            numbers[:, None] + np.arange(len(CHANNELS)) * STEP,
        )
        reading_batches.write(writing, MODEL, block)
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def test_what_was_sent_is_all_there(connection):
    assert count(connection, 0, END) == count_all(connection, END) == Count(stored=END, doubled=0, wrong=0)
    assert count(connection, DEVICES, END) == Count(stored=END - DEVICES, doubled=0, wrong=0)


@pytest.mark.parametrize("number", [5, 37])
def test_what_is_missing_is_not_counted(connection, number):
    connection.execute(f"DELETE FROM {MODEL.readings_table} WHERE {CHANNELS[0]} = {number}")

    assert count(connection, 0, END) == Count(stored=END - 1, doubled=0, wrong=0)


@pytest.mark.parametrize(
    "change",
    [
        f"{CHANNELS[9]} = 0",
        f"{CHANNELS[4]} = NULL",
        f"{CHANNELS[0]} = NULL",
        "ts = ts + interval '1 ms'",
        """extra = '{"more": 1}'""",
    ],
)
def test_what_is_not_as_it_was_sent_is_wrong_and_missing(connection, change):
    connection.execute(f"UPDATE {MODEL.readings_table} SET {change} WHERE {CHANNELS[0]} = 205")

    assert count(connection, 0, END) == Count(stored=END - 1, doubled=0, wrong=1)


def test_a_row_that_nobody_sent_shows_in_the_whole_table(connection):
    connection.execute(
        f"INSERT INTO {MODEL.readings_table} (ts, device_id, {CHANNELS[0]}) VALUES ('2026-07-01T00:00Z', 1, 7)"
    )

    assert count(connection, 0, END).wrong == 0
    assert count_all(connection, END).wrong == 1
