-- hold --
-- One process at a time decides who waits; until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('aftercare.visit_budget', 0))

-- set_visits --
INSERT INTO visit_capacities (service_centre, visits_per_week)
SELECT service_centre, %(visits)s FROM service_centres WHERE service_centre = %(service_centre)s
ON CONFLICT (service_centre) DO UPDATE SET visits_per_week = EXCLUDED.visits_per_week

-- lift --
DELETE FROM visit_capacities WHERE service_centre = %(service_centre)s

-- centre --
SELECT EXISTS (SELECT FROM service_centres WHERE service_centre = %(service_centre)s)

-- capacities --
SELECT service_centre, visits_per_week FROM visit_capacities
WHERE %(service_centre)s::text IS NULL OR service_centre = %(service_centre)s
ORDER BY service_centre

-- asking --
-- Tickets that a visit is planned for, and those that a standing prediction asks a visit for; of centres that have a
-- capacity, or where something was deferred while they had one. Weeks begin on Monday, by the clock of the centre.
SELECT t.ticket_id, d.service_centre,
    (date_trunc('week', greatest(coalesce(t.planned_for, t.need_by), %(now)s) AT TIME ZONE c.time_zone)::date
        - date '1970-01-05') / 7 AS week,
    coalesce(a.saving, 0) AS saving, t.state IN ('planned', 'in_progress') AS committed, a.alarm_id,
    coalesce(a.deferred, false) AS deferred
FROM tickets t
JOIN devices d USING (device_id)
JOIN service_centres c USING (service_centre)
LEFT JOIN alarms a ON a.device_id = t.device_id AND a.failure_mode = t.failure_mode AND a.active
    AND a.source = 'prediction' AND a.alarm_type LIKE 'predicted:%%'
WHERE (%(service_centre)s::text IS NULL OR d.service_centre = %(service_centre)s)
    AND (t.state IN ('planned', 'in_progress') OR t.state IN ('suggested', 'open') AND a.alarm_id IS NOT NULL)
    AND (a.deferred OR EXISTS (SELECT FROM visit_capacities v WHERE v.service_centre = d.service_centre))
ORDER BY t.ticket_id

-- week --
-- The week of an instant at a service centre, counted as in `asking`.
SELECT (date_trunc('week', %(instant)s::timestamptz AT TIME ZONE time_zone)::date - date '1970-01-05') / 7
FROM service_centres WHERE service_centre = %(service_centre)s

-- held --
-- Suggested tickets that were not opened only because their alarm was deferred, and it is no longer.
SELECT t.ticket_id FROM tickets t JOIN alarms a USING (alarm_id)
WHERE t.state = 'suggested' AND a.active AND NOT a.deferred AND EXISTS (
    SELECT FROM ticket_events e WHERE e.ticket_id = t.ticket_id AND e.what = 'suggested' AND (e.detail ->> 'held')::boolean)
ORDER BY t.need_by, t.ticket_id
