-- expect --
-- Once for each ticket and component.
INSERT INTO part_returns (ticket_id, component, part_no, service_centre, state, expected_at)
VALUES (%(ticket_id)s, %(component)s, %(part_no)s, %(service_centre)s, 'expected', %(now)s)
ON CONFLICT DO NOTHING

-- lock --
SELECT return_id, ticket_id, component, part_no, service_centre, state, findings
FROM part_returns WHERE return_id = %(return_id)s
FOR NO KEY UPDATE

-- receive --
UPDATE part_returns SET state = 'received', received_at = %(now)s WHERE return_id = %(return_id)s

-- inspect --
UPDATE part_returns SET state = 'inspected', findings = %(findings)s, note = %(note)s, restocked = %(restocked)s,
    inspected_at = %(now)s, inspected_by = %(who)s
WHERE return_id = %(return_id)s

-- listing --
-- Returns, newest first, each with the ticket that it comes from.
SELECT r.return_id, r.ticket_id, d.name AS device, d.device_model, t.failure_mode, t.closure_code, r.component, r.part_no,
    r.service_centre, r.state, r.findings, r.note, r.restocked, r.expected_at, r.received_at, r.inspected_at, r.inspected_by
FROM part_returns r
JOIN tickets t USING (ticket_id)
JOIN devices d USING (device_id)
WHERE (%(states)s::text[] IS NULL OR r.state = ANY (%(states)s))
    AND (%(return_id)s::bigint IS NULL OR r.return_id = %(return_id)s)
    AND (%(ticket_id)s::bigint IS NULL OR r.ticket_id = %(ticket_id)s)
    AND (%(after)s::bigint IS NULL OR r.return_id < %(after)s)
ORDER BY r.return_id DESC
LIMIT %(limit)s

-- findings --
-- How tickets of each failure mode were closed, and what was found of the components that came back.
WITH counted AS (
    SELECT device_model, failure_mode, count(*) AS closed,
        count(*) FILTER (WHERE closure_code = 'no_fault_found') AS closed_no_fault_found
    FROM tickets WHERE state = 'closed' GROUP BY device_model, failure_mode
),
found AS (
    SELECT t.device_model, t.failure_mode, count(*) AS returned, count(*) FILTER (WHERE r.findings = 'worn') AS worn,
        count(*) FILTER (WHERE r.findings = 'defective') AS defective,
        count(*) FILTER (WHERE r.findings = 'no_fault_found') AS no_fault_found,
        count(*) FILTER (WHERE r.findings = 'damaged') AS damaged
    FROM part_returns r JOIN tickets t USING (ticket_id)
    WHERE t.state = 'closed' GROUP BY t.device_model, t.failure_mode
)
SELECT device_model, failure_mode, closed, closed_no_fault_found, coalesce(returned, 0) AS returned, coalesce(worn, 0) AS worn,
    coalesce(defective, 0) AS defective, coalesce(no_fault_found, 0) AS no_fault_found, coalesce(damaged, 0) AS damaged
FROM counted LEFT JOIN found USING (device_model, failure_mode)
ORDER BY device_model, failure_mode
