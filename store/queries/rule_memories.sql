-- note_unjudged --
-- From the stretches that upkeep has taken: one row for each device, however many writes there were.
INSERT INTO unjudged_readings AS u (device_id, device_model, first_ts, last_ts)
SELECT t.device_id, %(device_model)s, min(t.first_ts), max(t.last_ts)
FROM taken_stretches t WHERE EXISTS (SELECT FROM devices d WHERE d.device_id = t.device_id)
GROUP BY t.device_id ORDER BY t.device_id
ON CONFLICT (device_id) DO UPDATE
SET first_ts = least(u.first_ts, EXCLUDED.first_ts), last_ts = greatest(u.last_ts, EXCLUDED.last_ts)

-- announce --
NOTIFY unjudged_readings

-- drop_history --
-- What was imported from long ago raises nothing now.
DELETE FROM unjudged_readings WHERE device_id IN (
    SELECT device_id FROM unjudged_readings WHERE device_model = %(device_model)s AND last_ts < %(since)s
    ORDER BY device_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)

-- take --
-- Whoever takes a device's stretch judges the device; the others turn to other devices until it has committed.
WITH taken AS (
    DELETE FROM unjudged_readings WHERE device_id IN (
        SELECT device_id FROM unjudged_readings WHERE device_model = %(device_model)s
        ORDER BY device_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING device_id, first_ts, last_ts
)
SELECT t.device_id, t.first_ts, t.last_ts, coalesce(s.time_zone, c.time_zone), m.judged_until, m.states, m.older_at, m.older, m.newer_at, m.newer,
    m.told
FROM taken t JOIN devices d USING (device_id) JOIN service_centres c USING (service_centre)
LEFT JOIN sites s USING (customer, site)
LEFT JOIN rule_memories m USING (device_id)
ORDER BY t.device_id

-- put_back --
-- The rest of a stretch that is too long for one transaction.
INSERT INTO unjudged_readings AS u (device_id, device_model, first_ts, last_ts)
VALUES (%(device_id)s, %(device_model)s, %(first_ts)s, %(last_ts)s)
ON CONFLICT (device_id) DO UPDATE
SET first_ts = least(u.first_ts, EXCLUDED.first_ts), last_ts = greatest(u.last_ts, EXCLUDED.last_ts)

-- read --
-- Each device's readings after an instant; the outer bounds keep chunks out.
SELECT s.device_id, r.ts, {channels}
FROM unnest(%(device_ids)s::bigint[], %(after)s::timestamptz[], %(until)s::timestamptz[], %(most)s::bigint[])
    AS s (device_id, after, until, most)
CROSS JOIN LATERAL (
    SELECT * FROM {table} r
    WHERE r.device_id = s.device_id AND r.ts > s.after AND r.ts <= s.until AND r.ts > {first} AND r.ts <= {last}
    ORDER BY r.ts LIMIT s.most
) r
ORDER BY s.device_id, r.ts

-- keep --
INSERT INTO rule_memories (device_id, judged_until, states, older_at, older, newer_at, newer, told, silent_from)
VALUES (%(device_id)s, %(judged_until)s, %(states)s, %(older_at)s, %(older)s, %(newer_at)s, %(newer)s, %(told)s,
    %(silent_from)s)
ON CONFLICT (device_id) DO UPDATE
SET judged_until = EXCLUDED.judged_until, states = EXCLUDED.states, older_at = EXCLUDED.older_at, older = EXCLUDED.older,
    newer_at = EXCLUDED.newer_at, newer = EXCLUDED.newer, told = EXCLUDED.told, silent_from = EXCLUDED.silent_from

-- silent --
-- Due by what ingest has stored, of devices of which everything that came was judged. A device whose latest reading waits
-- for upkeep is not silent, it is only not judged yet. What is offline has an alarm for that, or its whole site has, and what
-- is overdue may turn out to be: it is left until presence has had the time to say so.
SELECT m.device_id, coalesce(s.time_zone, c.time_zone), CASE d.connectivity WHEN 'online' THEN d.connectivity_at END,
    m.judged_until, m.states, m.older_at, m.older, m.newer_at, m.newer, m.told
FROM rule_memories m JOIN devices d USING (device_id) JOIN service_centres c USING (service_centre)
JOIN device_models dm USING (device_model)
LEFT JOIN sites s USING (customer, site)
CROSS JOIN LATERAL (SELECT greatest(dm.reading_interval, d.heard_every) AS every) heard
WHERE d.device_model = %(device_model)s AND m.device_id > %(after)s AND m.silent_from <= %(until)s
    AND d.last_seen_at <= m.judged_until + %(unjudged)s::interval
    AND d.connectivity <> 'offline' AND d.gone_at IS NULL
    AND (d.heard_at IS NULL OR d.heard_at >= %(until)s - heard.every
        OR greatest(d.heard_at, %(listening_since)s) < %(until)s - %(missed)s * heard.every - %(grace)s::interval)
    AND NOT EXISTS (SELECT FROM unjudged_readings u WHERE u.device_id = m.device_id)
ORDER BY m.device_id LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED

-- backlog --
SELECT count(*) FROM unjudged_readings

-- zones --
-- On whose clock the hours of rules are, by device.
SELECT d.name, coalesce(s.time_zone, c.time_zone) FROM devices d JOIN service_centres c USING (service_centre)
LEFT JOIN sites s USING (customer, site)
WHERE d.device_model = %(device_model)s ORDER BY d.name
