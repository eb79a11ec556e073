-- wisher --
coalesce(t.desired_by, '') AS desired_by

-- wisher_of_customer --
CASE WHEN t.desired_at IS NULL THEN '' ELSE 'service' END AS desired_by

-- get --
-- A device's twin; the device alone when neither side has said anything.
SELECT d.name AS device, coalesce(t.desired, '{{}}') AS desired, coalesce(t.desired_version, 0) AS desired_version,
       t.desired_at, {wisher}, coalesce(t.delivered_version, 0) AS delivered_version,
       coalesce(t.reported, '{{}}') AS reported, t.reported_at, t.looked_at_version, coalesce(t.refused, '{{}}') AS refused
FROM devices d LEFT JOIN device_twins t USING (device_id)
WHERE d.name = %(device)s

-- begin --
-- Before a change: of two at once the later one has to see what the earlier one did.
INSERT INTO device_twins (device_id) VALUES (%(device_id)s) ON CONFLICT DO NOTHING

-- lock --
SELECT desired, desired_version, reported, reported_at, looked_at_version, refused FROM device_twins
WHERE device_id = %(device_id)s FOR NO KEY UPDATE

-- desire --
-- The version grows beyond what the device has seen, also when this database is younger than the device's memory.
UPDATE device_twins
SET desired = %(desired)s, desired_version = greatest(desired_version, coalesce(looked_at_version, 0)) + 1, desired_at = %(at)s, desired_by = %(who)s
WHERE device_id = %(device_id)s RETURNING desired_version

-- report --
UPDATE device_twins
SET reported = %(reported)s, reported_at = %(ts)s, refused = %(refused)s,
    looked_at_version = coalesce(%(version)s, looked_at_version)
WHERE device_id = %(device_id)s

-- note_change --
INSERT INTO twin_changes (device_id, at, side, version, who, changes)
VALUES (%(device_id)s, %(at)s, %(side)s, %(version)s, %(who)s, %(changes)s)

-- changer --
c.who

-- changer_of_customer --
CASE c.side WHEN 'desired' THEN 'service' ELSE d.name END AS who

-- history --
-- Newest first.
SELECT c.twin_change_id, c.at, c.side, c.version, {changer}, c.changes
FROM twin_changes c JOIN devices d USING (device_id)
WHERE d.name = %(device)s AND (%(after)s::bigint IS NULL OR c.twin_change_id < %(after)s)
ORDER BY c.twin_change_id DESC LIMIT %(limit)s

-- undelivered --
-- Desired documents that the broker does not hold yet.
SELECT t.device_id, d.name, t.desired_version, t.desired
FROM device_twins t JOIN devices d USING (device_id)
WHERE t.delivered_version < t.desired_version AND t.device_id > %(after)s
ORDER BY t.device_id LIMIT %(limit)s

-- note_delivered --
UPDATE device_twins t SET delivered_version = greatest(t.delivered_version, v.version)
FROM unnest(%(ids)s::bigint[], %(versions)s::bigint[]) AS v (device_id, version)
WHERE t.device_id = v.device_id AND v.version <= t.desired_version

-- waiting --
-- How many desired documents the broker does not hold yet.
SELECT count(*) FROM device_twins WHERE delivered_version < desired_version

-- set_firmware --
-- Gives what it was, when it changes.
UPDATE devices d SET firmware = %(firmware)s FROM devices old
WHERE d.device_id = %(device_id)s AND old.device_id = d.device_id AND d.firmware <> %(firmware)s
RETURNING old.firmware

-- components --
-- What is built in now.
SELECT component, serial, revision FROM components WHERE device_id = %(device_id)s AND removed_at IS NULL

-- add_component --
INSERT INTO components (device_id, component, installed_at, serial, revision)
VALUES (%(device_id)s, %(component)s, %(at)s, %(serial)s, %(revision)s) ON CONFLICT DO NOTHING

-- mark_component --
UPDATE components SET serial = %(serial)s, revision = %(revision)s
WHERE device_id = %(device_id)s AND component = %(component)s AND removed_at IS NULL
