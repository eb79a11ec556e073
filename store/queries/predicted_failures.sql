-- predicted_failures --
-- Alarms that predictions hold up, with the newest prediction and the unsettled ticket of each, by one of the two savings.
SELECT a.alarm_id, {saving} AS saving, m.currency, a.severity, a.deferred, a.prediction_id, d.name AS device,
    d.device_model, d.customer, d.site, d.service_centre, a.failure_mode, p.as_of, p.risk,
    (extract(epoch FROM p.horizon) / 3600)::float8 AS horizon_hours, p.as_of + p.rul_low AS fails_from,
    p.as_of + p.rul AS fails_at, p.as_of + p.rul_high AS fails_until, t.ticket_id, t.state, t.priority, t.need_by,
    t.planned_for
FROM alarms a
JOIN devices d USING (device_id)
JOIN device_models m ON m.device_model = d.device_model
JOIN predictions p USING (prediction_id)
LEFT JOIN tickets t ON t.device_id = a.device_id AND t.failure_mode = a.failure_mode
    AND t.state IN ('suggested', 'open', 'planned', 'in_progress')
WHERE {narrowed}
    AND (%(fails_before)s::timestamptz IS NULL OR p.as_of + p.rul_low < %(fails_before)s)
    AND (%(after_saving)s::bigint IS NULL
        OR ({saving}, a.alarm_id) < (%(after_saving)s::bigint, %(after_alarm)s::bigint))
ORDER BY {saving} DESC, a.alarm_id DESC
LIMIT %(limit)s

-- narrowed --
a.active AND a.source = 'prediction'
    AND (%(device_model)s::text IS NULL OR d.device_model = %(device_model)s)
    AND (%(failure_mode)s::text IS NULL OR a.failure_mode = %(failure_mode)s)
    AND (%(customer)s::text IS NULL OR d.customer = %(customer)s)
    AND (%(site)s::text IS NULL OR d.site = %(site)s)
    AND (%(service_centre)s::text IS NULL OR d.service_centre = %(service_centre)s)

-- saving --
coalesce(a.saving, 0)

-- saving_of_customer --
0::bigint

-- at_stake --
-- How many failures are predicted and what visits in time save, by currency.
SELECT m.currency, count(*) AS failures, coalesce(sum(greatest(a.saving, 0)), 0)::bigint AS saving
FROM alarms a JOIN devices d USING (device_id) JOIN device_models m ON m.device_model = d.device_model
WHERE {narrowed}
    AND (%(fails_before)s::timestamptz IS NULL OR EXISTS (
        SELECT FROM predictions p WHERE p.prediction_id = a.prediction_id AND p.as_of + p.rul_low < %(fails_before)s))
GROUP BY m.currency ORDER BY m.currency

-- places --
-- What the list can be filtered by: where predicted failures are.
SELECT DISTINCT at_customer, at_site FROM alarms
WHERE active AND source = 'prediction' AND device_id IS NOT NULL
ORDER BY at_customer, at_site LIMIT %(limit)s

-- risk_curve --
-- Probability of having failed by the end of each equal step of the horizon; null of a version that tells none.
SELECT failed_by FROM predictions WHERE prediction_id = %(prediction_id)s

-- case_of --
-- What a prediction led to: the newest prediction of its device and failure mode, their alarm, and the ticket that is
-- unsettled, else the last one that was opened since.
SELECT
    (SELECT prediction_id FROM predictions WHERE device_id = p.device_id AND failure_mode = p.failure_mode
     ORDER BY as_of DESC, prediction_id DESC LIMIT 1) AS newest_id,
    a.alarm_id, coalesce(a.deferred, false) AS deferred,
    (SELECT ticket_id FROM tickets t WHERE t.device_id = p.device_id AND t.failure_mode = p.failure_mode
        AND (t.state IN ('suggested', 'open', 'planned', 'in_progress') OR t.opened_at >= p.created_at
             OR t.prediction_id = p.prediction_id)
     ORDER BY t.state IN ('suggested', 'open', 'planned', 'in_progress') DESC, t.ticket_id DESC LIMIT 1) AS ticket_id
FROM predictions p
LEFT JOIN alarms a ON a.device_id = p.device_id AND a.failure_mode = p.failure_mode AND a.active AND a.source = 'prediction'
WHERE p.prediction_id = %(prediction_id)s
