-- first_above --
-- One prediction of each device that was predicted in a stretch of time: the first whose risk reached the threshold,
-- else the one with the greatest risk. In seconds. Of the first kind the risk curve in the
-- binary form of an array; it is looked up last, so that only numbers are sorted.
WITH chosen AS MATERIALIZED (
    SELECT DISTINCT ON (p.device_id) p.prediction_id
    FROM predictions p JOIN devices d USING (device_id)
    WHERE d.device_model = %(device_model)s AND p.failure_mode = %(failure_mode)s
        AND p.as_of > %(since)s AND p.as_of <= %(until)s
    ORDER BY p.device_id, p.risk >= %(threshold)s DESC, CASE WHEN p.risk >= %(threshold)s THEN p.as_of END, p.risk DESC,
        p.prediction_id
    LIMIT %(limit)s
)
SELECT p.horizon, CASE WHEN p.risk >= %(threshold)s THEN array_send(p.failed_by) END AS failed_by, d.service_centre,
    p.device_id, extract(epoch FROM p.as_of)::float8 AS as_of, p.risk, extract(epoch FROM p.rul_low)::float8 AS rul_low,
    extract(epoch FROM p.rul)::float8 AS rul, extract(epoch FROM p.rul_high)::float8 AS rul_high
FROM chosen JOIN predictions p USING (prediction_id) JOIN devices d USING (device_id)
ORDER BY p.device_id
