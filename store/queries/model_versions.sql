-- start_training_run --
INSERT INTO training_runs (device_model, flow_run_id, started_at)
VALUES (%(device_model)s, %(flow_run_id)s, %(at)s)
RETURNING training_run_id

-- finish_training_run --
UPDATE training_runs SET state = %(state)s, message = %(message)s, finished_at = %(at)s
WHERE training_run_id = %(training_run_id)s

-- add_artifact --
-- Content-addressed: the same model trained twice is stored once.
INSERT INTO model_artifacts (artifact_sha256, content) VALUES (%(sha256)s, %(content)s)
ON CONFLICT DO NOTHING

-- add_version --
INSERT INTO model_versions (training_run_id, device_model, failure_mode, task, status, alarm_threshold, metrics, data_from,
    data_to, row_count, device_count, features, code_version, library_versions, artifact_sha256, created_at)
VALUES (%(training_run_id)s, %(device_model)s, %(failure_mode)s, %(task)s, %(status)s, %(alarm_threshold)s, %(metrics)s,
    %(data_from)s, %(data_to)s, %(row_count)s, %(device_count)s, %(features)s, %(code_version)s, %(library_versions)s,
    %(artifact_sha256)s, %(at)s)
RETURNING model_version_id

-- lock_champion --
-- Of two trainings that end at once, the later one has to see the champion that the earlier one made.
SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('/', 'champion', %(device_model)s::text, %(failure_mode)s::text,
    %(task)s::text), 0))

-- retire_champion --
-- Makes room for a new champion of the same device model and failure mode.
UPDATE model_versions SET status = 'retired'
WHERE device_model = %(device_model)s AND failure_mode = %(failure_mode)s AND task = %(task)s AND status = 'champion'

-- champions --
-- The version that scores, per failure mode of one device model.
SELECT model_version_id, failure_mode, artifact_sha256, alarm_threshold, (metrics ->> 'alarm_precision')::float8
FROM model_versions
WHERE device_model = %(device_model)s AND status = 'champion'
ORDER BY failure_mode

-- champion_metrics --
-- What is known of each champion, for people.
SELECT device_model, failure_mode, model_version_id, alarm_threshold, metrics, row_count, device_count, created_at
FROM model_versions
WHERE status = 'champion' AND (%(device_model)s::text IS NULL OR device_model = %(device_model)s)
ORDER BY device_model, failure_mode

-- artifact --
SELECT content FROM model_artifacts WHERE artifact_sha256 = %(sha256)s
