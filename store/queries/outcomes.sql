-- failures --
-- Failures since an instant, each with the ticket that was open and the kit that was reserved when it happened.
SELECT f.name, f.device_model, f.failure_mode, f.ts, t.ticket_id, t.opened_at, k.reserved_at
FROM (
    SELECT e.device_id, d.name, d.device_model, e.ts, m.failure_mode,
           lag(e.ts) OVER (PARTITION BY e.device_id, m.failure_mode ORDER BY e.ts) AS previous
    FROM device_events e
    JOIN devices d USING (device_id)
    JOIN unnest(%(device_models)s::text[], %(codes)s::text[], %(failure_modes)s::text[])
        AS m (device_model, code, failure_mode)
        ON m.device_model = d.device_model AND m.code = e.code
    WHERE e.kind = 'failure'
) f
LEFT JOIN LATERAL (
    SELECT t.ticket_id, min(a.at) AS opened_at
    FROM tickets t
    JOIN ticket_events a ON a.ticket_id = t.ticket_id AND a.what IN ('opened', 'accepted')
    WHERE t.device_id = f.device_id AND t.failure_mode = f.failure_mode AND a.at <= f.ts
      AND (f.previous IS NULL OR a.at > f.previous)
      AND (t.closed_at IS NULL OR t.closed_at > f.ts)
    GROUP BY t.ticket_id
    ORDER BY min(a.at)
    LIMIT 1
) t ON true
LEFT JOIN LATERAL (
    SELECT max(r.reserved_at) AS reserved_at
    FROM part_reservations r
    WHERE r.ticket_id = t.ticket_id
    HAVING count(*) > 0 AND bool_and(
        r.reserved_at IS NOT NULL AND r.reserved_at <= f.ts AND (r.state <> 'released' OR r.ended_at > f.ts))
) k ON true
WHERE f.ts >= %(since)s
ORDER BY f.ts, f.name

-- tickets --
-- Tickets that were open at some time since an instant, each with the next failure of its device and mode.
SELECT t.ticket_id, d.name, d.device_model, t.failure_mode, min(a.at) AS opened_at, t.state,
       (SELECT min(e.ts) FROM device_events e
        WHERE e.device_id = t.device_id AND e.kind = 'failure' AND e.ts >= min(a.at)
          AND e.code IN (SELECT m.code
                         FROM unnest(%(device_models)s::text[], %(codes)s::text[], %(failure_modes)s::text[])
                             AS m (device_model, code, failure_mode)
                         WHERE m.device_model = d.device_model AND m.failure_mode = t.failure_mode)) AS failed_at,
       d.last_seen_at
FROM tickets t
JOIN devices d USING (device_id)
JOIN ticket_events a ON a.ticket_id = t.ticket_id AND a.what IN ('opened', 'accepted')
WHERE t.opened_at >= %(since)s
GROUP BY t.ticket_id, d.name, d.device_model, d.last_seen_at
ORDER BY t.ticket_id
