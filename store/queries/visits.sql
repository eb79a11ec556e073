-- lock_technicians --
SELECT FROM technicians WHERE technician_id = ANY (%(technician_ids)s) ORDER BY technician_id FOR NO KEY UPDATE

-- busy --
-- Booked stretches of technicians that touch a time.
SELECT technician_id, lower(during), upper(during) FROM visits
WHERE state = 'booked' AND technician_id = ANY (%(technician_ids)s) AND during && tstzrange(%(since)s, %(until)s)
  AND (%(without)s::bigint IS NULL OR visit_id <> %(without)s)
ORDER BY technician_id, lower(during)

-- add --
INSERT INTO visits (device_id, kind, state, technician_id, during, maintenance_length, reference, booked_by, booked_at)
VALUES (%(device_id)s, %(kind)s, 'booked', %(technician_id)s, tstzrange(%(starts_at)s, %(ends_at)s),
        %(maintenance_length)s, %(reference)s, %(who)s, %(now)s)
RETURNING visit_id

-- lengthen --
-- No row when the visit is not booked any more.
UPDATE visits SET technician_id = %(technician_id)s, during = tstzrange(lower(during), %(ends_at)s)
WHERE visit_id = %(visit_id)s AND state = 'booked'
RETURNING visit_id

-- attach --
UPDATE tickets SET visit_id = %(visit_id)s, visit_share = %(length)s WHERE ticket_id = %(ticket_id)s

-- of_ticket --
SELECT visit_id FROM tickets WHERE ticket_id = %(ticket_id)s

-- detach --
-- The visit that the ticket had.
UPDATE tickets SET visit_id = NULL, visit_share = NULL FROM tickets before
WHERE tickets.ticket_id = %(ticket_id)s AND before.ticket_id = tickets.ticket_id AND before.visit_id IS NOT NULL
RETURNING before.visit_id

-- shorten --
-- As long as what is left of it takes; cancelled when nothing is.
UPDATE visits v
SET state = CASE WHEN left_over.length > interval '0' THEN 'booked' ELSE 'cancelled' END,
    during = CASE WHEN left_over.length > interval '0'
        THEN tstzrange(lower(v.during), lower(v.during) + left_over.length) ELSE v.during END
FROM (
    SELECT m.visit_id, coalesce(m.maintenance_length, interval '0') + coalesce(sum(t.visit_share), interval '0') AS length
    FROM visits m LEFT JOIN tickets t USING (visit_id)
    WHERE m.visit_id = %(visit_id)s
    GROUP BY m.visit_id
) left_over
WHERE v.visit_id = left_over.visit_id AND v.state = 'booked'

-- finish --
UPDATE visits v SET state = 'done'
FROM tickets mine
WHERE mine.ticket_id = %(ticket_id)s AND v.visit_id = mine.visit_id AND v.state = 'booked' AND NOT EXISTS (
    SELECT FROM tickets t WHERE t.visit_id = v.visit_id AND t.ticket_id <> mine.ticket_id
      AND t.state IN ('planned', 'in_progress')
)

-- list_visits --
-- Visits that touch a time, by their start, each with the tickets that are worked off in it.
SELECT v.visit_id, d.name AS device, v.kind, v.state, coalesce(w.technician, '') AS technician,
       lower(v.during) AS starts_at, upper(v.during) AS ends_at, coalesce(v.reference, '') AS reference,
       ARRAY(SELECT ticket_id FROM tickets WHERE visit_id = v.visit_id ORDER BY ticket_id) AS tickets
FROM visits v
JOIN devices d USING (device_id)
LEFT JOIN technicians w USING (technician_id)
WHERE (%(visit_id)s::bigint IS NULL OR v.visit_id = %(visit_id)s)
  AND (%(device_id)s::bigint IS NULL OR v.device_id = %(device_id)s)
  AND (%(service_centre)s::text IS NULL OR coalesce(w.service_centre, d.service_centre) = %(service_centre)s)
  AND (%(technician)s::text IS NULL OR w.technician = %(technician)s)
  AND (%(states)s::text[] IS NULL OR v.state = ANY (%(states)s))
  AND v.during && tstzrange(%(since)s, %(until)s)
ORDER BY lower(v.during), v.visit_id
LIMIT %(limit)s

-- hold_maintenance --
-- Of two failure modes of a device that are predicted at once, one plans its maintenance, and the other finds it.
SELECT pg_advisory_xact_lock(hashtextextended('aftercare.maintenance', %(device_id)s))

-- last_maintenance --
SELECT coalesce(
    (SELECT max(lower(during)) FROM visits
     WHERE device_id = %(device_id)s AND kind = 'maintenance' AND state = 'done'),
    (SELECT installed_at FROM devices WHERE device_id = %(device_id)s))

-- device --
SELECT device_id FROM devices WHERE name = %(device)s

-- place_maintenance --
-- No row when the visit of that reference is settled, of another device, or a ticket has joined it.
INSERT INTO visits AS known (device_id, kind, state, during, maintenance_length, reference, booked_by, booked_at)
SELECT device_id, 'maintenance', 'booked', tstzrange(%(starts_at)s, %(ends_at)s),
       %(ends_at)s::timestamptz - %(starts_at)s::timestamptz, %(reference)s, %(who)s, %(now)s
FROM devices WHERE name = %(device)s
ON CONFLICT (reference) WHERE reference IS NOT NULL DO UPDATE
SET during = EXCLUDED.during, maintenance_length = EXCLUDED.maintenance_length, booked_by = EXCLUDED.booked_by,
    booked_at = EXCLUDED.booked_at
WHERE known.state = 'booked' AND known.device_id = EXCLUDED.device_id
  AND NOT EXISTS (SELECT FROM tickets t WHERE t.visit_id = known.visit_id)
RETURNING visit_id

-- planned_by_hand --
-- Tickets whose date was fixed without a technician, by that date.
SELECT t.ticket_id, d.name AS device, t.failure_mode, t.planned_for
FROM tickets t JOIN devices d USING (device_id)
WHERE t.state = 'planned' AND t.visit_id IS NULL AND d.service_centre = %(service_centre)s
  AND t.planned_for >= %(since)s AND t.planned_for < %(until)s
ORDER BY t.planned_for, t.ticket_id LIMIT %(limit)s
