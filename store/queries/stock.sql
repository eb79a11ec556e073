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

-- list_stock --
SELECT service_centre, part_no, on_hand, allocated, on_order FROM part_stock
WHERE %(service_centre)s::text IS NULL OR service_centre = %(service_centre)s
ORDER BY service_centre, part_no
