-- raise --
-- New alarms, or more occurrences of the uncleared ones, in the order in which they come: the partial unique index decides.
INSERT INTO alarms (raised_at, last_at, device_id, device_model, customer, site, alarm_type, severity, source, failure_mode,
    prediction_id, message, count, saving, deferred)
SELECT %(now)s, %(now)s, device_id, device_model, site ->> 0, site ->> 1, alarm_type, severity, source, failure_mode,
    prediction_id, message, times, saving, deferred
FROM jsonb_to_recordset(%(occurrences)s) AS o (device_id bigint, device_model text, site jsonb, alarm_type text, severity text,
    source text, failure_mode text, prediction_id bigint, message text, times bigint, saving bigint, deferred boolean)
ON CONFLICT (device_id, device_model, customer, site, alarm_type) WHERE active DO UPDATE
SET count = alarms.count + EXCLUDED.count,
    last_at = greatest(alarms.last_at, EXCLUDED.last_at),
    message = EXCLUDED.message,
    prediction_id = coalesce(EXCLUDED.prediction_id, alarms.prediction_id),
    saving = coalesce(EXCLUDED.saving, alarms.saving)
RETURNING *

-- escalate --
-- The row is locked by `raise`. Someone has to look again, so the acknowledgement goes.
UPDATE alarms SET severity = %(severity)s, acknowledged = false, ack_by = NULL, ack_at = NULL, reminders = 0,
    reminded_at = %(now)s
WHERE alarm_id = %(alarm_id)s
RETURNING *

-- lock --
SELECT FROM alarms WHERE alarm_id = %(alarm_id)s FOR NO KEY UPDATE

-- clear --
UPDATE alarms SET active = false, cleared_at = %(now)s, deferred = false
WHERE alarm_id = %(alarm_id)s AND active
RETURNING *

-- clear_types --
-- The uncleared alarms of these devices and types, as far as there are any.
UPDATE alarms SET active = false, cleared_at = %(now)s, deferred = false
WHERE active AND alarm_id IN (
    SELECT a.alarm_id
    FROM alarms a JOIN unnest(%(device_ids)s::bigint[], %(alarm_types)s::text[]) AS ended (device_id, alarm_type)
        USING (device_id, alarm_type)
    WHERE a.active ORDER BY device_id, alarm_type FOR NO KEY UPDATE OF a)
RETURNING *

-- clear_of_model --
-- Those about a device model itself.
UPDATE alarms SET active = false, cleared_at = %(now)s, deferred = false
WHERE device_model = %(device_model)s AND alarm_type = ANY (%(alarm_types)s) AND active
RETURNING *

-- clear_retired --
-- Uncleared alarms of rules that the catalog of their device model has no longer.
UPDATE alarms SET active = false, cleared_at = %(now)s, deferred = false
WHERE active AND alarm_id IN (
    SELECT a.alarm_id FROM alarms a JOIN devices d USING (device_id)
    WHERE d.device_model = %(device_model)s AND a.active AND a.source = 'rule' AND a.alarm_type <> ALL (%(alarm_types)s)
    ORDER BY a.device_id, a.alarm_type FOR NO KEY UPDATE OF a)
RETURNING *

-- acknowledge --
UPDATE alarms SET acknowledged = true, ack_by = %(who)s, ack_at = %(now)s
WHERE alarm_id = %(alarm_id)s AND NOT acknowledged
RETURNING *

-- shelve --
UPDATE alarms SET shelved_until = %(until)s
WHERE alarm_id = %(alarm_id)s AND active AND shelved_until IS DISTINCT FROM %(until)s
RETURNING *

-- wake --
-- Those whose time out of sight is over; one process tells of each.
UPDATE alarms SET shelved_until = NULL
WHERE alarm_id IN (SELECT alarm_id FROM alarms WHERE active AND shelved_until <= %(now)s
                   ORDER BY alarm_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING *

-- unshelve --
UPDATE alarms SET shelved_until = NULL WHERE alarm_id = %(alarm_id)s AND active AND shelved_until IS NOT NULL
RETURNING *

-- remind --
-- Unseen for so long, and then for twice and four times as long: the pause doubles, and there is an end to it.
UPDATE alarms SET reminders = reminders + 1, reminded_at = %(now)s
WHERE alarm_id IN (
    SELECT alarm_id FROM alarms
    WHERE active AND NOT acknowledged AND shelved_until IS NULL AND NOT deferred AND severity <> 'WARNING'
        AND reminders < %(most)s
        AND coalesce(reminded_at, raised_at) <= %(now)s - %(after)s::interval * 2 ^ reminders
    ORDER BY alarm_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING *

-- assign --
UPDATE alarms SET assigned_to = %(assigned_to)s
WHERE alarm_id = %(alarm_id)s AND assigned_to IS DISTINCT FROM %(assigned_to)s
RETURNING *

-- defer --
UPDATE alarms SET deferred = %(deferred)s
WHERE alarm_id = %(alarm_id)s AND active AND deferred <> %(deferred)s
RETURNING *

-- comment --
-- Locks the alarm, so that its changes keep their order.
WITH met AS (SELECT alarm_id FROM alarms WHERE alarm_id = %(alarm_id)s FOR NO KEY UPDATE)
INSERT INTO alarm_comments (alarm_id, at, who, comment) SELECT alarm_id, %(now)s, %(who)s, %(comment)s FROM met

-- types_of_model --
-- What the uncleared alarms about a device model itself are about.
SELECT alarm_type FROM alarms WHERE device_model = %(device_model)s AND active ORDER BY alarm_type

-- get --
SELECT * FROM alarms WHERE alarm_id = %(alarm_id)s

-- as_alarms --
-- Follows the rows that one of the queries above has changed, as `changed`.
SELECT a.alarm_id, a.device_id, d.name AS device, coalesce(a.device_model, d.device_model, '') AS device_model, a.alarm_type,
    a.severity, a.active, a.acknowledged, a.count, a.raised_at, a.last_at, a.source, a.message, a.failure_mode,
    a.prediction_id, a.shelved_until, a.cleared_at, a.ack_by, coalesce(a.customer, d.customer, '') AS customer,
    coalesce(a.site, d.site, '') AS site, a.assigned_to, a.deferred
FROM changed a LEFT JOIN devices d USING (device_id) ORDER BY a.alarm_id
