-- fleet --
-- Devices of every device model of the catalog, of 500 customers with four sites each, at twelve service centres.
INSERT INTO service_centres (service_centre) SELECT 'centre-' || n FROM generate_series(1, 12) n ON CONFLICT DO NOTHING;
INSERT INTO devices (name, device_model, serial, customer, site, service_centre, installed_at, firmware, last_seen_at,
    heard_at, connectivity, connectivity_at)
SELECT 'dev-' || lpad(n::text, 6, '0'), m.names[1 + n %% array_length(m.names, 1)], 'SN-' || n,
    'Customer ' || lpad((n %% 500)::text, 3, '0'), 'Plant ' || (n / 500) %% 4, 'centre-' || 1 + n %% 12,
    %(now)s - interval '1 day' * (100 + n %% 1000), '2.' || n %% 9, %(now)s, %(now)s,
    CASE WHEN n %% 20 = 0 THEN 'offline' ELSE 'online' END, %(now)s
FROM generate_series(1, %(devices)s) n,
    (SELECT array_agg(device_model ORDER BY device_model) AS names FROM device_models) m

-- model_version --
-- One champion per device model, whose predictions the next query makes.
WITH run AS (
    INSERT INTO training_runs (device_model, started_at, finished_at, state)
    SELECT device_model, %(now)s, %(now)s, 'completed' FROM device_models RETURNING training_run_id, device_model
)
INSERT INTO model_versions (training_run_id, device_model, failure_mode, task, status, alarm_threshold, metrics, data_from,
    data_to, row_count, device_count, features, code_version, library_versions, artifact_sha256, created_at)
SELECT training_run_id, device_model, (%(modes)s::jsonb ->> device_model), 'failure', 'champion', 0.4, '{}', %(now)s, %(now)s, 1, 1, '[]',
    'seed', '{}', 'seed', %(now)s
FROM run

-- predictions --
-- Several per device, the newest as of now, each with the risk curve of an even hazard.
INSERT INTO predictions (device_id, failure_mode, as_of, horizon, risk, rul, rul_low, rul_high, contributions, failed_by,
    model_version_id, created_at, acted_at)
SELECT d.device_id, v.failure_mode, %(now)s - interval '6 hours' * age, interval '14 days', c.risk,
    interval '20 days', interval '10 days', interval '40 days',
    '[{"channel": "temperature", "effect": 0.2, "text": "Temperature 9 K above its own start", "log_odds": 1.1}]', c.failed_by,
    v.model_version_id, %(now)s, %(now)s
FROM generate_series(0, %(per_device)s - 1) age CROSS JOIN devices d JOIN model_versions v USING (device_model)
JOIN (
    SELECT n, n / 1024.0 AS risk, array_agg(1 - power(1 - n / 1024.0, step / 36.0) ORDER BY step)::real[] AS failed_by
    FROM generate_series(0, 1023) n CROSS JOIN generate_series(1, 72) step GROUP BY n
) c ON c.n = hashint8(d.device_id) & 1023
ORDER BY age DESC, d.device_id

-- alarms --
-- Three in a hundred are active, at most one per device and type, and one in twenty of these is shelved; the others were
-- cleared over the last two years. The devices were made in one statement, so that their ids follow one another.
INSERT INTO alarms (device_id, alarm_type, severity, active, acknowledged, ack_by, ack_at, count, raised_at, last_at,
    cleared_at, source, message, shelved_until)
SELECT d.first + (n::bigint * 7919) %% d.count, 'rule:hot-' || n / d.count,
    (ARRAY['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'])[1 + n %% 4], active, n %% 3 = 0,
    CASE WHEN n %% 3 = 0 THEN 'anna' END, CASE WHEN n %% 3 = 0 THEN at END, 1 + n %% 7, at, at,
    CASE WHEN NOT active THEN at + interval '3 hours' END, 'rule', 'Discharge temperature above 95 degC for 10 minutes',
    CASE WHEN n %% 660 = 0 THEN %(now)s::timestamptz + interval '1 day' END
FROM generate_series(1, %(alarms)s) n
CROSS JOIN (SELECT min(device_id) AS first, count(*) AS count FROM devices) d
CROSS JOIN LATERAL (SELECT n %% 33 = 0 AS active,
    %(now)s - interval '2 years' * (1 - n::float8 / %(alarms)s) AS at) a

-- predicted_failures --
-- One device in twenty is going to fail by its newest prediction; a fifth of these visits can wait.
INSERT INTO alarms (device_id, alarm_type, severity, raised_at, last_at, source, failure_mode, prediction_id, message, saving, deferred)
SELECT device_id, 'prediction:' || failure_mode, 'MAJOR', as_of, as_of, 'prediction', failure_mode, prediction_id,
    'Temperature 9 K above its own start', (hashint8(device_id) & 1048575), device_id %% 100 = 0
FROM predictions WHERE as_of = %(now)s AND device_id %% 20 = 0

-- tickets --
-- One in ten is unsettled, and one in eleven the second of its device. As wide as a decision makes them.
INSERT INTO tickets (device_id, failure_mode, state, priority, summary, opened_at, need_by, closure_code, closed_at,
    decision, entitlement, prediction_id)
SELECT v.device_id, v.failure_mode, state, 1 + n %% 5, 'Replace the worn part of ' || v.name, at, at + interval '9 days',
    CASE WHEN state = 'closed' THEN (ARRAY['confirmed', 'worn', 'no_fault_found', 'other'])[1 + n %% 4] END,
    CASE WHEN state IN ('closed', 'cancelled') THEN least(at + interval '5 days', %(now)s) END,
    jsonb_build_object('action', 'act_now', 'lines', '[]'::jsonb, 'padding', repeat('x', 1000)), '{}',
    CASE WHEN n %% 3 > 0 THEN
        (SELECT prediction_id FROM predictions p WHERE p.device_id = v.device_id ORDER BY as_of LIMIT 1) END
FROM (
    SELECT generate_series(n, %(tickets)s, %(tickets)s * 10 / 11 + 1) AS n, device_id, name, failure_mode
    FROM (
        SELECT row_number() OVER (ORDER BY d.device_id) AS n, d.device_id, d.name, m.failure_mode
        FROM devices d JOIN model_versions m USING (device_model) LIMIT %(tickets)s * 10 / 11 + 1
    ) one
) v
CROSS JOIN LATERAL (SELECT %(now)s - interval '1 year' * (1 - v.n::float8 / %(tickets)s) AS at,
    CASE WHEN v.n %% 10 = 0 THEN (ARRAY['suggested', 'open', 'planned', 'in_progress'])[1 + (v.n / 10) %% 4]
         WHEN v.n %% 10 = 1 THEN 'cancelled' ELSE 'closed' END AS state) s

-- ticket_events --
INSERT INTO ticket_events (ticket_id, at, who, what) SELECT ticket_id, opened_at, 'aftercare', 'opened' FROM tickets;
INSERT INTO ticket_events (ticket_id, at, who, what) SELECT ticket_id, closed_at, 'anna', 'started'
    FROM tickets CROSS JOIN LATERAL generate_series(1, CASE WHEN ticket_id %% 8 = 0 THEN 2 ELSE 1 END)
    WHERE closed_at IS NOT NULL;
INSERT INTO ticket_events (ticket_id, at, who, what) SELECT ticket_id, closed_at, 'anna', 'closed' FROM tickets
    WHERE closed_at IS NOT NULL

-- device_events --
INSERT INTO device_events (ts, device_id, kind, code)
SELECT %(now)s - interval '1 hour' * n, device_id, 'error', 'E' || n %% 9 FROM devices CROSS JOIN generate_series(1, 3) n
