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

-- lock_transfer_times --
LOCK TABLE transfer_times IN SHARE ROW EXCLUSIVE MODE

-- transfer_times --
SELECT from_centre, to_centre, takes FROM transfer_times ORDER BY from_centre, to_centre
