-- raise --
-- A new alarm, or one more occurrence of the uncleared one: the partial unique index decides.
INSERT INTO alarms (device_id, device_model, alarm_type, severity, raised_at, last_at, source, failure_mode, prediction_id,
    message)
VALUES (%(device_id)s, %(device_model)s, %(alarm_type)s, %(severity)s, %(now)s, %(now)s, %(source)s, %(failure_mode)s,
    %(prediction_id)s, %(message)s)
ON CONFLICT (device_id, device_model, alarm_type) WHERE active DO UPDATE
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
WHERE alarm_id = %(alarm_id)s AND active

-- acknowledge --
UPDATE alarms SET acknowledged = true, ack_by = %(who)s, ack_at = %(now)s
WHERE alarm_id = %(alarm_id)s AND NOT acknowledged

-- shelve --
UPDATE alarms SET shelved_until = %(until)s
WHERE alarm_id = %(alarm_id)s AND active AND shelved_until IS DISTINCT FROM %(until)s

-- find_active --
SELECT alarm_id FROM alarms WHERE device_id = %(device_id)s AND alarm_type = %(alarm_type)s AND active

-- active_of_model --
-- Uncleared alarms about a device model itself, by what they are about.
SELECT alarm_type, alarm_id FROM alarms WHERE device_model = %(device_model)s AND active ORDER BY alarm_type

-- get --
SELECT a.alarm_id, a.device_id, d.name AS device, coalesce(a.device_model, d.device_model) AS device_model, a.alarm_type,
    a.severity, a.active, a.acknowledged, a.count, a.raised_at, a.last_at, a.source, a.message, a.failure_mode,
    a.prediction_id, a.shelved_until, a.cleared_at, a.ack_by
FROM alarms a LEFT JOIN devices d USING (device_id) WHERE alarm_id = %(alarm_id)s
