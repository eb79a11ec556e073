-- save_feedback --
-- The customer's latest word counts.
INSERT INTO ticket_feedback (ticket_id, satisfaction, comment, who, at)
VALUES (%(ticket_id)s, %(satisfaction)s, %(comment)s, %(who)s, %(at)s)
ON CONFLICT (ticket_id) DO UPDATE SET satisfaction = EXCLUDED.satisfaction, comment = EXCLUDED.comment,
    who = EXCLUDED.who, at = EXCLUDED.at

-- follow_up --
-- What came after a closed ticket: the opinion, how often somebody began work for it, and whether the same failure mode
-- of the device has asked for a visit again since.
SELECT t.closed_at, f.satisfaction, f.comment, f.at AS told_at,
       (SELECT count(*) FROM ticket_events e WHERE e.ticket_id = t.ticket_id AND e.what = 'started') AS visits,
       (SELECT min(n.opened_at) FROM tickets n
        WHERE n.device_id = t.device_id AND n.failure_mode = t.failure_mode AND n.ticket_id > t.ticket_id
          AND n.state <> 'cancelled') AS next_at
FROM tickets t LEFT JOIN ticket_feedback f USING (ticket_id)
WHERE t.ticket_id = %(ticket_id)s AND t.state = 'closed'
