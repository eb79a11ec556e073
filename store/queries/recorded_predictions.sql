-- first_above --
-- One prediction of each device that was predicted in a stretch of time: the first whose risk reached the threshold,
-- else the one with the greatest risk.
SELECT DISTINCT ON (p.device_id) d.name AS device, d.service_centre, p.failure_mode, p.as_of, p.horizon, p.risk, p.rul,
    p.rul_low, p.rul_high, p.failed_by
FROM predictions p JOIN devices d USING (device_id)
WHERE d.device_model = %(device_model)s AND p.failure_mode = %(failure_mode)s
    AND p.as_of > %(since)s AND p.as_of <= %(until)s
ORDER BY p.device_id, p.risk >= %(threshold)s DESC, CASE WHEN p.risk >= %(threshold)s THEN p.as_of END, p.risk DESC,
    p.prediction_id
LIMIT %(limit)s
