-- raise --
-- A new alarm, or one more occurrence of the uncleared one: the partial unique index decides.
INSERT INTO alarms (device_id, alarm_type, severity, raised_at, last_at, source, failure_mode, prediction_id, message)
VALUES (%(device_id)s, %(alarm_type)s, %(severity)s, %(now)s, %(now)s, %(source)s, %(failure_mode)s, %(prediction_id)s,
        %(message)s)
ON CONFLICT (device_id, alarm_type) WHERE active DO UPDATE
SET count = alarms.count + 1,
    last_at = greatest(alarms.last_at, EXCLUDED.last_at),
    message = EXCLUDED.message,
    prediction_id = coalesce(EXCLUDED.prediction_id, alarms.prediction_id)
RETURNING alarm_id, count, severity

-- escalate --
-- The row is locked by `raise`. Someone has to look again, so the acknowledgement goes.
UPDATE alarms SET severity = %(severity)s, acknowledged = false, ack_by = NULL, ack_at = NULL
WHERE alarm_id = %(alarm_id)s

-- clear --
UPDATE alarms SET active = false, cleared_at = %(now)s
WHERE alarm_id = %(alarm_id)s AND active RETURNING device_id

-- acknowledge --
UPDATE alarms SET acknowledged = true, ack_by = %(who)s, ack_at = %(now)s
WHERE alarm_id = %(alarm_id)s AND NOT acknowledged RETURNING device_id

-- shelve --
UPDATE alarms SET shelved_until = %(until)s
WHERE alarm_id = %(alarm_id)s AND active AND shelved_until IS DISTINCT FROM %(until)s RETURNING device_id

-- find_active --
SELECT alarm_id FROM alarms WHERE device_id = %(device_id)s AND alarm_type = %(alarm_type)s AND active

-- get --
SELECT alarm_id, devices.name AS device, alarm_type, severity, active, acknowledged, count, raised_at, last_at, source,
       message, failure_mode, prediction_id, shelved_until, cleared_at, ack_by
FROM alarms JOIN devices USING (device_id) WHERE alarm_id = %(alarm_id)s
