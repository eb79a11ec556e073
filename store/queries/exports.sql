-- predictions --
-- Every prediction since an instant, in the order in which they were made.
SELECT p.prediction_id, d.name AS device, d.device_model, p.failure_mode, p.as_of,
    (extract(epoch FROM p.horizon) / 3600)::float8 AS horizon_hours, p.risk,
    (extract(epoch FROM p.rul) / 3600)::float8 AS rul_hours,
    (extract(epoch FROM p.rul_low) / 3600)::float8 AS rul_low_hours,
    (extract(epoch FROM p.rul_high) / 3600)::float8 AS rul_high_hours,
    v.alarm_threshold, p.model_version_id AS model_version, p.created_at, p.contributions::text AS contributions
FROM predictions p
JOIN devices d USING (device_id)
JOIN model_versions v USING (model_version_id)
WHERE (%(since)s::timestamptz IS NULL OR p.as_of >= %(since)s)
    AND (%(device_model)s::text IS NULL OR d.device_model = %(device_model)s)
ORDER BY p.prediction_id
