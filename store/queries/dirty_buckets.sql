-- note_written --
-- One row for a whole write: a row for each reading would cost the writer a tenth of its speed.
COPY dirty_batches (device_model, device_ids, first_ts, last_ts) FROM STDIN (FORMAT binary)

-- hold_upkeep --
-- One process at a time looks after a device model; the others turn to another one. Held until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('aftercare.upkeep.' || %(device_model)s, 0))

-- create_taken --
-- Made once on a connection and empty in each transaction.
CREATE TEMPORARY TABLE IF NOT EXISTS taken_stretches (
    device_id bigint NOT NULL, first_ts timestamptz NOT NULL, last_ts timestamptz NOT NULL
) ON COMMIT DELETE ROWS

-- empty_taken --
-- What an earlier take of this transaction left.
TRUNCATE taken_stretches

-- take --
-- Oldest first.
WITH taken AS (
    DELETE FROM dirty_batches WHERE dirty_batch_id IN (
        SELECT dirty_batch_id FROM dirty_batches WHERE device_model = %(device_model)s
        ORDER BY dirty_batch_id LIMIT %(limit)s)
    RETURNING device_ids, first_ts, last_ts
)
INSERT INTO taken_stretches
SELECT s.device_id, s.first_ts, s.last_ts
FROM taken t CROSS JOIN LATERAL unnest(t.device_ids, t.first_ts, t.last_ts) AS s (device_id, first_ts, last_ts)

-- extent_of_taken --
-- How many, and the bounds that keep chunks out of what follows.
SELECT count(*), min(first_ts), max(last_ts) FROM taken_stretches

-- analyze_taken --
ANALYZE taken_stretches

-- keep_taken --
-- A stretch lies within one bucket, unless it was noted before the device model got its present levels.
INSERT INTO dirty_buckets (device_id, bucket, device_model, noted_at)
SELECT DISTINCT t.device_id, b.bucket, %(device_model)s, now()
FROM taken_stretches t
CROSS JOIN LATERAL generate_series(
    date_bin(%(width)s, t.first_ts, %(origin)s), date_bin(%(width)s, t.last_ts, %(origin)s), %(width)s::interval
) AS b (bucket)
ORDER BY t.device_id, b.bucket
ON CONFLICT DO NOTHING

-- mark_all --
-- Every bucket that has readings; neighbours together, because they share buckets of the coarser levels.
INSERT INTO dirty_buckets (device_id, bucket, device_model, noted_at)
SELECT DISTINCT device_id, date_bin(%(width)s, ts, %(origin)s) AS bucket, %(device_model)s, now() FROM {table}
ORDER BY device_id, bucket
ON CONFLICT DO NOTHING

-- of_device --
-- What upkeep has sorted out, and what it has not taken yet.
SELECT bucket, bucket FROM dirty_buckets
WHERE device_id = %(device_id)s AND bucket >= %(since)s AND bucket < %(until)s
UNION ALL
SELECT b.first_ts[i], b.last_ts[i]
FROM dirty_batches b CROSS JOIN LATERAL unnest(array_positions(b.device_ids, %(device_id)s::bigint)) AS p (i)
WHERE b.device_model = %(device_model)s AND b.last_ts[i] >= %(since)s AND b.first_ts[i] < %(until)s
