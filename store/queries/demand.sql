-- outlook --
-- The newest prediction of each device of a model, of one failure mode, that no ticket holds or awaits parts for, unless
-- its component was exchanged since. In hours.
SELECT d.service_centre, greatest(extract(epoch FROM %(now)s - p.as_of)::float8 / 3600, 0),
    extract(epoch FROM p.horizon)::float8 / 3600, p.risk, extract(epoch FROM p.rul_low)::float8 / 3600,
    extract(epoch FROM p.rul)::float8 / 3600, extract(epoch FROM p.rul_high)::float8 / 3600,
    coalesce(p.failed_by, '{}')
FROM devices d
CROSS JOIN LATERAL (
    SELECT * FROM predictions
    WHERE device_id = d.device_id AND failure_mode = %(failure_mode)s
    ORDER BY as_of DESC, prediction_id DESC
    LIMIT 1
) p
WHERE d.device_model = %(device_model)s
    AND NOT EXISTS (
        SELECT FROM components c
        WHERE c.device_id = d.device_id AND c.component = %(component)s AND c.removed_at IS NULL
          AND c.installed_at > p.as_of
    )
    AND NOT EXISTS (
        SELECT FROM tickets t JOIN part_reservations r USING (ticket_id)
        WHERE t.device_id = d.device_id AND t.failure_mode = %(failure_mode)s
          AND r.state IN ('reserved', 'backordered', 'picked', 'in_transit')
    )

-- hold --
-- One process at a time works the forecasts out.
SELECT pg_advisory_xact_lock(hashtextextended('aftercare.demand', 0))

-- try_to_hold --
SELECT pg_try_advisory_xact_lock(hashtextextended('aftercare.demand', 0))

-- standing --
SELECT as_of, predictions, rests_on, ticket_event_id FROM demand_outlook

-- newest_ticket_event --
SELECT coalesce(max(ticket_event_id), 0) FROM ticket_events

-- clear --
DELETE FROM demand_forecasts

-- keep --
INSERT INTO demand_forecasts (service_centre, part_no, lead_time, expected, first, enough)
VALUES (%(service_centre)s, %(part_no)s, %(lead_time)s, %(expected)s, %(first)s, %(enough)s)

-- note --
INSERT INTO demand_outlook (as_of, predictions, rests_on, ticket_event_id)
VALUES (%(as_of)s, %(predictions)s, %(rests_on)s, %(ticket_event_id)s)
ON CONFLICT (one) DO UPDATE SET as_of = EXCLUDED.as_of, predictions = EXCLUDED.predictions, rests_on = EXCLUDED.rests_on,
    ticket_event_id = EXCLUDED.ticket_event_id

-- forecasts --
-- Parts at every centre that has or awaits any, or is expected to need it: those that are needed somewhere, or everything.
-- needed: the fewest pieces that are enough with the wanted probability; of the array's values as many are smaller as are
-- not above the number right below it.
WITH chosen AS (
    SELECT part_no FROM demand_forecasts
    UNION SELECT part_no FROM part_reservations WHERE state = 'backordered'
    UNION SELECT part_no FROM parts WHERE %(everything)s
), counted AS (
    SELECT service_centre, part_no, on_hand - allocated AS free, on_order, 0 AS under_way, 0 AS waited_for
    FROM part_stock WHERE part_no IN (SELECT part_no FROM chosen)
    UNION ALL
    SELECT t.to_centre, t.part_no, 0, 0, t.quantity, 0
    FROM part_transfers t LEFT JOIN part_reservations r USING (reservation_id)
    WHERE t.state = 'in_transit' AND r.state IS DISTINCT FROM 'in_transit' AND t.part_no IN (SELECT part_no FROM chosen)
    UNION ALL
    SELECT service_centre, part_no, 0, 0, 0, quantity FROM part_reservations WHERE state = 'backordered'
), positions AS (
    SELECT service_centre, part_no, sum(free)::bigint AS free, sum(on_order)::bigint AS on_order,
        sum(under_way)::bigint AS under_way, sum(waited_for)::bigint AS waited_for
    FROM counted GROUP BY service_centre, part_no
)
SELECT service_centre, part_no, p.description, p.unit_cost_minor, p.currency, coalesce(f.lead_time, p.lead_time),
    coalesce(s.free, 0), coalesce(s.on_order, 0), coalesce(s.under_way, 0), coalesce(s.waited_for, 0),
    coalesce(f.expected, 0), coalesce(f.first + width_bucket(%(right_below)s, f.enough), 0)
FROM positions s
FULL JOIN demand_forecasts f USING (service_centre, part_no)
JOIN parts p USING (part_no)
ORDER BY service_centre, part_no

-- lead_times --
SELECT part_no, lead_time FROM parts
