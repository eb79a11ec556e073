-- events --
-- What a device told of itself, or was told of it, in a range; newest first.
SELECT ts, kind, code, component, detail FROM device_events
WHERE device_id = %(device_id)s AND ts >= %(since)s AND ts < %(until)s AND kind = ANY (%(kinds)s)
ORDER BY ts DESC LIMIT %(limit)s

-- visits --
-- Visits that touch a range, with a ticket each is for; newest first.
SELECT v.visit_id, v.kind, v.state, lower(v.during) AS begins, upper(v.during) AS ends,
    (SELECT min(t.ticket_id) FROM tickets t WHERE t.visit_id = v.visit_id) AS ticket_id
FROM visits v
WHERE v.device_id = %(device_id)s AND v.state <> 'cancelled' AND v.during && tstzrange(%(since)s, %(until)s)
ORDER BY lower(v.during) DESC LIMIT %(limit)s

-- alarms --
-- Alarms that were active in a range, newest first.
SELECT alarm_id, severity, message, raised_at, cleared_at FROM alarms
WHERE device_id = %(device_id)s AND raised_at < %(until)s AND (cleared_at IS NULL OR cleared_at >= %(since)s)
ORDER BY alarm_id DESC LIMIT %(limit)s

-- connectivity --
-- When a device came and went, newest first.
SELECT at, state, told_by FROM connectivity_changes
WHERE device_id = %(device_id)s ORDER BY connectivity_change_id DESC LIMIT %(limit)s
