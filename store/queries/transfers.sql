-- add --
INSERT INTO part_transfers (part_no, quantity, from_centre, to_centre, state, reservation_id, takes, created_at,
    shipped_at, who)
VALUES (%(part_no)s, %(quantity)s, %(from_centre)s, %(to_centre)s,
    CASE WHEN %(shipped_at)s::timestamptz IS NULL THEN 'suggested' ELSE 'in_transit' END,
    %(reservation_id)s, %(takes)s, %(now)s, %(shipped_at)s, %(who)s)
RETURNING transfer_id

-- get --
SELECT transfer_id, part_no, quantity, from_centre, to_centre, state, takes, reservation_id, shipped_at
FROM part_transfers WHERE transfer_id = %(transfer_id)s

-- move --
-- By who holds the locks of both shelves.
UPDATE part_transfers SET state = %(state)s, reason = %(reason)s,
    shipped_at = CASE WHEN %(state)s = 'in_transit' THEN %(now)s ELSE shipped_at END,
    ended_at = CASE WHEN %(state)s = 'in_transit' THEN NULL ELSE %(now)s::timestamptz END
WHERE transfer_id = %(transfer_id)s

-- cancel_suggested --
-- A reservation is over that something was to be sent for; by who holds the lock of the shelf where it lies.
UPDATE part_transfers SET state = 'cancelled', ended_at = %(now)s, reason = %(reason)s
WHERE reservation_id = %(reservation_id)s AND state = 'suggested'

-- reservation --
-- What is still held of what a transfer is for.
SELECT reservation_id, ticket_id, service_centre, part_no, quantity, state, need_by, instead_of, substitutes
FROM part_reservations
WHERE reservation_id = %(reservation_id)s AND state IN ('reserved', 'backordered', 'picked', 'in_transit')

-- listing --
-- Transfers, newest first, each with the ticket that it is for.
SELECT t.transfer_id, t.part_no, p.description, t.quantity, t.from_centre, t.to_centre, t.state, r.ticket_id,
    d.name AS device, r.need_by, t.takes, t.created_at, t.shipped_at, t.ended_at, t.who, t.reason
FROM part_transfers t
JOIN parts p USING (part_no)
LEFT JOIN part_reservations r USING (reservation_id)
LEFT JOIN tickets k ON k.ticket_id = r.ticket_id
LEFT JOIN devices d USING (device_id)
WHERE (%(states)s::text[] IS NULL OR t.state = ANY (%(states)s))
    AND (%(transfer_id)s::bigint IS NULL OR t.transfer_id = %(transfer_id)s)
    AND (%(ticket_id)s::bigint IS NULL OR r.ticket_id = %(ticket_id)s)
    AND (%(after)s::bigint IS NULL OR t.transfer_id < %(after)s)
ORDER BY t.transfer_id DESC
LIMIT %(limit)s
