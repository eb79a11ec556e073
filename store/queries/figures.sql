-- closed --
-- Tickets closed in a period, with what came of each; one of the next two says what to tell of them.
-- Materialized, because a LIMIT would have it planned for a few rows, and read for each of many.
-- failed: the failure came while it was open. again: the same device and failure mode asked for another visit too soon.
WITH modes AS (
    SELECT * FROM unnest(%(device_models)s::text[], %(codes)s::text[], %(failure_modes)s::text[])
        AS m (device_model, code, failure_mode)
),
closed AS MATERIALIZED (
    SELECT ticket_id, device_id, failure_mode, opened_at, closed_at FROM tickets
    WHERE state = 'closed' AND closed_at >= %(since)s AND closed_at < %(until)s
      AND (num_nonnulls(%(customer)s::text, %(service_centre)s::text) = 0 OR device_id IN (
          SELECT device_id FROM devices
          WHERE (%(customer)s::text IS NULL OR customer = %(customer)s)
            AND (%(service_centre)s::text IS NULL OR service_centre = %(service_centre)s)))
),
failed AS (
    SELECT DISTINCT c.ticket_id
    FROM device_events e
    JOIN closed c ON c.device_id = e.device_id AND e.ts BETWEEN c.opened_at AND c.closed_at
    JOIN devices d ON d.device_id = e.device_id
    JOIN modes m ON m.device_model = d.device_model AND m.failure_mode = c.failure_mode AND m.code = e.code
    WHERE e.kind = 'failure' AND e.ts < %(until)s
),
begun AS (
    SELECT ticket_id FROM ticket_events
    WHERE what = 'started' AND (num_nonnulls(%(customer)s::text, %(service_centre)s::text) = 0
        OR ticket_id IN (SELECT ticket_id FROM closed))
    GROUP BY ticket_id HAVING count(*) > 1
),
again AS (
    SELECT c.ticket_id
    FROM closed c
    CROSS JOIN LATERAL (
        SELECT FROM tickets n
        WHERE n.device_id = c.device_id AND n.failure_mode = c.failure_mode AND n.ticket_id > c.ticket_id
          AND n.state <> 'cancelled' AND n.opened_at < c.closed_at + %(proof)s::interval
        LIMIT 1
    ) n
),
judged AS (
    SELECT t.ticket_id, d.device_model, t.failure_mode, w.was_right, failed.ticket_id IS NOT NULL AS failed,
        t.prediction_id IS NOT NULL AND t.closure_code <> 'other' AS predicted,
        t.closure_code = 'no_fault_found' AS no_fault_found, w.was_right AND failed.ticket_id IS NULL AS avoided,
        CASE WHEN w.was_right THEN t.need_by - t.opened_at END AS notice,
        CASE WHEN begun.ticket_id IS NOT NULL OR again.ticket_id IS NOT NULL THEN false
             WHEN t.closed_at + %(proof)s::interval <= %(now)s THEN true END AS fixed_at_once
    FROM tickets t
    JOIN devices d USING (device_id)
    CROSS JOIN LATERAL (SELECT t.closure_code IN ('confirmed', 'worn') AS was_right) w
    LEFT JOIN failed ON failed.ticket_id = t.ticket_id
    LEFT JOIN begun ON begun.ticket_id = t.ticket_id
    LEFT JOIN again ON again.ticket_id = t.ticket_id
    WHERE t.state = 'closed' AND t.closed_at >= %(since)s AND t.closed_at < %(until)s
      AND (%(customer)s::text IS NULL OR d.customer = %(customer)s)
      AND (%(service_centre)s::text IS NULL OR d.service_centre = %(service_centre)s)
)

-- by_mode --
-- Follows closed: a row for each failure mode, and one for all, which has none.
SELECT device_model, failure_mode, count(*), count(*) FILTER (WHERE avoided), count(*) FILTER (WHERE was_right AND failed),
    count(*) FILTER (WHERE predicted), count(*) FILTER (WHERE predicted AND was_right),
    count(*) FILTER (WHERE no_fault_found), count(*) FILTER (WHERE fixed_at_once IS NOT NULL),
    count(*) FILTER (WHERE fixed_at_once), percentile_cont(0.5) WITHIN GROUP (ORDER BY notice)
FROM judged
GROUP BY GROUPING SETS ((device_model, failure_mode), ())
ORDER BY device_model NULLS FIRST, failure_mode

-- behind_closed --
-- Follows closed: the tickets behind a figure, newest first. OFFSET keeps the LIMIT from having what it is taken of
-- planned for a few rows, and read for each of many.
SELECT ticket_id FROM (
    SELECT ticket_id FROM judged
    WHERE (%(failure_mode)s::text IS NULL OR failure_mode = %(failure_mode)s)
        AND (%(after)s::bigint IS NULL OR ticket_id < %(after)s)
        AND CASE %(figure)s::text
            WHEN 'avoided' THEN avoided
            WHEN 'foreseen' THEN was_right AND failed
            WHEN 'judged' THEN predicted
            WHEN 'right' THEN predicted AND was_right
            WHEN 'no_fault_found' THEN no_fault_found
            WHEN 'fixed_at_once' THEN fixed_at_once
            WHEN 'not_fixed' THEN NOT fixed_at_once
            ELSE true
        END
    OFFSET 0
) counted
ORDER BY ticket_id DESC LIMIT %(limit)s

-- inside --
-- Tickets of the customer and service centre that are asked for; sla or parts follow.
WITH inside AS (
    SELECT ticket_id FROM tickets t JOIN devices d USING (device_id)
    WHERE (%(customer)s::text IS NULL OR d.customer = %(customer)s)
      AND (%(service_centre)s::text IS NULL OR d.service_centre = %(service_centre)s)
),

-- sla --
-- Follows inside: promises that were kept or missed in a period; one of the next two says what to tell of them.
promised AS (
    SELECT c.ticket_id, c.kind, c.breached_at IS NULL AS kept
    FROM sla_clocks c
    WHERE coalesce(c.breached_at, c.stopped_at) >= %(since)s AND coalesce(c.breached_at, c.stopped_at) < %(until)s
      AND (num_nonnulls(%(customer)s::text, %(service_centre)s::text) = 0 OR c.ticket_id IN (SELECT ticket_id FROM inside))
)

-- sla_kept --
-- Follows sla.
SELECT count(*), count(*) FILTER (WHERE kept) FROM promised

-- behind_sla --
-- Follows sla.
SELECT DISTINCT ticket_id FROM promised
WHERE NOT kept AND (%(after)s::bigint IS NULL OR ticket_id < %(after)s)
ORDER BY ticket_id DESC LIMIT %(limit)s

-- parts --
-- Follows inside: parts that tickets asked for in a period; one of the next two says what to tell of them.
asked AS (
    SELECT r.ticket_id, r.reserved_at IS DISTINCT FROM r.created_at AS missing
    FROM part_reservations r
    WHERE r.created_at >= %(since)s AND r.created_at < %(until)s
      AND (num_nonnulls(%(customer)s::text, %(service_centre)s::text) = 0 OR r.ticket_id IN (SELECT ticket_id FROM inside))
)

-- stock_outs --
-- Follows parts.
SELECT count(*), count(*) FILTER (WHERE missing) FROM asked

-- behind_parts --
-- Follows parts.
SELECT DISTINCT ticket_id FROM asked
WHERE missing AND (%(after)s::bigint IS NULL OR ticket_id < %(after)s)
ORDER BY ticket_id DESC LIMIT %(limit)s

-- failures --
-- Failures that happened in a period, and those of them that no ticket was open for.
SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
    SELECT FROM tickets t
    WHERE t.device_id = e.device_id AND t.failure_mode = m.failure_mode AND t.opened_at <= e.ts
      AND (t.closed_at IS NULL OR t.closed_at >= e.ts) AND t.state NOT IN ('suggested', 'cancelled')))
FROM device_events e
JOIN devices d USING (device_id)
JOIN unnest(%(device_models)s::text[], %(codes)s::text[], %(failure_modes)s::text[]) AS m (device_model, code, failure_mode)
    ON m.device_model = d.device_model AND m.code = e.code
WHERE e.kind = 'failure' AND e.ts >= %(since)s AND e.ts < %(until)s
    AND (%(customer)s::text IS NULL OR d.customer = %(customer)s)
    AND (%(service_centre)s::text IS NULL OR d.service_centre = %(service_centre)s)
