-- create_rollup --
-- Count, least, greatest and sum of each channel follow, four columns each.
CREATE TABLE {table} (device_id bigint NOT NULL, bucket timestamptz NOT NULL, PRIMARY KEY (device_id, bucket))

-- create_latest --
-- Value and instant of each channel follow. Rows change all the time: room on the page keeps the index out of it.
CREATE TABLE IF NOT EXISTS {table} (
    device_id bigint PRIMARY KEY, ts timestamptz NOT NULL, whole boolean NOT NULL
) WITH (fillfactor = 50)

-- create_hypertable --
-- Only on the TimescaleDB tiers.
SELECT create_hypertable(%(table)s::regclass, by_range('bucket', %(chunk)s::interval), create_default_indexes => false)

-- create_due --
-- Made once on a connection and empty in each transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS due_buckets (device_id bigint NOT NULL, bucket timestamptz NOT NULL)
ON COMMIT DELETE ROWS

-- empty_due --
-- What an earlier step of this transaction left.
TRUNCATE due_buckets

-- take_due --
-- Dirty for long enough, so that a bucket that is still being filled is not rolled up with each of its readings.
WITH due AS (
    SELECT device_id, bucket FROM dirty_buckets
    WHERE device_model = %(device_model)s AND noted_at <= now() - %(settled)s::interval
    ORDER BY noted_at LIMIT %(limit)s
), taken AS (
    DELETE FROM dirty_buckets d USING due WHERE d.device_id = due.device_id AND d.bucket = due.bucket
    RETURNING d.device_id, d.bucket
)
INSERT INTO due_buckets SELECT DISTINCT device_id, date_bin(%(width)s, bucket, %(origin)s) FROM taken

-- extent_of_due --
-- How many, and the bounds that keep chunks out of what follows.
SELECT count(*), min(bucket), max(bucket) FROM due_buckets

-- analyze_due --
ANALYZE due_buckets

-- roll_up_readings --
-- The finest level. A bucket whose readings were dropped yields nothing, so its roll-up stays.
INSERT INTO {level} (device_id, bucket, {columns})
SELECT d.device_id, d.bucket, s.*
FROM due_buckets d
CROSS JOIN LATERAL (
    SELECT {summaries} FROM {table} r
    WHERE r.device_id = d.device_id AND r.ts >= d.bucket AND r.ts < d.bucket + {width}
      AND r.ts >= {since} AND r.ts < {until}
    HAVING count(*) > 0
) s
ON CONFLICT (device_id, bucket) DO UPDATE SET {changes}

-- roll_up_level --
-- A coarser level out of the next finer one.
INSERT INTO {level} (device_id, bucket, {columns})
SELECT d.device_id, d.bucket, s.*
FROM (SELECT DISTINCT device_id, date_bin({width}, bucket, {origin}) AS bucket FROM due_buckets) d
CROSS JOIN LATERAL (
    SELECT {summaries} FROM {table} r
    WHERE r.device_id = d.device_id AND r.bucket >= d.bucket AND r.bucket < d.bucket + {width}
      AND r.bucket >= {since} AND r.bucket < {until}
    HAVING count(*) > 0
) s
ON CONFLICT (device_id, bucket) DO UPDATE SET {changes}
