-- try_hold --
-- One process at a time speaks for the platform; the lock goes with the connection.
SELECT pg_try_advisory_lock(hashtextextended('aftercare.diagnostics', 0))

-- begin_epoch --
-- Fences off whoever sent before; the session at the broker keeps its name for ever.
INSERT INTO diagnostics_session AS known (client_id, epoch) VALUES (%(client_id)s, 1)
ON CONFLICT (singleton) DO UPDATE SET epoch = known.epoch + 1
RETURNING known.client_id, known.epoch

-- fence --
-- A row while this epoch lasts; the next one cannot begin before the transaction ends.
SELECT FROM diagnostics_session WHERE epoch = %(epoch)s FOR SHARE

-- held --
-- Whether some process speaks for the platform now.
SELECT EXISTS (
    SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database() AND l.objsubid = 1
      AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('aftercare.diagnostics', 0)
)
