-- devices --
-- Devices by name with what is open on each; also finds one by its name.
SELECT d.device_id, d.name, d.device_model, m.title AS device_model_title, d.serial, d.customer, d.site,
    d.service_centre, d.installed_at, d.firmware, d.last_seen_at, d.heard_at, d.connectivity,
    a.active_alarms, a.worst_severity, t.unsettled_tickets
FROM devices d
JOIN device_models m USING (device_model)
CROSS JOIN LATERAL (
    SELECT count(*) AS active_alarms,
        (array_agg(severity ORDER BY array_position(ARRAY['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'], severity)))[1]
            AS worst_severity
    FROM alarms WHERE device_id = d.device_id AND active
) a
CROSS JOIN LATERAL (
    SELECT count(*) AS unsettled_tickets FROM tickets
    WHERE device_id = d.device_id AND state IN ('suggested', 'open', 'planned', 'in_progress')
) t
WHERE (%(name)s::text IS NULL OR d.name = %(name)s)
    AND (%(device_model)s::text IS NULL OR d.device_model = %(device_model)s)
    AND (%(customer)s::text IS NULL OR d.customer = %(customer)s)
    AND (%(site)s::text IS NULL OR d.site = %(site)s)
    AND (%(pattern)s::text IS NULL
        OR lower(d.name || ' ' || d.serial || ' ' || d.customer || ' ' || d.site) LIKE lower(%(pattern)s))
    AND (%(after)s::text IS NULL OR d.name > %(after)s)
ORDER BY d.name
LIMIT %(limit)s

-- device_events --
-- Events of a device, newest first; the whole primary key is the key of the page.
SELECT ts, kind, code, component, detail
FROM device_events
WHERE device_id = %(device_id)s
    AND (%(ts)s::timestamptz IS NULL
        OR (ts, kind, code, component) < (%(ts)s::timestamptz, %(kind)s::text, %(code)s::text, %(component)s::text))
ORDER BY ts DESC, kind DESC, code DESC, component DESC
LIMIT %(limit)s

-- predictions --
-- Predictions, newest first; also finds one by its id.
SELECT p.prediction_id, p.device_id, d.name AS device, d.device_model, p.failure_mode, p.as_of,
    (extract(epoch FROM p.horizon) / 3600)::float8 AS horizon_hours, p.risk,
    (extract(epoch FROM p.rul) / 3600)::float8 AS rul_hours,
    (extract(epoch FROM p.rul_low) / 3600)::float8 AS rul_low_hours,
    (extract(epoch FROM p.rul_high) / 3600)::float8 AS rul_high_hours,
    p.contributions, p.model_version_id, v.alarm_threshold, p.created_at
FROM predictions p
JOIN devices d USING (device_id)
JOIN model_versions v USING (model_version_id)
WHERE (%(prediction_id)s::bigint IS NULL OR p.prediction_id = %(prediction_id)s)
    AND (%(device)s::text IS NULL OR p.device_id = (SELECT device_id FROM devices WHERE name = %(device)s))
    AND (%(failure_mode)s::text IS NULL OR p.failure_mode = %(failure_mode)s
        AND EXISTS (SELECT FROM model_versions WHERE failure_mode = %(failure_mode)s))
    AND (%(after)s::bigint IS NULL OR p.prediction_id < %(after)s)
ORDER BY p.prediction_id DESC
LIMIT %(limit)s

-- latest_predictions --
-- The newest prediction per device and failure mode: one index probe for each, however long the history is.
SELECT p.prediction_id, d.device_id, d.name AS device, d.device_model, p.failure_mode, p.as_of,
    (extract(epoch FROM p.horizon) / 3600)::float8 AS horizon_hours, p.risk,
    (extract(epoch FROM p.rul) / 3600)::float8 AS rul_hours,
    (extract(epoch FROM p.rul_low) / 3600)::float8 AS rul_low_hours,
    (extract(epoch FROM p.rul_high) / 3600)::float8 AS rul_high_hours,
    p.contributions, p.model_version_id, v.alarm_threshold, p.created_at
FROM devices d
JOIN unnest(%(device_models)s::text[], %(failure_modes)s::text[]) AS m (device_model, failure_mode) USING (device_model)
CROSS JOIN LATERAL (
    SELECT * FROM predictions
    WHERE device_id = d.device_id AND failure_mode = m.failure_mode
    ORDER BY as_of DESC, prediction_id DESC
    LIMIT 1
) p
JOIN model_versions v USING (model_version_id)
WHERE (%(device)s::text IS NULL OR d.name = %(device)s)
    AND (%(after_device)s::bigint IS NULL
        OR d.device_id >= %(after_device)s AND (d.device_id, m.failure_mode) > (%(after_device)s, %(after_mode)s::text))
ORDER BY d.device_id, m.failure_mode
LIMIT %(limit)s

-- risk_over_time --
-- Highest risk and lowest remaining useful life per bucket and failure mode.
SELECT failure_mode, date_bin(%(width)s, as_of, %(since)s) AS at, max(risk) AS risk,
    (min(extract(epoch FROM rul_low)) / 3600)::float8 AS rul_low_hours
FROM predictions
WHERE device_id = %(device_id)s AND as_of >= %(since)s AND as_of <= %(until)s
GROUP BY 1, 2
ORDER BY 1, 2

-- alarm_people --
a.ack_by, a.assigned_to

-- alarm_people_of_customer --
CASE WHEN a.acknowledged THEN 'service' END AS ack_by, NULL::text AS assigned_to

-- alarms --
-- Alarms, newest first; also finds one by its id.
SELECT a.alarm_id, d.name AS device, coalesce(a.device_model, d.device_model, '') AS device_model,
    coalesce(a.at_customer, '') AS customer, coalesce(a.at_site, '') AS site, a.alarm_type, a.severity, a.active,
    a.acknowledged, a.shelved_until, a.count, a.raised_at, a.last_at, a.cleared_at, {alarm_people}, a.ack_at, a.source,
    a.failure_mode, a.prediction_id, a.message, t.ticket_id, a.deferred,
    (SELECT count(*) FROM alarm_members m WHERE m.alarm_id = a.alarm_id AND m.left_at IS NULL) AS members
FROM alarms a
LEFT JOIN devices d USING (device_id)
LEFT JOIN tickets t ON t.device_id = a.device_id AND t.failure_mode = a.failure_mode
    AND t.state IN ('suggested', 'open', 'planned', 'in_progress')
WHERE (%(alarm_id)s::bigint IS NULL OR a.alarm_id = %(alarm_id)s)
    AND (%(active)s::boolean IS NULL OR a.active = %(active)s)
    AND (%(severity)s::text IS NULL OR a.severity = %(severity)s)
    AND (%(device)s::text IS NULL OR a.device_id = (SELECT device_id FROM devices WHERE name = %(device)s))
    AND (%(of_site)s::boolean IS NULL OR (a.site IS NOT NULL) = %(of_site)s)
    AND (%(acknowledged)s::boolean IS NULL OR a.acknowledged = %(acknowledged)s)
    AND (%(deferred)s::boolean IS NULL OR a.deferred = %(deferred)s)
    AND (%(shelved)s::boolean IS NULL OR NOT %(shelved)s OR a.active AND a.shelved_until IS NOT NULL)
    AND (%(shelved)s::boolean IS NULL OR %(shelved)s OR NOT a.active OR a.shelved_until IS NULL)
    AND (%(customer)s::text IS NULL OR a.at_customer = %(customer)s)
    AND (%(site)s::text IS NULL OR a.at_site = %(site)s)
    AND (%(device_model)s::text IS NULL OR coalesce(a.device_model, d.device_model) = %(device_model)s)
    AND (%(after)s::bigint IS NULL OR a.alarm_id < %(after)s)
ORDER BY a.alarm_id DESC
LIMIT %(limit)s

-- commenter --
who

-- commenter_of_customer --
'service' AS who

-- alarm_comments --
-- What people wrote under an alarm, oldest first.
SELECT at, {commenter}, comment FROM alarm_comments WHERE alarm_id = %(alarm_id)s ORDER BY alarm_comment_id

-- alarm_members --
-- The devices that a site's alarm stands for, those that are back too.
SELECT d.name AS device, m.joined_at, m.left_at FROM alarm_members m JOIN devices d USING (device_id)
WHERE m.alarm_id = %(alarm_id)s ORDER BY d.name

-- sites --
-- Each site with the worst of its uncleared alarms, its devices' and its own; shelved ones are out of sight.
SELECT d.customer, d.site, d.devices, d.offline, a.active_alarms, a.worst_severity, a.unacknowledged
FROM (
    SELECT customer, site, count(*) AS devices, count(*) FILTER (WHERE connectivity = 'offline') AS offline
    FROM devices
    WHERE (%(customer)s::text IS NULL OR customer = %(customer)s)
        AND (%(after_customer)s::text IS NULL OR (customer, site) > (%(after_customer)s, %(after_site)s::text))
    GROUP BY customer, site ORDER BY customer, site LIMIT %(limit)s
) d
CROSS JOIN LATERAL (
    SELECT count(*) AS active_alarms, count(*) FILTER (WHERE NOT acknowledged) AS unacknowledged,
        (array_agg(severity ORDER BY array_position(ARRAY['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'], severity)))[1]
            AS worst_severity
    FROM alarms
    WHERE active AND shelved_until IS NULL AND at_customer = d.customer AND at_site = d.site
) a
ORDER BY d.customer, d.site

-- ticket_rows --
-- Tickets with the newest risk while they were unsettled; one of the next two says which of them, and in what order.
SELECT t.ticket_id, d.name AS device, d.device_model, d.customer, d.site, d.service_centre, t.failure_mode, t.state,
    t.priority, t.summary, t.opened_at, t.need_by, t.planned_for, t.sla_response_due, t.sla_repair_due,
    {papers}, t.closure_code, t.closed_at, t.alarm_id, t.prediction_id, t.version,
    p.risk, (extract(epoch FROM p.rul_low) / 3600)::float8 AS rul_low_hours, r.parts_needed, r.parts_ready
FROM tickets t
JOIN devices d USING (device_id)
LEFT JOIN LATERAL (
    SELECT risk, rul_low FROM predictions
    WHERE device_id = t.device_id AND failure_mode = t.failure_mode AND as_of <= coalesce(t.closed_at, 'infinity')
    ORDER BY as_of DESC, prediction_id DESC
    LIMIT 1
) p ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS parts_needed, count(*) FILTER (
        WHERE state = 'consumed' OR state IN ('reserved', 'picked') AND service_centre = d.service_centre) AS parts_ready
    FROM part_reservations WHERE ticket_id = t.ticket_id AND state <> 'released'
) r

-- newest_tickets_first --
-- Follows ticket_rows; also finds some by their ids.
WHERE (%(ticket_ids)s::bigint[] IS NULL OR t.ticket_id = ANY (%(ticket_ids)s))
    AND (%(states)s::text[] IS NULL OR t.state = ANY (%(states)s))
    AND (%(device)s::text IS NULL OR t.device_id = (SELECT device_id FROM devices WHERE name = %(device)s))
    AND (%(after)s::bigint IS NULL OR t.ticket_id < %(after)s)
ORDER BY t.ticket_id DESC
LIMIT %(limit)s

-- soonest_need_first --
-- Follows ticket_rows.
WHERE t.state = ANY (%(states)s)
    AND (%(need_by)s::timestamptz IS NULL
        OR (t.need_by, t.ticket_id) > (%(need_by)s::timestamptz, %(ticket_id)s::bigint))
ORDER BY t.need_by, t.ticket_id
LIMIT %(limit)s

-- ticket_events --
-- The life of a ticket, oldest first.
SELECT ticket_event_id, at, who, what, detail FROM ticket_events
WHERE ticket_id = %(ticket_id)s ORDER BY ticket_event_id

-- ticket_events_of_customer --
-- Without who did it and what they noted.
SELECT ticket_event_id, at, '' AS who, what, '{}'::jsonb AS detail FROM ticket_events
WHERE ticket_id = %(ticket_id)s ORDER BY ticket_event_id

-- reservations --
-- Part reservations, newest first.
SELECT r.reservation_id, r.ticket_id, d.name AS device, r.part_no, p.description, r.service_centre, r.quantity, r.state,
    r.need_by, r.created_at, r.reserved_at, r.ended_at, r.instead_of
FROM part_reservations r
JOIN parts p USING (part_no)
JOIN tickets t USING (ticket_id)
JOIN devices d USING (device_id)
WHERE (%(state)s::text IS NULL OR r.state = %(state)s)
    AND (%(part_no)s::text IS NULL OR r.part_no = %(part_no)s)
    AND (%(ticket_id)s::bigint IS NULL OR r.ticket_id = %(ticket_id)s)
    AND (%(after)s::bigint IS NULL OR r.reservation_id < %(after)s)
ORDER BY r.reservation_id DESC
LIMIT %(limit)s

-- parts --
-- Parts by number with stock and back-orders per service centre.
SELECT p.part_no, p.description, p.unit_cost_minor, p.currency,
    (extract(epoch FROM p.lead_time) / 86400)::float8, s.stock
FROM parts p
CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'service_centre', service_centre, 'on_hand', coalesce(b.on_hand, 0), 'allocated', coalesce(b.allocated, 0),
        'on_order', coalesce(b.on_order, 0), 'backordered', coalesce(w.backordered, 0)) ORDER BY service_centre),
        '[]') AS stock
    FROM (SELECT * FROM part_stock WHERE part_no = p.part_no) b
    FULL JOIN (
        SELECT service_centre, sum(quantity) AS backordered FROM part_reservations
        WHERE part_no = p.part_no AND state = 'backordered' GROUP BY service_centre
    ) w USING (service_centre)
) s
WHERE %(after)s::text IS NULL OR p.part_no > %(after)s
ORDER BY p.part_no
LIMIT %(limit)s

-- overview --
-- Counts of everything that is open.
WITH unsettled AS (
    SELECT state, need_by FROM tickets WHERE state IN ('suggested', 'open', 'planned', 'in_progress')
), uncleared AS (
    SELECT severity, count(*) AS n, count(*) FILTER (WHERE NOT acknowledged) AS unacknowledged
    FROM alarms WHERE active GROUP BY severity
)
SELECT
    (SELECT coalesce(jsonb_object_agg(connectivity, n), '{}')
     FROM (SELECT connectivity, count(*) AS n FROM devices GROUP BY 1) c) AS devices,
    (SELECT coalesce(jsonb_object_agg(severity, n), '{}') FROM uncleared) AS alarms,
    (SELECT coalesce(jsonb_object_agg(state, n), '{}')
     FROM (SELECT state, count(*) AS n FROM unsettled GROUP BY 1) c) AS tickets,
    (SELECT coalesce(jsonb_object_agg(state, n), '{}')
     FROM (SELECT state, count(*) AS n FROM part_reservations
           WHERE state IN ('reserved', 'backordered', 'picked', 'in_transit') GROUP BY 1) c) AS reservations,
    (SELECT coalesce(sum(unacknowledged), 0)::bigint FROM uncleared) AS unacknowledged,
    (SELECT count(*) FROM unsettled
     WHERE need_by >= %(now)s AND need_by < %(now)s::timestamptz + interval '7 days') AS needed_within_week,
    (SELECT count(*) FROM unsettled WHERE need_by < %(now)s) AS overdue,
    (SELECT max(created_at) FROM predictions
     WHERE prediction_id = (SELECT max(prediction_id) FROM predictions)) AS latest_prediction_at
