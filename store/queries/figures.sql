-- closed --
-- Tickets closed in a period, with what came of each; one of the next two says what to tell of them.
-- cleared: the workshop found no fault in the component of the failure mode, whatever the technician saw.
-- failed: the failure came while it was open. again: it took more than one visit, or the same device and failure mode
-- asked for another too soon. Both are few, so that they are looked up rather than joined; OFFSET has that done once.
WITH modes AS (
    SELECT * FROM unnest(%(device_models)s::text[], %(codes)s::text[], %(failure_modes)s::text[])
        AS m (device_model, code, failure_mode)
),
inside AS MATERIALIZED (
    SELECT device_id FROM devices
    WHERE (%(customer)s::text IS NULL OR customer = %(customer)s)
      AND (%(service_centre)s::text IS NULL OR service_centre = %(service_centre)s)
),
closed AS NOT MATERIALIZED (
    SELECT ticket_id, device_id, device_model, failure_mode, opened_at, closed_at, need_by, closure_code, prediction_id,
        visits_begun
    FROM tickets
    WHERE state = 'closed' AND closed_at >= %(since)s AND closed_at < %(until)s
      AND (num_nonnulls(%(customer)s::text, %(service_centre)s::text) = 0 OR device_id IN (SELECT device_id FROM inside))
),
failed AS (
    SELECT c.ticket_id
    FROM device_events e
    JOIN closed c ON c.device_id = e.device_id AND e.ts BETWEEN c.opened_at AND c.closed_at
    JOIN modes m ON m.device_model = c.device_model AND m.failure_mode = c.failure_mode AND m.code = e.code
    WHERE e.kind = 'failure' AND e.ts < %(until)s
),
followed AS (
    SELECT c.ticket_id
    FROM tickets n
    JOIN closed c ON c.device_id = n.device_id AND c.failure_mode = n.failure_mode AND c.ticket_id < n.ticket_id
    WHERE n.repeated AND n.state <> 'cancelled' AND n.opened_at < c.closed_at + %(proof)s::interval
),
cleared AS (
    SELECT ticket_id FROM part_returns WHERE findings = 'no_fault_found' AND part_no IS NOT NULL
),
judged AS (
    SELECT ticket_id, device_model, failure_mode, was_right, failed,
        prediction_id IS NOT NULL AND closure_code <> 'other' AS predicted,
        closure_code <> 'other' AND NOT was_right AS no_fault_found, was_right AND NOT failed AS avoided,
        CASE WHEN was_right THEN date_part('epoch', need_by - opened_at) END AS notice,
        CASE WHEN again THEN false WHEN closed_at + %(proof)s::interval <= %(now)s THEN true END AS fixed_at_once
    FROM (
        SELECT *, closure_code IN ('confirmed', 'worn') AND ticket_id NOT IN (SELECT ticket_id FROM cleared) AS was_right,
            ticket_id IN (SELECT ticket_id FROM failed) AS failed,
            visits_begun > 1 OR ticket_id IN (SELECT ticket_id FROM followed) AS again
        FROM closed OFFSET 0
    ) c
)

-- by_mode --
-- Follows closed: a row for each failure mode, and one for all, which has none.
SELECT device_model, failure_mode, count(*), count(*) FILTER (WHERE avoided), count(*) FILTER (WHERE was_right AND failed),
    count(*) FILTER (WHERE predicted), count(*) FILTER (WHERE predicted AND was_right),
    count(*) FILTER (WHERE no_fault_found), count(*) FILTER (WHERE fixed_at_once IS NOT NULL),
    count(*) FILTER (WHERE fixed_at_once),
    make_interval(secs => percentile_cont(0.5) WITHIN GROUP (ORDER BY notice))
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
-- Failures that happened in a period after what the failure mode's first model version learnt from, before which nothing
-- could foresee them, and those of them that no ticket was open for.
SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
    SELECT FROM tickets t
    WHERE t.device_id = e.device_id AND t.failure_mode = m.failure_mode AND t.opened_at <= e.ts
      AND (t.closed_at IS NULL OR t.closed_at >= e.ts) AND t.state NOT IN ('suggested', 'cancelled')))
FROM device_events e
JOIN devices d USING (device_id)
JOIN unnest(%(device_models)s::text[], %(codes)s::text[], %(failure_modes)s::text[]) AS m (device_model, code, failure_mode)
    ON m.device_model = d.device_model AND m.code = e.code
JOIN (SELECT device_model, failure_mode, min(data_to) AS since FROM model_versions GROUP BY device_model, failure_mode) v
    ON v.device_model = m.device_model AND v.failure_mode = m.failure_mode AND e.ts >= v.since
WHERE e.kind = 'failure' AND e.ts >= %(since)s AND e.ts < %(until)s
    AND (%(customer)s::text IS NULL OR d.customer = %(customer)s)
    AND (%(service_centre)s::text IS NULL OR d.service_centre = %(service_centre)s)
