-- record --
-- One finding of one measurement.
INSERT INTO drift_findings (model_version_id, measured_at, kind, subject, measure, boundary, sample, drifted, message)
VALUES (%(model_version_id)s, %(at)s, %(kind)s, %(subject)s, %(measure)s, %(boundary)s, %(sample)s, %(drifted)s,
    %(message)s)
ON CONFLICT (model_version_id, measured_at, kind, subject) DO NOTHING

-- latest --
-- The findings of a version's latest measurement, what is nearest to its boundary or furthest beyond it first.
SELECT measured_at, kind, subject, measure, boundary, sample, drifted, message
FROM drift_findings
WHERE model_version_id = %(model_version_id)s
  AND measured_at = (SELECT max(measured_at) FROM drift_findings WHERE model_version_id = %(model_version_id)s)
ORDER BY drifted DESC, kind DESC, measure / greatest(boundary, 1e-9) DESC, subject

-- closures --
-- How the latest tickets of a version's predictions were closed: right and wrong ones, wrong also where the component that
-- was taken out came back and had no fault. One closed as `other` says nothing about the model.
SELECT count(*) FILTER (WHERE NOT wrong), count(*) FILTER (WHERE wrong)
FROM (
    SELECT t.closure_code = 'no_fault_found' OR r.ticket_id IS NOT NULL AS wrong
    FROM tickets t
    JOIN predictions p USING (prediction_id)
    LEFT JOIN part_returns r ON r.ticket_id = t.ticket_id AND r.findings = 'no_fault_found' AND r.part_no IS NOT NULL
    WHERE p.model_version_id = %(model_version_id)s AND t.closure_code IN ('confirmed', 'worn', 'no_fault_found')
    ORDER BY t.closed_at DESC, t.ticket_id DESC
    LIMIT %(latest)s
) closed
