-- try_lock --
-- One replica of a group looks after its guards, until the session of the database ends.
SELECT pg_try_advisory_lock(hashtextextended('aftercare.ingest_guards.' || %(ingest_group)s, 0))

-- add --
-- The lowest number that no guard has.
INSERT INTO ingest_guards (ingest_group, guard, made_at)
SELECT %(ingest_group)s, min(free), clock_timestamp()
FROM generate_series(1, 1 + (SELECT count(*)::int FROM ingest_guards WHERE ingest_group = %(ingest_group)s)) free
WHERE free NOT IN (SELECT guard FROM ingest_guards WHERE ingest_group = %(ingest_group)s)
RETURNING guard

-- guards --
SELECT guard, clock_timestamp() - made_at FROM ingest_guards WHERE ingest_group = %(ingest_group)s ORDER BY made_at

-- remove --
DELETE FROM ingest_guards WHERE ingest_group = %(ingest_group)s AND guard = %(guard)s
