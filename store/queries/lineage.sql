-- lineage --
-- From a ticket back to the training run of the model whose prediction opened it.
SELECT t.ticket_id, t.state, t.failure_mode, t.opened_at, t.closure_code, d.device_id, d.name AS device, d.device_model,
       a.alarm_id, a.alarm_type, a.raised_at, a.cleared_at,
       p.prediction_id, p.as_of, p.risk, extract(epoch FROM p.rul)::float8 / 3600 AS rul_hours, p.created_at AS predicted_at,
       v.model_version_id, v.status AS model_status, v.created_at AS model_created_at, v.code_version, v.artifact_sha256,
       v.data_from, v.data_to, v.row_count, v.device_count,
       r.training_run_id, r.flow_run_id, r.started_at AS training_started_at, r.finished_at AS training_finished_at
FROM tickets t
JOIN devices d USING (device_id)
LEFT JOIN alarms a USING (alarm_id)
LEFT JOIN predictions p ON p.prediction_id = t.prediction_id
LEFT JOIN model_versions v USING (model_version_id)
LEFT JOIN training_runs r USING (training_run_id)
WHERE t.ticket_id = %(ticket_id)s

-- readings --
-- What a stretch of a device's readings holds: how many, from when to when, and the first and the last row.
SELECT count(*), min(ts), max(ts) FROM {table}
WHERE device_id = %(device_id)s AND ts > %(since)s AND ts <= %(until)s

-- reading --
SELECT to_jsonb(r) - 'device_id' FROM {table} r WHERE device_id = %(device_id)s AND ts = %(ts)s
