-- add_reservation --
-- At most one held reservation per ticket and part of its kit; no row when there is one.
INSERT INTO part_reservations (ticket_id, part_no, service_centre, quantity, state, need_by, created_at, reserved_at,
    instead_of, substitutes)
VALUES (%(ticket_id)s, %(part_no)s, %(service_centre)s, %(quantity)s, %(state)s, %(need_by)s, %(now)s,
        CASE WHEN %(state)s = 'reserved' THEN %(now)s::timestamptz END, %(instead_of)s, %(substitutes)s)
ON CONFLICT (ticket_id, coalesce(instead_of, part_no)) WHERE state IN ('reserved', 'backordered', 'picked', 'in_transit')
DO NOTHING
RETURNING reservation_id

-- fill_reservation --
-- Also with another part than was waited for.
UPDATE part_reservations SET state = 'reserved', reserved_at = %(now)s, part_no = %(part_no)s,
    instead_of = nullif(coalesce(instead_of, part_no), %(part_no)s)
WHERE reservation_id = %(reservation_id)s

-- place_reservation --
-- It lies, is waited for or travels at another centre from now on.
UPDATE part_reservations SET service_centre = %(service_centre)s, state = %(state)s WHERE reservation_id = %(reservation_id)s

-- end_reservation --
UPDATE part_reservations SET state = %(state)s, ended_at = %(now)s WHERE reservation_id = %(reservation_id)s

-- hasten_reservations --
UPDATE part_reservations SET need_by = %(need_by)s
WHERE ticket_id = %(ticket_id)s AND state IN ('reserved', 'backordered', 'picked', 'in_transit')

-- held --
-- What a ticket holds or waits for.
SELECT reservation_id, ticket_id, service_centre, part_no, quantity, state, need_by, instead_of, substitutes
FROM part_reservations
WHERE ticket_id = %(ticket_id)s AND state IN ('reserved', 'backordered', 'picked', 'in_transit')
ORDER BY service_centre, part_no

-- lock_held --
-- The same, with the lock of each, in the order in which back-orders of one ticket are filled.
SELECT reservation_id, ticket_id, service_centre, part_no, quantity, state, need_by, instead_of, substitutes
FROM part_reservations
WHERE ticket_id = %(ticket_id)s AND state IN ('reserved', 'backordered', 'picked', 'in_transit')
ORDER BY reservation_id
FOR NO KEY UPDATE

-- next_waiting --
-- The back-order at a centre that is needed first, among those that the free stock of a part can fill, itself or as a substitute.
SELECT reservation_id, ticket_id, service_centre, part_no, quantity, state, need_by, instead_of, substitutes
FROM part_reservations
WHERE service_centre = %(service_centre)s AND state = 'backordered' AND quantity <= %(free)s
  AND (part_no = %(part_no)s OR %(part_no)s = ANY (substitutes))
ORDER BY need_by, reservation_id
LIMIT 1
FOR NO KEY UPDATE
