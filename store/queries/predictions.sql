-- record --
-- One row per device, mode, instant and model version; the same prediction again is the same row.
INSERT INTO predictions (device_id, failure_mode, as_of, horizon, risk, rul, rul_low, rul_high, contributions,
    failed_by, model_version_id, created_at)
SELECT d.device_id, %(failure_mode)s, p.as_of, %(horizon)s, p.risk, p.rul, p.rul_low, p.rul_high, p.contributions::jsonb,
    p.failed_by::real[], %(model_version_id)s, %(at)s
FROM unnest(%(devices)s::text[], %(as_of)s::timestamptz[], %(risk)s::float8[], %(rul)s::interval[], %(rul_low)s::interval[],
    %(rul_high)s::interval[], %(contributions)s::text[], %(failed_by)s::text[])
    AS p (device, as_of, risk, rul, rul_low, rul_high, contributions, failed_by)
JOIN devices d ON d.name = p.device
ON CONFLICT (device_id, failure_mode, as_of, model_version_id) DO NOTHING

-- waiting --
-- Predictions that alarms and tickets were not yet brought in line with: the newest per device and mode, page by page.
SELECT DISTINCT ON (p.device_id, p.failure_mode)
    p.prediction_id, p.device_id, d.name, p.failure_mode, p.as_of, p.horizon, p.risk, p.rul, p.rul_low, p.rul_high,
    p.contributions, p.failed_by, v.alarm_threshold, (v.metrics ->> 'alarm_precision')::float8
FROM predictions p
JOIN devices d USING (device_id)
JOIN model_versions v USING (model_version_id)
WHERE p.acted_at IS NULL AND d.device_model = %(device_model)s
  AND (p.device_id, p.failure_mode) > (%(after_device)s, %(after_mode)s)
ORDER BY p.device_id, p.failure_mode, p.as_of DESC, p.prediction_id DESC
LIMIT %(limit)s

-- recorded --
-- One prediction, with what its model version says of alarms.
SELECT p.prediction_id, p.device_id, d.name, p.failure_mode, p.as_of, p.horizon, p.risk, p.rul, p.rul_low, p.rul_high,
    p.contributions, p.failed_by, v.alarm_threshold, (v.metrics ->> 'alarm_precision')::float8
FROM predictions p
JOIN devices d USING (device_id)
JOIN model_versions v USING (model_version_id)
WHERE p.prediction_id = %(prediction_id)s

-- mark_acted --
-- This prediction and the older ones that it supersedes.
UPDATE predictions SET acted_at = %(at)s
WHERE device_id = %(device_id)s AND failure_mode = %(failure_mode)s AND as_of <= %(as_of)s AND acted_at IS NULL

-- times_retracted --
-- How often an alarm was cleared since an instant that was raised about the component that is built in now.
SELECT count(*) FROM alarms a
WHERE a.device_id = %(device_id)s AND a.alarm_type = %(alarm_type)s AND a.cleared_at > %(since)s AND NOT EXISTS (
    SELECT FROM components c WHERE c.device_id = a.device_id AND c.component = %(component)s AND c.removed_at IS NULL
      AND c.installed_at >= a.raised_at)

-- count_below --
-- Of so many predictions before an instant, the newest, those whose risk is below a level.
SELECT count(*) FROM (
    SELECT risk FROM predictions
    WHERE device_id = %(device_id)s AND failure_mode = %(failure_mode)s AND as_of < %(as_of)s
    ORDER BY as_of DESC LIMIT %(times)s
) before WHERE risk < %(level)s

-- try_lock_cases --
-- The cases that nobody decides about now, which are locked as by `lock_case`; the others are not waited for.
SELECT q.prediction_id FROM unnest(%(prediction_ids)s::bigint[], %(device_ids)s::bigint[], %(failure_modes)s::text[])
    AS q (prediction_id, device_id, failure_mode)
WHERE pg_try_advisory_xact_lock(hashtextextended(q.device_id || '/' || q.failure_mode, 0))

-- mark_uneventful --
-- Of predictions that raise nothing, under the locks of their cases: those that have no alarm to clear and no ticket to
-- withdraw are acted on by noting so, with the older ones that they supersede.
UPDATE predictions p SET acted_at = %(at)s
FROM predictions q
WHERE q.prediction_id = ANY(%(prediction_ids)s::bigint[])
  AND p.device_id = q.device_id AND p.failure_mode = q.failure_mode AND p.as_of <= q.as_of AND p.acted_at IS NULL
  AND NOT EXISTS (
      SELECT FROM alarms a
      WHERE a.device_id = q.device_id AND a.alarm_type = 'predicted:' || q.failure_mode AND a.active
  )
  AND NOT EXISTS (
      SELECT FROM tickets t
      WHERE t.device_id = q.device_id AND t.failure_mode = q.failure_mode
        AND t.state IN ('suggested', 'open', 'planned', 'in_progress')
  )
RETURNING q.prediction_id

-- devices_to_score --
-- Devices that sent something since an instant, by name.
SELECT name FROM devices
WHERE device_model = %(device_model)s AND last_seen_at >= %(since)s
ORDER BY name

-- latest_readings --
-- When each of the named devices last sent a reading before an instant; those that never did are absent.
SELECT d.name, latest.ts
FROM devices d
CROSS JOIN LATERAL (
    SELECT r.ts FROM {table} r WHERE r.device_id = d.device_id AND r.ts < %(until)s ORDER BY r.ts DESC LIMIT 1
) latest
WHERE d.name = ANY(%(devices)s::text[])
ORDER BY d.name

-- copy_scoring_rows --
-- What the features of each device's latest reading depend on: the longest window before it, and the beginning of each
-- present life, which is the first `baseline` after its start; where such beginnings overlap, rows come repeatedly.
-- Fixed-width rows without NULL, to be read as one array. OFFSET 0 has each device looked up by the index: a join over
-- the readings of the whole fleet looks cheaper to the planner the longer the list of devices is.
COPY (
    WITH recent AS MATERIALIZED (
        SELECT d.device_id, latest.ts - %(window)s AS since
        FROM devices d
        CROSS JOIN LATERAL (
            SELECT r.ts FROM {table} r
            WHERE r.device_id = d.device_id AND r.ts < %(until)s ORDER BY r.ts DESC LIMIT 1
        ) latest
        WHERE d.name = ANY(%(devices)s::text[])
    ), lives AS MATERIALIZED (
        SELECT DISTINCT recent.device_id, first.ts, least(first.ts + %(baseline)s, recent.since) AS until
        FROM unnest(%(devices)s::text[], %(starts)s::timestamptz[]) AS s (name, start)
        JOIN devices d USING (name)
        JOIN recent USING (device_id)
        CROSS JOIN LATERAL (
            SELECT r.ts FROM {table} r WHERE r.device_id = d.device_id AND r.ts > s.start ORDER BY r.ts LIMIT 1
        ) first
    )
    SELECT r.* FROM recent CROSS JOIN LATERAL (
        SELECT device_id, ts, {values} FROM {table} r
        WHERE r.device_id = recent.device_id AND r.ts > recent.since AND r.ts < %(until)s
        OFFSET 0
    ) r
    UNION ALL
    SELECT r.* FROM lives CROSS JOIN LATERAL (
        SELECT device_id, ts, {values} FROM {table} r
        WHERE r.device_id = lives.device_id AND r.ts BETWEEN lives.ts AND lives.until
        OFFSET 0
    ) r
) TO STDOUT (FORMAT binary)
