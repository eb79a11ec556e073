-- names --
-- The devices that this transaction sees, for one file of readings each.
SELECT device_id, name, device_model FROM devices ORDER BY name

-- devices --
SELECT name AS device, device_model, serial, customer, site, installed_at, firmware, attributes::text, last_seen_at,
    connectivity
FROM devices
ORDER BY name

-- components --
SELECT d.name AS device, c.component, c.serial, c.revision, c.installed_at, c.removed_at, c.replaced_by_ticket
FROM components c
JOIN devices d USING (device_id)
ORDER BY c.component_id

-- events --
-- What devices told of themselves and what was done to them.
SELECT d.name AS device, e.ts, e.kind, e.code, e.component, e.detail::text
FROM device_events e
JOIN devices d USING (device_id)
ORDER BY e.device_id, e.ts

-- connectivity --
SELECT d.name AS device, c.at, c.state, c.told_by
FROM connectivity_changes c
JOIN devices d USING (device_id)
ORDER BY c.connectivity_change_id

-- predictions --
SELECT p.prediction_id, d.name AS device, p.failure_mode, p.as_of,
    (extract(epoch FROM p.horizon) / 3600)::float8 AS horizon_hours, p.risk,
    (extract(epoch FROM p.rul) / 3600)::float8 AS rul_hours,
    (extract(epoch FROM p.rul_low) / 3600)::float8 AS rul_low_hours,
    (extract(epoch FROM p.rul_high) / 3600)::float8 AS rul_high_hours
FROM predictions p
JOIN devices d USING (device_id)
ORDER BY p.prediction_id

-- alarms --
-- Without who of the maker's people saw to them.
SELECT a.alarm_id, d.name AS device, coalesce(a.site, d.site) AS site, a.alarm_type, a.severity, a.active, a.count,
    a.raised_at, a.last_at, a.cleared_at, a.source, a.failure_mode, a.message
FROM alarms a
LEFT JOIN devices d USING (device_id)
ORDER BY a.alarm_id

-- tickets --
-- Without the sum behind them; who pays is told as the customer's users see it, also when the maker's ask.
SELECT t.ticket_id, d.name AS device, t.failure_mode, t.state, t.priority::bigint, t.summary, t.opened_at, t.need_by,
    t.planned_for, t.sla_response_due, t.sla_repair_due, t.closure_code, t.closed_at, t.alarm_id, t.prediction_id,
    t.customer_entitlement::text AS who_pays
FROM tickets t
JOIN devices d USING (device_id)
ORDER BY t.ticket_id

-- problem_reports --
SELECT r.report_id, d.name AS device, r.ticket_id, r.reported_at, r.problem
FROM problem_reports r
JOIN devices d USING (device_id)
ORDER BY r.report_id

-- ticket_history --
-- Without who did it and what they noted.
SELECT ticket_id, at, what FROM ticket_events ORDER BY ticket_event_id

-- visits --
SELECT v.visit_id, d.name AS device, v.kind, v.state, lower(v.during) AS begins_at, upper(v.during) AS ends_at
FROM visits v
JOIN devices d USING (device_id)
ORDER BY v.visit_id

-- parts --
-- What was fitted or is to be; without shelves and prices.
SELECT r.ticket_id, d.name AS device, r.part_no, p.description, r.quantity, r.state = 'consumed' AS fitted,
    CASE WHEN r.state = 'consumed' THEN r.ended_at END AS fitted_at
FROM part_reservations r
JOIN parts p USING (part_no)
JOIN tickets t USING (ticket_id)
JOIN devices d USING (device_id)
WHERE r.state <> 'released'
ORDER BY r.reservation_id

-- commands --
SELECT c.command_id, d.name AS device, c.command, c.arguments::text, c.state, c.requested_at, c.finished_at,
    c.result::text, c.error_code, c.error_message, c.ticket_id
FROM commands c
JOIN devices d USING (device_id)
ORDER BY c.command_id

-- troubleshooting --
-- Without who answered and what they noted.
SELECT r.run_id, d.name AS device, r.failure_mode, r.started_at, r.ended_at, r.outcome, r.ticket_id, s.position::bigint,
    s.at, s.title AS step, s.answer, s.command_id
FROM troubleshooting_runs r
JOIN devices d USING (device_id)
LEFT JOIN troubleshooting_trail s USING (run_id)
ORDER BY r.run_id, s.position

-- twins --
SELECT d.name AS device, t.desired::text, t.desired_version, t.desired_at, t.reported::text, t.reported_at
FROM device_twins t
JOIN devices d USING (device_id)
ORDER BY d.name

-- twin_changes --
SELECT d.name AS device, c.at, c.side, c.version, c.changes::text
FROM twin_changes c
JOIN devices d USING (device_id)
ORDER BY c.twin_change_id

-- readings --
-- Of one device, oldest first, as they were sent.
SELECT ts, {channels}, extra::text FROM {table} WHERE device_id = %(device_id)s ORDER BY ts

-- command_files --
-- What devices sent as files, one by one.
SELECT f.command_file_id, f.name, f.content FROM command_files f ORDER BY f.command_file_id
