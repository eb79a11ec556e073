-- start_training_run --
INSERT INTO training_runs (device_model, flow_run_id, started_at)
VALUES (%(device_model)s, %(flow_run_id)s, %(at)s)
RETURNING training_run_id

-- finish_training_run --
UPDATE training_runs SET state = %(state)s, message = %(message)s, finished_at = %(at)s
WHERE training_run_id = %(training_run_id)s

-- add_artifact --
-- Content-addressed: the same model trained twice is stored once, and mends what was damaged.
INSERT INTO model_artifacts (artifact_sha256, content) VALUES (%(sha256)s, %(content)s)
ON CONFLICT (artifact_sha256) DO UPDATE SET content = EXCLUDED.content
WHERE model_artifacts.content <> EXCLUDED.content

-- add_version --
INSERT INTO model_versions (training_run_id, device_model, failure_mode, task, status, alarm_threshold, metrics, data_from,
    data_to, row_count, device_count, features, code_version, library_versions, artifact_sha256, created_at, reason,
    comparison, reference, report, silent_channels)
VALUES (%(training_run_id)s, %(device_model)s, %(failure_mode)s, %(task)s, %(status)s, %(alarm_threshold)s, %(metrics)s,
    %(data_from)s, %(data_to)s, %(row_count)s, %(device_count)s, %(features)s, %(code_version)s, %(library_versions)s,
    %(artifact_sha256)s, %(at)s, %(reason)s, %(comparison)s, %(reference)s, %(report)s, %(silent_channels)s)
RETURNING model_version_id

-- id_in_run --
-- A run is of one device model: what it has stored of a failure mode.
SELECT model_version_id FROM model_versions
WHERE training_run_id = %(training_run_id)s AND failure_mode = %(failure_mode)s

-- add_held_out --
INSERT INTO held_out_predictions (model_version_id, content) VALUES (%(model_version_id)s, %(content)s)

-- report --
-- Figures and curves of one version; too large for lists.
SELECT report FROM model_versions WHERE model_version_id = %(model_version_id)s

-- reference --
SELECT reference FROM model_versions WHERE model_version_id = %(model_version_id)s

-- held_out --
SELECT content FROM held_out_predictions WHERE model_version_id = %(model_version_id)s

-- retire_challenger --
-- Only the newest challenger waits; the ones before it are kept as retired.
UPDATE model_versions SET status = 'retired'
WHERE device_model = %(device_model)s AND failure_mode = %(failure_mode)s AND task = %(task)s AND status = 'challenger'

-- champions --
-- The version that scores, per failure mode of one device model.
SELECT model_version_id, failure_mode, artifact_sha256, alarm_threshold, (metrics ->> 'alarm_precision')::float8, data_to,
    silent_channels
FROM model_versions
WHERE device_model = %(device_model)s AND status = 'champion'
ORDER BY failure_mode

-- champion_metrics --
-- What is known of each champion, for people.
SELECT device_model, failure_mode, model_version_id, alarm_threshold, metrics, row_count, device_count, created_at,
    silent_channels
FROM model_versions
WHERE status = 'champion' AND (%(device_model)s::text IS NULL OR device_model = %(device_model)s)
ORDER BY device_model, failure_mode

-- artifact --
SELECT content FROM model_artifacts WHERE artifact_sha256 = %(sha256)s

-- version_rows --
-- Versions with their lineage.
SELECT v.model_version_id, v.device_model, v.failure_mode, v.task, v.status, v.created_at, v.reason, v.comparison,
    v.metrics, v.alarm_threshold, v.data_from, v.data_to, v.row_count, v.device_count, v.features, v.code_version,
    v.library_versions, v.artifact_sha256, v.training_run_id, r.flow_run_id, v.silent_channels
FROM model_versions v
JOIN training_runs r USING (training_run_id)

-- newest_first --
WHERE (%(device_model)s::text IS NULL OR v.device_model = %(device_model)s)
    AND (%(failure_mode)s::text IS NULL OR v.failure_mode = %(failure_mode)s)
    AND (%(status)s::text IS NULL OR v.status = %(status)s)
    AND (%(after)s::bigint IS NULL OR v.model_version_id < %(after)s)
ORDER BY v.model_version_id DESC
LIMIT %(limit)s

-- one_of_them --
WHERE v.model_version_id = %(model_version_id)s
