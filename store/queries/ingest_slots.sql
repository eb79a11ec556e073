-- watch_line --
-- Have the server notice within half a minute that the machine at the other end is gone, and let the locks go.
SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false)

-- try_lock --
-- The lock is held until the session of the database ends, so whoever is killed holds nothing.
SELECT pg_try_advisory_lock(hashtextextended('aftercare.ingest_slots.' || %(ingest_group)s, %(slot)s))

-- unlock --
SELECT pg_advisory_unlock(hashtextextended('aftercare.ingest_slots.' || %(ingest_group)s, %(slot)s))

-- note_held --
INSERT INTO ingest_slots (ingest_group, slot, held_by, held_at)
VALUES (%(ingest_group)s, %(slot)s, %(held_by)s, clock_timestamp())
ON CONFLICT (ingest_group, slot) DO UPDATE SET held_by = EXCLUDED.held_by, held_at = EXCLUDED.held_at

-- slots --
-- Every slot that has been used, and whether a process holds it now: a bigint key is in pg_locks in two halves.
SELECT s.ingest_group, s.slot, s.held_by,
       EXISTS (SELECT FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
                 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND (l.classid::bigint << 32 | l.objid::bigint)
                     = hashtextextended('aftercare.ingest_slots.' || s.ingest_group, s.slot)),
       clock_timestamp() - s.held_at
FROM ingest_slots s
WHERE %(ingest_group)s::text IS NULL OR s.ingest_group = %(ingest_group)s::text
ORDER BY s.ingest_group, s.slot

-- remove --
-- A slot whose session is gone, and the heartbeat of that session: silence is not judged by it any more.
WITH removed AS (
    DELETE FROM ingest_slots WHERE ingest_group = %(ingest_group)s AND slot = %(slot)s
)
DELETE FROM ingest_heartbeats WHERE ingest_id = %(session)s
