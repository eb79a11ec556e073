-- find --
-- Identity of the named devices; unknown names are absent.
SELECT name, device_id, device_model FROM devices WHERE name = ANY(%(names)s)

-- get --
-- Everything about one device.
SELECT device_id, name, device_model, serial, customer, site, service_centre, installed_at, firmware, attributes,
       last_seen_at, connectivity
FROM devices WHERE name = %(name)s

-- list --
-- Every device, or those of one model, by name.
SELECT device_id, name, device_model, serial, customer, site, service_centre, installed_at, firmware, attributes,
       last_seen_at, connectivity
FROM devices WHERE %(device_model)s::text IS NULL OR device_model = %(device_model)s
ORDER BY name

-- find_all --
-- Identity of devices, the ones that were heard last when there are more than asked for.
SELECT name, device_id, device_model FROM devices ORDER BY heard_at DESC NULLS LAST LIMIT %(limit)s

-- names_of --
SELECT device_id, name FROM devices WHERE device_id = ANY(%(ids)s::bigint[])

-- add_service_centres --
-- Centres come into being when a device names them.
INSERT INTO service_centres (service_centre)
SELECT DISTINCT centre FROM unnest(%(centres)s::text[]) AS c (centre) ORDER BY centre
ON CONFLICT DO NOTHING

-- save --
-- Register a device, or bring what is known of it up to date; its device model never changes, and an attribute that
-- is not told again stays.
INSERT INTO devices (name, device_model, serial, customer, site, service_centre, installed_at, firmware, attributes)
VALUES (%(name)s, %(device_model)s, %(serial)s, %(customer)s, %(site)s, %(service_centre)s, %(installed_at)s,
        %(firmware)s, %(attributes)s)
ON CONFLICT (name) DO UPDATE
SET serial = EXCLUDED.serial, customer = EXCLUDED.customer, site = EXCLUDED.site,
    service_centre = EXCLUDED.service_centre, installed_at = coalesce(EXCLUDED.installed_at, devices.installed_at),
    firmware = EXCLUDED.firmware, attributes = devices.attributes || EXCLUDED.attributes

-- install_components --
-- What a device was delivered with, unless something is known of that component already.
INSERT INTO components (device_id, component, installed_at)
SELECT d.device_id, c.component, d.installed_at
FROM devices d CROSS JOIN unnest(%(components)s::text[]) AS c (component)
WHERE d.name = ANY(%(names)s) AND d.installed_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM components k WHERE k.device_id = d.device_id AND k.component = c.component)
ON CONFLICT DO NOTHING

-- note_seen --
-- Later news only; rows are locked in the order of their ids, so that two writers never wait for each other in a ring.
-- One long pause moves the average of arrivals by little: it takes several before they count as the device's habit.
WITH news AS (
    SELECT d.device_id, 'epoch'::timestamptz + v.seen * interval '1 microsecond' AS seen,
           greatest(%(heard_at)s::timestamptz - d.heard_at, interval '0') AS pause, m.reading_interval
    FROM devices d JOIN device_models m USING (device_model)
    JOIN unnest(%(ids)s::bigint[], %(seen)s::bigint[], %(told)s::boolean[]) AS v (device_id, seen, told) USING (device_id)
    WHERE v.told OR d.last_seen_at IS NULL
       OR d.last_seen_at < 'epoch'::timestamptz + v.seen * interval '1 microsecond'
       OR %(heard_at)s::timestamptz > coalesce(d.heard_at + %(heard_again)s::interval, '-infinity')
    ORDER BY d.device_id
    FOR NO KEY UPDATE OF d
)
UPDATE devices d
SET last_seen_at = greatest(d.last_seen_at, news.seen),
    heard_at = greatest(d.heard_at, %(heard_at)s::timestamptz),
    heard_every = CASE WHEN news.pause IS NULL THEN d.heard_every
                       ELSE 0.75 * coalesce(d.heard_every, interval '0')
                            + 0.25 * least(news.pause, greatest(8 * d.heard_every, 8 * news.reading_interval)) END
FROM news WHERE d.device_id = news.device_id

-- lock_component --
-- Before an exchange: of two at once the later one has to see what the earlier one did.
SELECT FROM components WHERE device_id = %(device_id)s AND component = %(component)s
ORDER BY component_id FOR NO KEY UPDATE

-- remove_component --
-- End the service of whatever was built in at that instant.
UPDATE components SET removed_at = %(at)s
WHERE device_id = %(device_id)s AND component = %(component)s
  AND installed_at < %(at)s AND (removed_at IS NULL OR removed_at > %(at)s)

-- add_component --
-- A component that a maintenance event put in; when the event comes late, it served until the next exchange.
INSERT INTO components (device_id, component, installed_at, removed_at)
SELECT %(device_id)s, %(component)s, %(at)s,
       (SELECT min(later.installed_at) FROM components later
        WHERE later.device_id = %(device_id)s AND later.component = %(component)s AND later.installed_at > %(at)s)
WHERE NOT EXISTS (SELECT FROM components same
                  WHERE same.device_id = %(device_id)s AND same.component = %(component)s
                    AND same.installed_at = %(at)s)

-- known_of_devices --
-- What is known of the devices of one model, or of the named ones, beside what they send.
SELECT name, installed_at, attributes FROM devices
WHERE device_model = %(device_model)s AND (%(devices)s::text[] IS NULL OR name = ANY(%(devices)s::text[]))
ORDER BY name COLLATE "C"

-- components_of_devices --
-- Every component that was ever built into the devices of one model, or into the named ones.
SELECT d.name, c.component, c.installed_at
FROM components c JOIN devices d USING (device_id)
WHERE d.device_model = %(device_model)s AND (%(devices)s::text[] IS NULL OR d.name = ANY(%(devices)s::text[]))
ORDER BY d.name COLLATE "C", c.installed_at, c.component
