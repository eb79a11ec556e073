-- outlook --
-- The newest prediction of each device and failure mode that no ticket holds or awaits parts for, unless its component
-- was exchanged since.
SELECT d.device_model, m.failure_mode, d.service_centre, d.name, p.as_of, p.horizon, p.risk, p.rul, p.rul_low,
    p.rul_high, coalesce(p.failed_by, '{}') AS failed_by
FROM devices d
JOIN unnest(%(device_models)s::text[], %(failure_modes)s::text[], %(components)s::text[])
    AS m (device_model, failure_mode, component) USING (device_model)
CROSS JOIN LATERAL (
    SELECT * FROM predictions
    WHERE device_id = d.device_id AND failure_mode = m.failure_mode
    ORDER BY as_of DESC, prediction_id DESC
    LIMIT 1
) p
WHERE NOT EXISTS (
        SELECT FROM components c
        WHERE c.device_id = d.device_id AND c.component = m.component AND c.removed_at IS NULL AND c.installed_at > p.as_of
    )
    AND NOT EXISTS (
        SELECT FROM tickets t JOIN part_reservations r USING (ticket_id)
        WHERE t.device_id = d.device_id AND t.failure_mode = m.failure_mode
          AND r.state IN ('reserved', 'backordered', 'picked', 'in_transit')
    )

-- positions --
-- What each centre has, ordered and awaits of each part, beside what tickets wait for.
SELECT service_centre, part_no, sum(free)::bigint, sum(on_order)::bigint, sum(under_way)::bigint, sum(waited_for)::bigint
FROM (
    SELECT service_centre, part_no, on_hand - allocated AS free, on_order, 0 AS under_way, 0 AS waited_for
    FROM part_stock
    UNION ALL
    SELECT t.to_centre, t.part_no, 0, 0, t.quantity, 0
    FROM part_transfers t LEFT JOIN part_reservations r USING (reservation_id)
    WHERE t.state = 'in_transit' AND r.state IS DISTINCT FROM 'in_transit'
    UNION ALL
    SELECT service_centre, part_no, 0, 0, 0, quantity FROM part_reservations WHERE state = 'backordered'
) counted
GROUP BY service_centre, part_no

-- parts --
SELECT part_no, description, unit_cost_minor, currency, lead_time FROM parts
