-- insert --
-- A redelivered event lands on itself; gives a row only for a new one.
INSERT INTO device_events (device_id, ts, kind, code, component, detail)
VALUES (%(device_id)s, %(ts)s, %(kind)s, %(code)s, %(component)s, %(detail)s)
ON CONFLICT DO NOTHING
RETURNING device_id

-- of_model --
-- Events of all devices of one model or the named ones, oldest first for each device; other kinds than failures and
-- maintenance only from an instant on.
SELECT d.name, e.ts, e.kind, e.code, e.component, coalesce(e.detail ->> 'failure_mode', '')
FROM device_events e JOIN devices d USING (device_id)
WHERE d.device_model = %(device_model)s AND e.ts < coalesce(%(until)s::timestamptz, 'infinity')
  AND (%(devices)s::text[] IS NULL OR d.name = ANY(%(devices)s::text[]))
  AND (e.kind IN ('failure', 'maintenance') OR e.ts >= coalesce(%(others_since)s::timestamptz, '-infinity'))
ORDER BY d.name COLLATE "C", e.ts, e.kind, e.code, e.component
