-- start --
-- A run, unless one is under way for this failure mode of the device; it takes the active alarm and the unsettled ticket.
INSERT INTO troubleshooting_runs (device_id, failure_mode, started_at, started_by, prediction_id, alarm_id, ticket_id,
    step, step_since)
SELECT %(device_id)s, %(failure_mode)s, %(now)s, %(who)s, %(prediction_id)s,
    (SELECT alarm_id FROM alarms WHERE device_id = %(device_id)s AND alarm_type = %(alarm_type)s AND active),
    (SELECT ticket_id FROM tickets WHERE device_id = %(device_id)s AND failure_mode = %(failure_mode)s
        AND state IN ('suggested', 'open', 'planned', 'in_progress')),
    %(step)s, %(now)s
ON CONFLICT DO NOTHING
RETURNING run_id

-- starter --
r.started_by

-- starter_of_customer --
begun_by(r.run_id) AS started_by

-- listing --
-- Runs, newest first, with the names of their device and its model.
SELECT r.run_id, d.name AS device, d.device_model, r.failure_mode, r.started_at, {starter}, r.step, r.step_since,
    r.prediction_id, r.alarm_id, r.ticket_id, r.command_id, r.ended_at, r.outcome, r.reason, r.parts, r.tools
FROM troubleshooting_runs r JOIN devices d USING (device_id)
WHERE (%(run_id)s::bigint IS NULL OR r.run_id = %(run_id)s)
  AND (%(device)s::text IS NULL OR d.name = %(device)s)
  AND (%(ticket_id)s::bigint IS NULL OR r.ticket_id = %(ticket_id)s)
  AND (%(alarm_id)s::bigint IS NULL OR r.alarm_id = %(alarm_id)s)
  AND (NOT %(under_way)s OR r.ended_at IS NULL)
  AND (%(after)s::bigint IS NULL OR r.run_id < %(after)s)
ORDER BY r.run_id DESC
LIMIT %(limit)s

-- latest --
-- The newest run of a failure mode of a device, for whoever decides whether a ticket has to open.
SELECT started_at, ended_at, outcome, prediction_id IS NOT NULL
FROM troubleshooting_runs
WHERE device_id = %(device_id)s AND failure_mode = %(failure_mode)s
ORDER BY run_id DESC
LIMIT 1

-- to_do --
-- Runs that have something to do by themselves now: their time has come, or the command that they wait for has ended.
SELECT r.run_id, r.device_id, r.failure_mode
FROM troubleshooting_runs r LEFT JOIN commands c USING (command_id)
WHERE r.ended_at IS NULL AND r.run_id > %(after)s
  AND CASE WHEN r.command_id IS NULL THEN r.wakes_at IS NULL OR r.wakes_at <= %(now)s ELSE c.finished_at IS NOT NULL END
ORDER BY r.run_id
LIMIT %(limit)s

-- place --
-- Whose case a run is.
SELECT device_id, failure_mode FROM troubleshooting_runs WHERE run_id = %(run_id)s

-- lock --
SELECT FROM troubleshooting_runs WHERE run_id = %(run_id)s FOR UPDATE

-- wait --
-- What the run waits for at its step.
UPDATE troubleshooting_runs SET command_id = %(command_id)s, wakes_at = %(wakes_at)s WHERE run_id = %(run_id)s

-- note --
INSERT INTO troubleshooting_trail (run_id, position, at, step, title, answer, who, note, command_id)
SELECT %(run_id)s, coalesce(max(position), 0) + 1, %(at)s, %(step)s, %(title)s, %(answer)s, %(who)s, %(note)s,
    %(command_id)s
FROM troubleshooting_trail WHERE run_id = %(run_id)s

-- go_to --
UPDATE troubleshooting_runs SET step = %(step)s, step_since = %(at)s, command_id = NULL, wakes_at = NULL
WHERE run_id = %(run_id)s

-- end --
UPDATE troubleshooting_runs
SET ended_at = %(at)s, outcome = %(outcome)s, reason = %(reason)s, parts = %(parts)s, tools = %(tools)s, command_id = NULL,
    wakes_at = NULL
WHERE run_id = %(run_id)s AND ended_at IS NULL

-- attach --
-- The run and the commands that it sent belong to the record of this ticket.
WITH run AS (
    UPDATE troubleshooting_runs SET ticket_id = %(ticket_id)s WHERE run_id = %(run_id)s
)
UPDATE commands SET ticket_id = %(ticket_id)s
WHERE ticket_id IS NULL AND command_id IN (SELECT command_id FROM troubleshooting_trail WHERE run_id = %(run_id)s)

-- withdraw --
-- The prediction that began it was taken back.
UPDATE troubleshooting_runs SET ended_at = %(at)s, outcome = 'withdrawn', reason = %(reason)s, command_id = NULL, wakes_at = NULL
WHERE device_id = %(device_id)s AND failure_mode = %(failure_mode)s AND ended_at IS NULL AND prediction_id IS NOT NULL

-- finder --
who

-- finder_of_customer --
found_by(run_id, position) AS who

-- trail --
SELECT position, at, step, title, answer, {finder}, note, command_id
FROM troubleshooting_trail WHERE run_id = %(run_id)s ORDER BY position

-- fixed --
-- Runs that mended a failure mode from afar since an instant.
SELECT d.name, d.device_model, r.failure_mode, r.ended_at
FROM troubleshooting_runs r JOIN devices d USING (device_id)
WHERE r.outcome = 'fixed' AND r.ended_at >= %(since)s
ORDER BY r.ended_at, d.name
