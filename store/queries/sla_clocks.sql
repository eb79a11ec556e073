-- start --
-- The clocks of a ticket that opens; one that runs already keeps its start.
INSERT INTO sla_clocks (ticket_id, kind, contract_no, started_at, window_length, time_zone, hours, holidays,
    closed_days, pause_reasons, warn_at, due_at)
VALUES (%(ticket_id)s, %(kind)s, %(contract_no)s, %(started_at)s, %(window)s, %(time_zone)s, %(hours)s, %(holidays)s,
    %(closed_days)s::date[], %(pause_reasons)s::text[], %(warn_at)s, %(due_at)s)
ON CONFLICT DO NOTHING

-- clocks --
-- The clocks of a ticket, and what was told of them.
SELECT kind, contract_no, started_at, window_length, time_zone, hours, holidays, closed_days, pause_reasons,
       stopped_at, warned_at, breached_at
FROM sla_clocks WHERE ticket_id = %(ticket_id)s ORDER BY kind DESC

-- pauses --
SELECT reason, began_at, ended_at FROM sla_pauses WHERE ticket_id = %(ticket_id)s ORDER BY began_at, sla_pause_id

-- begin_pause --
-- No row when the ticket is paused already.
INSERT INTO sla_pauses (ticket_id, reason, began_at) VALUES (%(ticket_id)s, %(reason)s, %(now)s)
ON CONFLICT DO NOTHING RETURNING sla_pause_id

-- end_pause --
-- No row when the ticket is not paused.
UPDATE sla_pauses SET ended_at = greatest(%(now)s, began_at) WHERE ticket_id = %(ticket_id)s AND ended_at IS NULL
RETURNING sla_pause_id

-- set_state --
-- Where a clock stands after something happened to it.
UPDATE sla_clocks
SET stopped_at = %(stopped_at)s, paused = %(paused)s, warn_at = %(warn_at)s, due_at = %(due_at)s
WHERE ticket_id = %(ticket_id)s AND kind = %(kind)s

-- tell_again --
UPDATE sla_clocks SET warned_at = NULL, breached_at = NULL WHERE ticket_id = %(ticket_id)s AND kind = %(kind)s

-- note_due --
-- What the ticket says of its clocks, for lists and the feed.
UPDATE tickets t
SET sla_response_due = (SELECT due_at FROM sla_clocks WHERE ticket_id = t.ticket_id AND kind = 'response'),
    sla_repair_due = (SELECT due_at FROM sla_clocks WHERE ticket_id = t.ticket_id AND kind = 'repair')
WHERE ticket_id = %(ticket_id)s

-- reached --
-- Running clocks that reached their warning or their due time and were not told of yet, the earliest first.
SELECT ticket_id FROM sla_clocks
WHERE stopped_at IS NULL AND NOT paused AND breached_at IS NULL AND warn_at <= %(now)s
  AND (warned_at IS NULL OR due_at < %(now)s)
GROUP BY ticket_id ORDER BY min(warn_at) LIMIT %(limit)s

-- note_reached --
-- Told once, whoever asks: what was noted here is what the caller has to tell. A clock that is found breached is not
-- warned of any more.
UPDATE sla_clocks c
SET warned_at = coalesce(warned_at, %(now)s), breached_at = CASE WHEN due_at < %(now)s THEN %(now)s::timestamptz END
WHERE ticket_id = %(ticket_id)s AND stopped_at IS NULL AND NOT paused AND breached_at IS NULL AND warn_at <= %(now)s
  AND (warned_at IS NULL OR due_at < %(now)s)
RETURNING kind, contract_no, due_at, breached_at IS NOT NULL
