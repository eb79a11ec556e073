-- add --
INSERT INTO fleet_commands (command, arguments, requested_at, requested_by, refused)
VALUES (%(command)s, %(arguments)s, %(at)s, %(who)s, %(refused)s) RETURNING fleet_id

-- devices --
-- Names of the devices that a filter finds.
SELECT name FROM devices
WHERE (%(device_model)s::text IS NULL OR device_model = %(device_model)s)
  AND (%(customer)s::text IS NULL OR customer = %(customer)s)
  AND (%(site)s::text IS NULL OR site = %(site)s)
ORDER BY name LIMIT %(limit)s

-- latest --
-- Requests for many devices, newest first, or one; with how many of their commands are in which state.
SELECT f.fleet_id, f.command, f.arguments, f.requested_at, f.requested_by, f.refused,
       (SELECT jsonb_object_agg(s.state, s.commands)
        FROM (SELECT state, count(*) AS commands FROM commands WHERE fleet_id = f.fleet_id GROUP BY state) s)
FROM fleet_commands f
WHERE (%(fleet_id)s::bigint IS NULL OR f.fleet_id = %(fleet_id)s)
ORDER BY f.fleet_id DESC LIMIT %(limit)s
