-- retained_from --
SELECT retained_from FROM reading_retention WHERE device_model = %(device_model)s

-- move --
-- Forward only.
INSERT INTO reading_retention (device_model, retained_from) VALUES (%(device_model)s, %(until)s)
ON CONFLICT (device_model) DO UPDATE SET retained_from = greatest(reading_retention.retained_from, EXCLUDED.retained_from)

-- drop_chunks --
-- Only on the TimescaleDB tiers.
SELECT drop_old_chunks(%(table)s, %(until)s)

-- delete --
-- The same on plain PostgreSQL.
DELETE FROM {table} WHERE {column} < %(until)s

-- remove_too_late --
-- Readings that came after their time had been dropped.
DELETE FROM {table} r USING taken_stretches t
WHERE r.device_id = t.device_id AND r.ts BETWEEN t.first_ts AND t.last_ts
  AND t.first_ts < %(oldest)s AND r.ts < %(oldest)s

-- count_too_late --
UPDATE reading_retention SET readings_too_late = readings_too_late + %(count)s WHERE device_model = %(device_model)s

-- forget_too_late --
-- A stretch lies within a bucket, and no bucket lies on both sides.
DELETE FROM taken_stretches WHERE first_ts < %(oldest)s
