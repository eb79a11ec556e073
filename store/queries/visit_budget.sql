-- hold --
-- One process at a time decides who waits; until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('aftercare.visit_budget', 0))

-- set_visits --
UPDATE service_centres SET visits_per_week = %(visits)s WHERE service_centre = %(service_centre)s RETURNING service_centre

-- capacities --
-- What service centres can do in a week: hours of their technicians, or visits.
SELECT service_centre, technicians, hours, visits FROM weekly_capacity
WHERE %(service_centre)s::text IS NULL OR service_centre = %(service_centre)s
ORDER BY service_centre

-- asking --
-- Tickets that a visit is planned for, and those that a standing prediction asks a visit for; of centres that have a
-- capacity, or where something was deferred while they had one. Weeks begin on Monday, by the clock of the centre.
-- takes: hours where technicians are known, else visits. Planned maintenance takes its hours too, as ticket 0.
SELECT t.ticket_id, d.service_centre,
    (date_trunc('week', greatest(coalesce(t.planned_for, t.need_by), %(now)s) AT TIME ZONE c.time_zone)::date
        - date '1970-01-05') / 7 AS week,
    coalesce(a.saving, 0) AS saving,
    CASE WHEN w.hours IS NULL THEN 1 ELSE extract(epoch FROM coalesce(t.visit_share, t.visit_length))::float8 / 3600 END
        AS takes,
    t.state IN ('planned', 'in_progress') AS committed, a.alarm_id, coalesce(a.deferred, false) AS deferred
FROM tickets t
JOIN devices d USING (device_id)
JOIN service_centres c USING (service_centre)
LEFT JOIN weekly_capacity w USING (service_centre)
LEFT JOIN alarms a ON a.device_id = t.device_id AND a.failure_mode = t.failure_mode AND a.active
    AND a.source = 'prediction' AND a.alarm_type LIKE 'predicted:%%'
WHERE (%(service_centre)s::text IS NULL OR service_centre = %(service_centre)s)
    AND (t.state IN ('planned', 'in_progress') OR t.state IN ('suggested', 'open') AND a.alarm_id IS NOT NULL)
    AND (a.deferred OR w.service_centre IS NOT NULL)
UNION ALL
SELECT 0, service_centre,
    (date_trunc('week', greatest(lower(v.during), %(now)s) AT TIME ZONE c.time_zone)::date - date '1970-01-05') / 7,
    0, extract(epoch FROM v.maintenance_length)::float8 / 3600, true, NULL, false
FROM visits v
JOIN devices d USING (device_id)
JOIN service_centres c USING (service_centre)
JOIN weekly_capacity w USING (service_centre)
WHERE (%(service_centre)s::text IS NULL OR service_centre = %(service_centre)s)
    AND v.kind = 'maintenance' AND v.state = 'booked' AND upper(v.during) > %(now)s AND w.hours IS NOT NULL
ORDER BY ticket_id

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
