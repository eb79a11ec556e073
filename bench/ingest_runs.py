"""The measurements of `bench.ingest`, each on a fresh database and one broker."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np
import psycopg
from psycopg import sql

from bench import payloads
from bench.broker_load import Publisher
from bench.ingest_process import fresh_database, new_group, running_ingest
from bench.payloads import CHANNELS, DEVICES, MODEL, ROWS
from store.reading_block import ReadingBlock, copy_format

COPY_MESSAGES = 100
"""Messages whose rows go into one COPY of the limit: as many as ingest takes into one of its batches."""
ENDING = 0.98
"""Measured until so much of the queue is committed: the end is a batch that waits for company."""
LOOK_INTERVAL = 0.1


@dataclass(frozen=True, slots=True)
class Pace:
    """messages: committed a second. processor: seconds of all processors that ingest used for one message.
    missing: those of the `sent` messages whose rows are not in the table at the end."""

    messages: float
    processor: float
    sent: int
    missing: int


class Runs:
    """Messages a second, or rows a second, of each way to read and store."""

    def __init__(self, server_url: str, mqtt_port: int) -> None:
        self.server_url = server_url
        self.mqtt_port = mqtt_port

    def bare_paho(self, messages: int) -> float:
        """A subscriber that acknowledges and counts, and does nothing else."""
        self._paho(0)
        self._publish(messages, rows=1)
        return messages / self._paho(messages)

    def ingest(self, messages: int, *, rows: int, processes: int) -> Pace:
        """Messages that wait at the broker, stored by one process or by several that share the subscription.

        Measured with twice as many when half of them were stored before the first look at the processes.
        """
        while (pace := self._drained(messages, rows, processes)) is None:
            messages *= 2
        return pace

    def _drained(self, messages: int, rows: int, processes: int) -> Pace | None:
        group = new_group()
        with fresh_database(self.server_url) as url:
            with running_ingest(url, self.mqtt_port, group, processes):
                pass  # the broker knows their sessions now
            self._publish(messages, rows=rows)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
            with running_ingest(url, self.mqtt_port, group, processes) as running:
                now = [one.committed() for one in running]
                started, before = time.perf_counter(), sum(now)
                used = sum(one.processor_seconds() for one in running)
                while max(now) < ENDING * messages / processes:
                    time.sleep(LOOK_INTERVAL)
                    now = [one.committed() for one in running]
                seconds = time.perf_counter() - started
                used = sum(one.processor_seconds() for one in running) - used
                done = sum(now) - before
                if done < messages / 2:
                    return None
                while sum(one.committed() for one in running) < messages:
                    assert time.perf_counter() < started + seconds + 60, "messages of the queue were never committed"
                    time.sleep(LOOK_INTERVAL)
            with psycopg.connect(url) as connection:
                ((stored,),) = connection.execute(f"SELECT count(*) FROM {MODEL.readings_table}".encode()).fetchall()
        return Pace(done / seconds, used / done, messages, messages - stored // rows)

    def raw_copy(self, messages: int) -> float:
        """Rows a second of binary COPY of what S2 messages hold, in sorted batches, one transaction each."""
        batches = [block_of(number) for number in range(0, messages, COPY_MESSAGES)]
        streams = [copy_format(block) for block in batches]
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
            sql.Identifier(MODEL.readings_table),
            sql.SQL(", ").join(map(sql.Identifier, ["device_id", "ts", *CHANNELS, "extra"])),
        )
        with fresh_database(self.server_url) as url, psycopg.connect(url, autocommit=True) as connection:
            started = time.perf_counter()
            for stream in streams:
                with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    copy.write(stream)
            return sum(map(len, batches)) / (time.perf_counter() - started)

    def _publish(self, messages: int, *, rows: int) -> None:
        publisher = Publisher("127.0.0.1", self.mqtt_port, b"fill")
        publisher.publish(payloads.messages(messages, rows))
        publisher.close()

    def _paho(self, messages: int) -> float:
        """Seconds from the first to the last message; with none to wait for, the session is made and left."""
        code = ["-m", "bench.bare_paho", str(self.mqtt_port), str(messages)]
        done = subprocess.run([sys.executable, *code], check=True, capture_output=True, text=True)
        return float(done.stdout)


def block_of(first: int) -> ReadingBlock:
    """The rows of `COPY_MESSAGES` S2 messages from that one on, as ingest would sort them."""
    turn, device = divmod(np.arange(first, first + COPY_MESSAGES), DEVICES)
    row = np.arange(ROWS)
    ts = (payloads.START + (turn[:, None] * ROWS + row) * 1000) * 1000
    values = row[:, None] + 20.25 + np.arange(len(CHANNELS))
    return ReadingBlock(np.repeat(device + 1, ROWS), ts.ravel(), np.tile(values, (COPY_MESSAGES, 1)))
