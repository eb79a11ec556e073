-- first_above --
-- One prediction of each device that was predicted in a stretch of time: the first whose risk reached the threshold,
-- else the one with the greatest risk; in seconds, as columns of those with one horizon and one length of risk curve. Only
-- the first kind has its curve, in the binary form of an array, looked up last, so that none is sorted.
WITH chosen AS MATERIALIZED (
    SELECT DISTINCT ON (p.device_id) p.prediction_id, d.service_centre
    FROM predictions p JOIN devices d USING (device_id)
    WHERE d.device_model = %(device_model)s AND p.failure_mode = %(failure_mode)s
        AND p.as_of > %(since)s AND p.as_of <= %(until)s
    ORDER BY p.device_id, p.risk >= %(threshold)s DESC, CASE WHEN p.risk >= %(threshold)s THEN p.as_of END, p.risk DESC,
        p.prediction_id
    LIMIT %(limit)s
)
SELECT p.horizon, coalesce(cardinality(c.curve), 0) AS steps, array_agg(p.device_id) AS devices,
    array_agg(chosen.service_centre) AS centres, array_agg(extract(epoch FROM p.as_of)::float8) AS as_of,
    array_agg(p.risk) AS risk, array_agg(extract(epoch FROM p.rul_low)::float8) AS rul_low,
    array_agg(extract(epoch FROM p.rul)::float8) AS rul, array_agg(extract(epoch FROM p.rul_high)::float8) AS rul_high,
    string_agg(array_send(c.curve), '') AS curves
FROM chosen JOIN predictions p USING (prediction_id)
CROSS JOIN LATERAL (SELECT CASE WHEN p.risk >= %(threshold)s THEN p.failed_by END AS curve) c
GROUP BY p.horizon, steps
