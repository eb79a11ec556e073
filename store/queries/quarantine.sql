-- usage --
-- What the strangers among these senders hold, and all strangers together.
SELECT s.sender, coalesce(q.bytes, 0), (SELECT coalesce(sum(bytes), 0)::bigint FROM quarantine)
FROM unnest(%(senders)s::text[]) AS s (sender)
LEFT JOIN quarantine q USING (sender)
WHERE NOT EXISTS (SELECT FROM devices d WHERE d.name = s.sender)

-- note --
-- A name of which nothing is kept gets no row of its own: there may be millions of them.
INSERT INTO quarantine AS q (sender, messages, bytes, dropped, first_at, last_at)
VALUES (CASE WHEN %(messages)s > 0 OR EXISTS (SELECT FROM quarantine k WHERE k.sender = %(sender)s) THEN %(sender)s
             ELSE '' END,
        %(messages)s, %(bytes)s, %(dropped)s, %(first_at)s, %(last_at)s)
ON CONFLICT (sender) DO UPDATE
SET messages = q.messages + EXCLUDED.messages, bytes = q.bytes + EXCLUDED.bytes,
    dropped = q.dropped + EXCLUDED.dropped, last_at = greatest(q.last_at, EXCLUDED.last_at)

-- list --
SELECT sender, messages, bytes, dropped, first_at, last_at FROM quarantine ORDER BY last_at DESC, sender

-- release --
DELETE FROM quarantine WHERE sender = ANY(%(senders)s)

-- discard --
-- Only what waits: what was stored after all is history.
DELETE FROM rejected_messages WHERE sender = %(sender)s AND replayed_at IS NULL
