-- lock --
-- One change of champion at a time per device model, failure mode and task; held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('/', 'champion', %(device_model)s::text, %(failure_mode)s::text,
    %(task)s::text), 0))

-- place --
-- What a version is for, and how it stands.
SELECT device_model, failure_mode, task, status FROM model_versions WHERE model_version_id = %(model_version_id)s

-- current --
-- The championship that lasts.
SELECT c.championship_id, c.model_version_id, c.after
FROM championships c
JOIN model_versions v USING (model_version_id)
WHERE v.device_model = %(device_model)s AND v.failure_mode = %(failure_mode)s AND v.task = %(task)s
ORDER BY c.championship_id DESC
LIMIT 1

-- get --
SELECT championship_id, model_version_id, after FROM championships WHERE championship_id = %(championship_id)s

-- retire --
-- Makes room for another champion.
UPDATE model_versions SET status = 'retired', reason = %(reason)s
WHERE device_model = %(device_model)s AND failure_mode = %(failure_mode)s AND task = %(task)s AND status = 'champion'

-- crown --
UPDATE model_versions SET status = 'champion', reason = %(reason)s WHERE model_version_id = %(model_version_id)s

-- begin --
INSERT INTO championships (model_version_id, after, began_at, who, reason)
VALUES (%(model_version_id)s, %(after)s, %(at)s, %(who)s, %(reason)s)

-- of_version --
-- When and why a version began to score.
SELECT began_at, who, reason, after IS NOT NULL AS follows FROM championships WHERE model_version_id = %(model_version_id)s ORDER BY championship_id
