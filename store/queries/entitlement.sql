-- list_sites --
-- Sites by customer and name after a key, all of them or the one that is named.
SELECT customer, site, time_zone, hours, holidays, closed_days, coalesce(service_centre, '') AS service_centre,
       travel_cost, version
FROM sites
WHERE (%(customer)s::text IS NULL OR customer = %(customer)s) AND (%(site)s::text IS NULL OR site = %(site)s)
  AND (customer, site) > (%(after_customer)s::text, %(after_site)s::text)
ORDER BY customer, site LIMIT %(limit)s

-- save_sites --
-- The first version, or the next one of what the caller saw; no row when someone else was quicker.
INSERT INTO sites AS known (customer, site, time_zone, hours, holidays, closed_days, service_centre, travel_cost)
VALUES (%(customer)s, %(site)s, %(time_zone)s, %(hours)s, %(holidays)s, %(closed_days)s::date[],
        nullif(%(service_centre)s, ''), %(travel_cost)s)
ON CONFLICT (customer, site) DO UPDATE
SET time_zone = EXCLUDED.time_zone, hours = EXCLUDED.hours, holidays = EXCLUDED.holidays,
    closed_days = EXCLUDED.closed_days, service_centre = EXCLUDED.service_centre,
    travel_cost = EXCLUDED.travel_cost, version = known.version + 1
WHERE known.version = coalesce(%(version)s::integer, known.version)
RETURNING version

-- serve_devices_of_site --
-- The devices there are served by the site's centre from now on; in the order in which writers lock devices.
WITH there AS (
    SELECT device_id FROM devices
    WHERE customer = %(customer)s AND site = %(site)s AND service_centre <> %(service_centre)s
    ORDER BY device_id FOR NO KEY UPDATE
)
UPDATE devices SET service_centre = %(service_centre)s FROM there WHERE devices.device_id = there.device_id

-- list_warranties --
-- Warranties by number after a key: all, the one that is named, or those that may cover a device.
SELECT w.warranty_no, coalesce(d.name, '') AS device, coalesce(w.device_model, '') AS device_model, w.starts_from,
       w.term_months, w.usage_channel, w.usage_limit, w.parts_percent, w.labour_percent, w.travel_percent,
       w.excluded_failure_modes, w.excluded_components, w.excluded_causes, w.transferable, w.version
FROM warranties w LEFT JOIN devices d USING (device_id)
WHERE (%(warranty_no)s::text IS NULL OR w.warranty_no = %(warranty_no)s)
  AND (%(device_id)s::bigint IS NULL OR w.device_id = %(device_id)s
       OR w.device_model = (SELECT device_model FROM devices WHERE device_id = %(device_id)s))
  AND w.warranty_no > %(after)s::text
ORDER BY w.warranty_no LIMIT %(limit)s

-- save_warranties --
-- As save_sites.
INSERT INTO warranties AS known (warranty_no, device_id, device_model, starts_from, term_months, usage_channel,
    usage_limit, parts_percent, labour_percent, travel_percent, excluded_failure_modes, excluded_components,
    excluded_causes, transferable)
VALUES (%(warranty_no)s, %(device_id)s, nullif(%(device_model)s, ''), %(starts_from)s, %(term_months)s,
        %(usage_channel)s, %(usage_limit)s, %(parts_percent)s, %(labour_percent)s, %(travel_percent)s,
        %(excluded_failure_modes)s::text[], %(excluded_components)s::text[], %(excluded_causes)s::text[],
        %(transferable)s)
ON CONFLICT (warranty_no) DO UPDATE
SET device_id = EXCLUDED.device_id, device_model = EXCLUDED.device_model, starts_from = EXCLUDED.starts_from,
    term_months = EXCLUDED.term_months, usage_channel = EXCLUDED.usage_channel, usage_limit = EXCLUDED.usage_limit,
    parts_percent = EXCLUDED.parts_percent, labour_percent = EXCLUDED.labour_percent,
    travel_percent = EXCLUDED.travel_percent, excluded_failure_modes = EXCLUDED.excluded_failure_modes,
    excluded_components = EXCLUDED.excluded_components, excluded_causes = EXCLUDED.excluded_causes,
    transferable = EXCLUDED.transferable, version = known.version + 1
WHERE known.version = coalesce(%(version)s::integer, known.version)
RETURNING version

-- list_contracts --
-- Contracts by number after a key: all, the one that is named, or those that may cover a device.
SELECT c.contract_no, c.customer, coalesce(c.site, '') AS site, coalesce(d.name, '') AS device, c.valid_from,
       c.valid_to, c.response_hours, c.repair_hours, c.hours, c.pause_reasons, c.priority, c.breach_penalty,
       c.parts_percent, c.labour_percent, c.travel_percent, c.excluded_failure_modes, c.excluded_components,
       c.excluded_causes, c.version
FROM contracts c LEFT JOIN devices d USING (device_id)
WHERE (%(contract_no)s::text IS NULL OR c.contract_no = %(contract_no)s)
  AND (%(device_id)s::bigint IS NULL OR c.device_id = %(device_id)s
       OR c.device_id IS NULL AND EXISTS (
           SELECT FROM devices o
           WHERE o.device_id = %(device_id)s AND o.customer = c.customer AND o.site = coalesce(c.site, o.site)))
  AND c.contract_no > %(after)s::text
ORDER BY c.contract_no LIMIT %(limit)s

-- save_contracts --
-- As save_sites.
INSERT INTO contracts AS known (contract_no, customer, site, device_id, valid_from, valid_to, response_hours,
    repair_hours, hours, pause_reasons, priority, breach_penalty, parts_percent, labour_percent, travel_percent,
    excluded_failure_modes, excluded_components, excluded_causes)
VALUES (%(contract_no)s, %(customer)s, nullif(%(site)s, ''), %(device_id)s, %(valid_from)s, %(valid_to)s,
        %(response_hours)s, %(repair_hours)s, %(hours)s, %(pause_reasons)s::text[], %(priority)s, %(breach_penalty)s,
        %(parts_percent)s, %(labour_percent)s, %(travel_percent)s, %(excluded_failure_modes)s::text[],
        %(excluded_components)s::text[], %(excluded_causes)s::text[])
ON CONFLICT (contract_no) DO UPDATE
SET customer = EXCLUDED.customer, site = EXCLUDED.site, device_id = EXCLUDED.device_id,
    valid_from = EXCLUDED.valid_from, valid_to = EXCLUDED.valid_to, response_hours = EXCLUDED.response_hours,
    repair_hours = EXCLUDED.repair_hours, hours = EXCLUDED.hours, pause_reasons = EXCLUDED.pause_reasons,
    priority = EXCLUDED.priority, breach_penalty = EXCLUDED.breach_penalty, parts_percent = EXCLUDED.parts_percent,
    labour_percent = EXCLUDED.labour_percent, travel_percent = EXCLUDED.travel_percent,
    excluded_failure_modes = EXCLUDED.excluded_failure_modes, excluded_components = EXCLUDED.excluded_components,
    excluded_causes = EXCLUDED.excluded_causes, version = known.version + 1
WHERE known.version = coalesce(%(version)s::integer, known.version)
RETURNING version

-- save_device_sale --
-- What is not told stays.
INSERT INTO device_sales AS known (device_id, manufactured_on, purchased_on, sold_to)
VALUES (%(device_id)s, %(manufactured_on)s, %(purchased_on)s, %(sold_to)s)
ON CONFLICT (device_id) DO UPDATE
SET manufactured_on = coalesce(EXCLUDED.manufactured_on, known.manufactured_on),
    purchased_on = coalesce(EXCLUDED.purchased_on, known.purchased_on),
    sold_to = coalesce(EXCLUDED.sold_to, known.sold_to)

-- device_facts --
-- What warranties and contracts ask of a device.
SELECT d.name AS device, d.device_model, d.customer, d.site, d.installed_at, s.manufactured_on, s.purchased_on,
       s.sold_to, c.time_zone AS centre_time_zone
FROM devices d
JOIN service_centres c USING (service_centre)
LEFT JOIN device_sales s USING (device_id)
WHERE d.device_id = %(device_id)s

-- latest_value --
-- The newest value of one channel, from the table of latest values of its device model.
SELECT {column} FROM {latest} WHERE device_id = %(device_id)s

-- note_entitlement --
-- Who pays what of a ticket, with the reasons.
UPDATE tickets SET entitlement = %(entitlement)s WHERE ticket_id = %(ticket_id)s
