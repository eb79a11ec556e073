-- raise --
-- A new alarm, or one more occurrence of the uncleared one: the partial unique index decides.
INSERT INTO alarms (device_id, device_model, customer, site, alarm_type, severity, raised_at, last_at, source, failure_mode,
    prediction_id, message, count, saving, deferred)
VALUES (%(device_id)s, %(device_model)s, %(customer)s, %(site)s, %(alarm_type)s, %(severity)s, %(now)s, %(now)s, %(source)s,
    %(failure_mode)s, %(prediction_id)s, %(message)s, %(times)s, %(saving)s, %(deferred)s)
ON CONFLICT (device_id, device_model, customer, site, alarm_type) WHERE active DO UPDATE
SET count = alarms.count + EXCLUDED.count,
    last_at = greatest(alarms.last_at, EXCLUDED.last_at),
    message = EXCLUDED.message,
    prediction_id = coalesce(EXCLUDED.prediction_id, alarms.prediction_id),
    saving = coalesce(EXCLUDED.saving, alarms.saving)
RETURNING alarm_id, xmax = 0 AS new, severity

-- escalate --
-- The row is locked by `raise`. Someone has to look again, so the acknowledgement goes.
UPDATE alarms SET severity = %(severity)s, acknowledged = false, ack_by = NULL, ack_at = NULL, reminders = 0,
    reminded_at = %(now)s
WHERE alarm_id = %(alarm_id)s

-- lock --
SELECT FROM alarms WHERE alarm_id = %(alarm_id)s FOR NO KEY UPDATE

-- clear --
UPDATE alarms SET active = false, cleared_at = %(now)s, deferred = false
WHERE alarm_id = %(alarm_id)s AND active

-- acknowledge --
UPDATE alarms SET acknowledged = true, ack_by = %(who)s, ack_at = %(now)s
WHERE alarm_id = %(alarm_id)s AND NOT acknowledged

-- shelve --
UPDATE alarms SET shelved_until = %(until)s
WHERE alarm_id = %(alarm_id)s AND active AND shelved_until IS DISTINCT FROM %(until)s

-- wake --
-- Those whose time out of sight is over; one process tells of each.
UPDATE alarms SET shelved_until = NULL
WHERE alarm_id IN (SELECT alarm_id FROM alarms WHERE active AND shelved_until <= %(now)s
                   ORDER BY alarm_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING alarm_id

-- unshelve --
UPDATE alarms SET shelved_until = NULL WHERE alarm_id = %(alarm_id)s AND active AND shelved_until IS NOT NULL

-- remind --
-- Unseen for so long, and then for twice and four times as long: the pause doubles, and there is an end to it.
UPDATE alarms SET reminders = reminders + 1, reminded_at = %(now)s
WHERE alarm_id IN (
    SELECT alarm_id FROM alarms
    WHERE active AND NOT acknowledged AND shelved_until IS NULL AND NOT deferred AND severity <> 'WARNING'
        AND reminders < %(most)s
        AND coalesce(reminded_at, raised_at) <= %(now)s - %(after)s::interval * 2 ^ reminders
    ORDER BY alarm_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING alarm_id

-- assign --
UPDATE alarms SET assigned_to = %(assigned_to)s
WHERE alarm_id = %(alarm_id)s AND assigned_to IS DISTINCT FROM %(assigned_to)s

-- defer --
UPDATE alarms SET deferred = %(deferred)s
WHERE alarm_id = %(alarm_id)s AND active AND deferred <> %(deferred)s

-- comment --
-- Locks the alarm, so that its changes keep their order.
WITH met AS (SELECT alarm_id FROM alarms WHERE alarm_id = %(alarm_id)s FOR NO KEY UPDATE)
INSERT INTO alarm_comments (alarm_id, at, who, comment) SELECT alarm_id, %(now)s, %(who)s, %(comment)s FROM met

-- retired --
-- Uncleared alarms of rules that the catalog of their device model has no longer.
SELECT a.alarm_id FROM alarms a JOIN devices d USING (device_id)
WHERE a.active AND a.source = 'rule' AND d.device_model = %(device_model)s AND a.alarm_type <> ALL (%(alarm_types)s)
ORDER BY a.alarm_id

-- find_active --
SELECT alarm_id FROM alarms WHERE device_id = %(device_id)s AND alarm_type = %(alarm_type)s AND active

-- active_of_model --
-- Uncleared alarms about a device model itself, by what they are about.
SELECT alarm_type, alarm_id FROM alarms WHERE device_model = %(device_model)s AND active ORDER BY alarm_type

-- get --
SELECT a.alarm_id, a.device_id, d.name AS device, coalesce(a.device_model, d.device_model, '') AS device_model, a.alarm_type,
    a.severity, a.active, a.acknowledged, a.count, a.raised_at, a.last_at, a.source, a.message, a.failure_mode,
    a.prediction_id, a.shelved_until, a.cleared_at, a.ack_by, coalesce(a.customer, d.customer, '') AS customer,
    coalesce(a.site, d.site, '') AS site, a.assigned_to, a.deferred
FROM alarms a LEFT JOIN devices d USING (device_id) WHERE alarm_id = %(alarm_id)s
