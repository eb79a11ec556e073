"""Counts from the table's end: what of the numbers sent is there, and whether it is what was sent."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from bench.chaos.messages import CHANNELS, DEVICES, LATE, LATE_BY, MODEL, START, STEP

MATCHES = " AND ".join(f"{name} = {CHANNELS[0]} + {at * STEP}" for at, name in enumerate(CHANNELS[1:], 1))
INSTANT = f"""to_timestamp({START} + number / {DEVICES}
    - CASE WHEN number %% 100 IN {LATE} THEN {LATE_BY} ELSE 0 END)"""
COUNT = f"""
WITH stored AS (
    SELECT d.name, r.ts, coalesce({MATCHES} AND r.extra IS NULL, false) AS matches, r.{CHANNELS[0]}::bigint AS number
    FROM {MODEL.readings_table} r JOIN devices d USING (device_id) WHERE {{times}}
), judged AS (
    SELECT number, matches AND name = 'chaos-' || number %% {DEVICES} AND ts = {INSTANT} AS is_right FROM stored
)
SELECT count(*) AS rows, count(*) FILTER (WHERE is_right) AS right_rows,
       count(DISTINCT number) FILTER (WHERE is_right AND number >= %(first)s AND number < %(end)s) AS numbers
FROM judged"""
OF_THE_RUN = """ts BETWEEN to_timestamp(%(since)s) AND to_timestamp(%(until)s)
    OR ts BETWEEN to_timestamp(%(late_since)s) AND to_timestamp(%(late_until)s)"""


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of the numbers `first` to `end`.

    stored: numbers that are there as they were sent. doubled: numbers that are there once more. wrong: rows that
    are not what any number sent.
    """

    stored: int
    doubled: int
    wrong: int


def count(connection: psycopg.Connection[tuple[int, int, int]], first: int, end: int) -> Count:
    """`first` and `end` have to be multiples of DEVICES: then no instant belongs to numbers outside too."""
    assert first % DEVICES == end % DEVICES == 0
    since, until = START + first // DEVICES, START + end // DEVICES - 1
    return _count(
        connection,
        OF_THE_RUN,
        {
            "first": first,
            "end": end,
            "since": since,
            "until": until,
            "late_since": since - LATE_BY,
            "late_until": until - LATE_BY,
        },
    )


def count_all(connection: psycopg.Connection[tuple[int, int, int]], end: int) -> Count:
    """Every row of the table, whatever its time."""
    return _count(connection, "true", {"first": 0, "end": end})


def _count(connection: psycopg.Connection[tuple[int, int, int]], times: str, bounds: dict[str, int]) -> Count:
    row = connection.execute(COUNT.format(times=times).encode(), bounds).fetchone()
    assert row is not None
    rows, right_rows, numbers = row
    return Count(stored=numbers, doubled=right_rows - numbers, wrong=rows - right_rows)
