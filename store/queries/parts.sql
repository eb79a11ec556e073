-- add_stock_rows --
-- A balance begins at zero; in key order, so that two writers never wait for each other.
INSERT INTO part_stock (service_centre, part_no)
SELECT service_centre, part_no FROM unnest(%(centres)s::text[], %(parts)s::text[]) AS k (service_centre, part_no)
ORDER BY service_centre, part_no
ON CONFLICT DO NOTHING

-- lock_stock --
-- In key order. Whoever changes a balance or a reservation of a centre and part holds this lock.
SELECT service_centre, part_no, on_hand, allocated, on_order
FROM part_stock
JOIN unnest(%(centres)s::text[], %(parts)s::text[]) AS k (service_centre, part_no) USING (service_centre, part_no)
ORDER BY service_centre, part_no
FOR NO KEY UPDATE OF part_stock

-- move_stock --
-- Balance and journal in one statement, so that they cannot part.
WITH balance AS (
    UPDATE part_stock
    SET on_hand = on_hand + %(on_hand)s, allocated = allocated + %(allocated)s, on_order = on_order + %(on_order)s
    WHERE service_centre = %(service_centre)s AND part_no = %(part_no)s
    RETURNING service_centre, part_no, on_hand, allocated, on_order
), line AS (
    INSERT INTO stock_journal (at, service_centre, part_no, movement, on_hand_change, allocated_change,
        on_order_change, reservation_id, who, reason, reference)
    SELECT %(at)s, service_centre, part_no, %(movement)s, %(on_hand)s, %(allocated)s, %(on_order)s,
        %(reservation_id)s, %(who)s, %(reason)s, %(reference)s
    FROM balance
)
SELECT service_centre, part_no, on_hand, allocated, on_order FROM balance

-- booked --
-- The quantity of an order or a receipt by its reference.
SELECT CASE movement WHEN 'order' THEN on_order_change ELSE on_hand_change END FROM stock_journal
WHERE service_centre = %(service_centre)s AND part_no = %(part_no)s AND movement = %(movement)s
  AND reference = %(reference)s

-- add_reservation --
-- At most one held reservation per ticket and part of its kit; no row when there is one.
INSERT INTO part_reservations (ticket_id, part_no, service_centre, quantity, state, need_by, created_at, reserved_at,
    instead_of)
VALUES (%(ticket_id)s, %(part_no)s, %(service_centre)s, %(quantity)s, %(state)s, %(need_by)s, %(now)s,
        CASE WHEN %(state)s = 'reserved' THEN %(now)s::timestamptz END, %(instead_of)s)
ON CONFLICT (ticket_id, coalesce(instead_of, part_no)) WHERE state IN ('reserved', 'backordered', 'picked', 'in_transit')
DO NOTHING
RETURNING reservation_id

-- fill_reservation --
UPDATE part_reservations SET state = 'reserved', reserved_at = %(now)s WHERE reservation_id = %(reservation_id)s

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
SELECT reservation_id, ticket_id, service_centre, part_no, quantity, state, need_by, instead_of
FROM part_reservations
WHERE ticket_id = %(ticket_id)s AND state IN ('reserved', 'backordered', 'picked', 'in_transit')
ORDER BY service_centre, part_no

-- next_waiting --
-- The back-order of a part at a centre that is needed first, among those that the free stock can fill.
SELECT reservation_id, ticket_id, service_centre, part_no, quantity, state, need_by, instead_of
FROM part_reservations
WHERE service_centre = %(service_centre)s AND part_no = %(part_no)s AND state = 'backordered'
  AND quantity <= %(free)s
ORDER BY need_by, reservation_id
LIMIT 1

-- list_stock --
SELECT service_centre, part_no, on_hand, allocated, on_order FROM part_stock
WHERE %(service_centre)s::text IS NULL OR service_centre = %(service_centre)s
ORDER BY service_centre, part_no

-- network --
-- What every centre has of these parts, and how long it takes from there to one of them; nothing is locked.
SELECT s.service_centre, s.part_no, s.on_hand, s.allocated, s.on_order, coalesce(there.takes, back.takes, %(usual)s)
FROM part_stock s
LEFT JOIN transfer_times there ON (there.from_centre, there.to_centre) = (s.service_centre, %(service_centre)s)
LEFT JOIN transfer_times back ON (back.to_centre, back.from_centre) = (s.service_centre, %(service_centre)s)
WHERE s.part_no = ANY (%(parts)s)
ORDER BY s.service_centre, s.part_no

-- lead_times --
-- How long a purchase of each of these parts takes.
SELECT part_no, lead_time FROM parts WHERE part_no = ANY (%(parts)s)

-- set_transfer_time --
INSERT INTO transfer_times (from_centre, to_centre, takes) VALUES (%(from_centre)s, %(to_centre)s, %(takes)s)
ON CONFLICT (from_centre, to_centre) DO UPDATE SET takes = excluded.takes

-- transfer_times --
SELECT from_centre, to_centre, takes FROM transfer_times ORDER BY from_centre, to_centre
