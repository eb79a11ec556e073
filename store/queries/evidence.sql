-- evidence --
-- Of the latest closures of tickets that predictions had opened, the right and the wrong ones, with what the champion's
-- held-out devices said and how the gate was found last. Wrong is also where the component that was taken out came back
-- and had no fault.
SELECT count(*) FILTER (WHERE NOT j.wrong) AS right,
       count(*) FILTER (WHERE j.wrong) AS wrong,
       (SELECT (metrics ->> 'alarm_precision')::float8 FROM model_versions
        WHERE device_model = %(device_model)s AND failure_mode = %(failure_mode)s AND status = 'champion'
        ORDER BY model_version_id DESC LIMIT 1) AS held_out,
       (SELECT auto_open FROM gate_findings
        WHERE device_model = %(device_model)s AND failure_mode = %(failure_mode)s
        ORDER BY gate_finding_id DESC LIMIT 1) AS was_open
FROM (
    SELECT t.closure_code = 'no_fault_found' OR coalesce(r.findings = 'no_fault_found', false) AS wrong
    FROM tickets t JOIN devices d USING (device_id)
    LEFT JOIN part_returns r ON r.ticket_id = t.ticket_id AND r.component = %(component)s
    WHERE d.device_model = %(device_model)s AND t.failure_mode = %(failure_mode)s AND t.prediction_id IS NOT NULL
      AND t.state = 'closed' AND t.closure_code IN ('confirmed', 'worn', 'no_fault_found')
    ORDER BY t.closed_at DESC, t.ticket_id DESC
    LIMIT %(latest)s
) j

-- add_gate_finding --
INSERT INTO gate_findings (device_model, failure_mode, found_at, ticket_id, auto_open, turned, precision, precision_low,
    precision_high, right_closures, wrong_closures, held_out, required, reason)
VALUES (%(device_model)s, %(failure_mode)s, %(at)s, %(ticket_id)s, %(auto_open)s, %(turned)s, %(precision)s, %(low)s,
        %(high)s, %(right)s, %(wrong)s, %(held_out)s, %(required)s, %(reason)s)

-- gates --
-- The newest finding of each failure mode.
SELECT DISTINCT ON (device_model, failure_mode) gate_finding_id, device_model, failure_mode, found_at, ticket_id,
    auto_open, turned, precision, precision_low, precision_high, right_closures, wrong_closures, held_out, required, reason
FROM gate_findings
ORDER BY device_model, failure_mode, gate_finding_id DESC

-- gate_history --
-- Every finding of a failure mode, newest first.
SELECT gate_finding_id, device_model, failure_mode, found_at, ticket_id, auto_open, turned, precision, precision_low,
    precision_high, right_closures, wrong_closures, held_out, required, reason
FROM gate_findings
WHERE device_model = %(device_model)s AND failure_mode = %(failure_mode)s
ORDER BY gate_finding_id DESC
LIMIT %(limit)s

-- failures_per_reading --
-- What the model of a prediction learnt from: failures over readings.
SELECT coalesce((v.metrics ->> 'failures')::float8, 0) / v.row_count
FROM predictions p JOIN model_versions v USING (model_version_id)
WHERE p.prediction_id = %(prediction_id)s AND v.row_count > 0

-- cost_rate --
-- What a device costs per hour in the long run, in planned visits, as the model of a prediction has learnt it.
SELECT (v.metrics ->> 'cost_rate')::float8
FROM predictions p JOIN model_versions v USING (model_version_id)
WHERE p.prediction_id = %(prediction_id)s
