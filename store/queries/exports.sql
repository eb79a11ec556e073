-- devices --
SELECT name AS device, device_model, serial, customer, site, service_centre, installed_at, firmware, attributes::text,
    last_seen_at, heard_at, connectivity
FROM devices
WHERE %(device_model)s::text IS NULL OR device_model = %(device_model)s
ORDER BY name

-- predictions --
-- In the order in which they were made.
SELECT p.prediction_id, d.name AS device, d.device_model, p.failure_mode, p.as_of,
    (extract(epoch FROM p.horizon) / 3600)::float8 AS horizon_hours, p.risk,
    (extract(epoch FROM p.rul) / 3600)::float8 AS rul_hours,
    (extract(epoch FROM p.rul_low) / 3600)::float8 AS rul_low_hours,
    (extract(epoch FROM p.rul_high) / 3600)::float8 AS rul_high_hours,
    v.alarm_threshold, p.model_version_id AS model_version, p.created_at, p.contributions::text AS contributions
FROM predictions p
JOIN devices d USING (device_id)
JOIN model_versions v USING (model_version_id)
WHERE (%(since)s::timestamptz IS NULL OR p.as_of >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR p.as_of < %(until)s)
    AND (%(device_model)s::text IS NULL OR d.device_model = %(device_model)s)
ORDER BY p.prediction_id

-- alarm_people --
a.ack_by, a.assigned_to

-- alarm_people_of_customer --
CASE WHEN a.acknowledged THEN 'service' END AS ack_by, NULL::text AS assigned_to

-- alarms --
-- In the order in which they were raised.
SELECT a.alarm_id, d.name AS device, coalesce(a.device_model, d.device_model, '') AS device_model,
    coalesce(a.customer, d.customer, '') AS customer, coalesce(a.site, d.site, '') AS site, a.alarm_type, a.severity, a.active,
    a.acknowledged, {alarm_people}, a.ack_at, a.shelved_until, a.deferred, a.count, a.raised_at, a.last_at,
    a.cleared_at, a.source, a.failure_mode, a.prediction_id, a.message
FROM alarms a
LEFT JOIN devices d USING (device_id)
WHERE (%(since)s::timestamptz IS NULL OR a.raised_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR a.raised_at < %(until)s)
    AND (%(device_model)s::text IS NULL OR coalesce(a.device_model, d.device_model) = %(device_model)s)
ORDER BY a.alarm_id

-- ticket_papers --
t.entitlement::text, t.decision::text

-- ticket_papers_of_customer --
-- As `papers_of_customer` of tickets.sql.
t.customer_entitlement::text AS entitlement, '{}' AS decision

-- tickets --
-- In the order in which they were opened.
SELECT t.ticket_id, d.name AS device, d.device_model, d.customer, d.site, d.service_centre, t.failure_mode, t.state,
    t.priority::bigint, t.summary, t.opened_at, t.need_by, t.planned_for, t.sla_response_due, t.sla_repair_due,
    t.closure_code, t.closed_at, t.alarm_id, t.prediction_id, t.version::bigint,
    {ticket_papers}
FROM tickets t
JOIN devices d USING (device_id)
WHERE (%(since)s::timestamptz IS NULL OR t.opened_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR t.opened_at < %(until)s)
    AND (%(device_model)s::text IS NULL OR d.device_model = %(device_model)s)
ORDER BY t.ticket_id

-- stock_journal --
-- In the order in which it was written.
SELECT journal_id, at, service_centre, part_no, movement, on_hand_change, allocated_change, on_order_change,
    reservation_id, who, reason, reference
FROM stock_journal
WHERE (%(since)s::timestamptz IS NULL OR at >= %(since)s) AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
ORDER BY journal_id

-- readings --
-- Of one device, oldest first, as they were sent.
SELECT ts, {channels}, extra::text FROM {table}
WHERE device_id = (SELECT device_id FROM devices WHERE name = %(device)s) AND ts >= %(since)s AND ts < %(until)s
ORDER BY ts
