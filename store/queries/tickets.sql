-- lock_case --
-- One process at a time decides about a device's failure mode: its alarm, its ticket and their parts, in this order.
SELECT pg_advisory_xact_lock(hashtextextended(%(device_id)s || '/' || %(failure_mode)s, 0))

-- lock_case_of_ticket --
SELECT pg_advisory_xact_lock(hashtextextended(device_id || '/' || failure_mode, 0))
FROM tickets WHERE ticket_id = %(ticket_id)s

-- case --
-- What a prediction meets, under the lock of its case. settled: this prediction or a later one was acted on.
-- renewed: the component was exchanged after the model's last reading. failed: the failure that the unsettled ticket
-- foresaw has happened and is not repaired.
SELECT d.service_centre,
       EXISTS (
           SELECT FROM predictions p
           WHERE p.device_id = d.device_id AND p.failure_mode = %(failure_mode)s AND p.acted_at IS NOT NULL
             AND (p.as_of, p.prediction_id) >= (%(as_of)s, %(prediction_id)s)
       ) AS settled,
       coalesce(c.installed_at > %(as_of)s, false) AS renewed,
       EXISTS (
           SELECT FROM device_events e
           WHERE e.device_id = d.device_id AND e.kind = 'failure' AND e.code = ANY(%(event_codes)s)
             AND e.ts > foreseen.as_of AND e.ts > coalesce(c.installed_at, '-infinity')
       ) AS failed,
       t.ticket_id, t.state, t.priority, t.prediction_id IS NOT NULL AS predicted,
       (t.decision ->> 'joins_visit')::bigint AS joins_visit, lower(v.during) AS joined_at
FROM devices d
LEFT JOIN components c ON c.device_id = d.device_id AND c.component = %(component)s AND c.removed_at IS NULL
LEFT JOIN tickets t ON t.device_id = d.device_id AND t.failure_mode = %(failure_mode)s
    AND t.state IN ('suggested', 'open', 'planned', 'in_progress')
LEFT JOIN predictions foreseen ON foreseen.prediction_id = t.prediction_id
LEFT JOIN visits v ON v.visit_id = (t.decision ->> 'joins_visit')::bigint AND v.state = 'booked'
WHERE d.device_id = %(device_id)s

-- open --
-- At most one unsettled ticket per device and failure mode: the partial unique index decides. None either while a
-- resolved one waits to be closed, or when one was settled during this alarm: its answer stands until the alarm clears.
INSERT INTO tickets (device_id, failure_mode, state, priority, summary, opened_at, need_by, decision, visit_length,
    alarm_id, prediction_id)
SELECT %(device_id)s, %(failure_mode)s, %(state)s, %(priority)s, %(summary)s, %(now)s, %(need_by)s, %(decision)s,
    %(visit_length)s, alarm_id, %(prediction_id)s
FROM alarms
WHERE alarm_id = %(alarm_id)s AND NOT EXISTS (
    SELECT FROM tickets t
    WHERE t.device_id = %(device_id)s AND t.failure_mode = %(failure_mode)s
      AND (t.state = 'resolved' OR t.closed_at >= alarms.raised_at)
)
ON CONFLICT DO NOTHING
RETURNING ticket_id

-- unsettled --
-- The ticket of a failure mode of a device that is still to be settled.
SELECT ticket_id FROM tickets
WHERE device_id = %(device_id)s AND failure_mode = %(failure_mode)s
  AND state IN ('suggested', 'open', 'planned', 'in_progress')

-- open_found --
-- A ticket for a fault that was found without a prediction, about the alarm that is active, if any.
INSERT INTO tickets (device_id, failure_mode, state, priority, summary, opened_at, need_by, visit_length, alarm_id)
SELECT %(device_id)s, %(failure_mode)s, 'open', %(priority)s, %(summary)s, %(now)s, %(need_by)s, %(visit_length)s,
    (SELECT alarm_id FROM alarms WHERE device_id = %(device_id)s AND alarm_type = %(alarm_type)s AND active)
RETURNING ticket_id

-- move --
-- Who has the version wins; no row for the others.
UPDATE tickets
SET state = %(state)s, version = version + 1, planned_for = coalesce(%(planned_for)s, planned_for),
    closure_code = %(closure_code)s,
    closed_at = CASE WHEN %(state)s IN ('closed', 'cancelled') THEN %(now)s::timestamptz END
WHERE ticket_id = %(ticket_id)s AND version = %(version)s
RETURNING ticket_id

-- hasten --
-- The failure comes sooner than the ticket says.
UPDATE tickets
SET priority = %(priority)s, need_by = %(need_by)s, decision = %(decision)s, version = version + 1
WHERE ticket_id = %(ticket_id)s

-- next_version --
-- Something beside its state was changed that people decide upon.
UPDATE tickets SET version = version + 1 WHERE ticket_id = %(ticket_id)s

-- note_event --
INSERT INTO ticket_events (ticket_id, at, who, what, detail)
VALUES (%(ticket_id)s, %(at)s, %(who)s, %(what)s, %(detail)s)

-- last_event --
-- When something last happened to a ticket.
SELECT max(at) FROM ticket_events WHERE ticket_id = %(ticket_id)s AND what = %(what)s

-- note_replacement --
-- The component that was taken out at that instant was replaced by this ticket.
UPDATE components SET replaced_by_ticket = %(ticket_id)s
WHERE device_id = %(device_id)s AND component = %(component)s AND removed_at = %(at)s

-- papers --
t.entitlement, t.decision

-- papers_of_customer --
t.customer_entitlement AS entitlement, '{}'::jsonb AS decision

-- get --
SELECT d.device_id, d.device_model, d.service_centre, t.ticket_id, d.name AS device, t.failure_mode, t.state, t.priority,
       t.summary, t.opened_at, t.need_by, t.sla_response_due, t.sla_repair_due, {papers},
       t.closure_code, t.alarm_id, t.prediction_id, t.version, t.planned_for
FROM tickets t JOIN devices d USING (device_id)
WHERE t.ticket_id = %(ticket_id)s
